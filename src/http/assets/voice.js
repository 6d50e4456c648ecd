// The page of one memo: takes the key from the fragment, opens the memo here, and plays it.

import { fetchBody } from "./api.js";
import { element } from "./dom.js";
import { Player } from "./player.js";
import { kindOf, obstacle, problemOf, problemSection } from "./problems.js";
import { fragmentOf } from "./secret.js";
import { fullDate, stamp } from "./text.js";
import { say } from "./ui.js";
import { openMemo, parseSecret } from "./voice-memo.js";

const player = new Player({ say });
let attempt = null;

function showProblem(kind, retryAfter = 0) {
  const { what, why } = problemOf(kind);
  document.body.dataset.state = "problem";
  document.body.dataset.problem = kind;
  document.title = `${what} – voice memo`;
  element("memo").replaceChildren(problemSection(kind, { retryAfter, again: open }));
  say(`${what}. ${why}`);
}

function showOpening() {
  document.body.dataset.state = "opening";
  delete document.body.dataset.problem;
  document.title = "Voice memo";
  element("recorded").textContent = "Encrypted, for you alone";
  player.wait();
  element("memo").replaceChildren(player.element);
  say("Opening the memo");
}

function show(audio, { format, recorded }, complete) {
  const date = new Date(recorded ?? NaN);
  player.open(audio, format, `voice-memo-${stamp(date)}`);
  const parts = [fullDate(date), complete ? "" : "the recording was interrupted"].filter(Boolean);
  if (parts.length > 0) {
    element("recorded").textContent = parts.join(", ");
  }
  document.body.dataset.state = "ready";
  say("The memo is open. Press play to listen.");
}

async function open() {
  attempt?.abort();
  const { signal } = (attempt = new AbortController());
  player.audio.pause();
  const wrong = obstacle();
  if (wrong) {
    showProblem(wrong);
    return;
  }
  const text = fragmentOf(location.href);
  if (!text) {
    showProblem("no-key");
    return;
  }
  showOpening();
  try {
    const key = parseSecret(text);
    const body = await fetchBody(location.pathname.split("/").at(-1), key, signal);
    const { audio, complete } = await openMemo({ key, ...body });
    if (!signal.aborted) {
      show(audio, body, complete);
    }
  } catch (error) {
    if (!signal.aborted) {
      const { kind, retryAfter } = kindOf(error);
      showProblem(kind, retryAfter);
    }
  }
}

document.addEventListener("keydown", (event) => player.key(event));
window.addEventListener("hashchange", open);
open();
