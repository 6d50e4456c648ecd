// Opening a memo of any domain. Our server fetches the ciphertext with the access token, and the memo is decrypted here.
// A domain of the older protocol wants the key itself: that is done only when the person has agreed.

import { BASE, LINK_BASE, fetchBody } from "./api.js";
import { element, h } from "./dom.js";
import { readEnvelopeFile, takeDropped } from "./envelope-file.js";
import { Player } from "./player.js";
import { kindOf, obstacle, problemOf, problemSection } from "./problems.js";
import { fullDate, stamp, unmangled } from "./text.js";
import { say } from "./ui.js";
import { fetchMemo, openMemo, parseLink } from "./voice-memo.js";

const player = new Player({ say });
let attempt = null;

/** The host of a link's base, which may lack the scheme. */
function hostOf(base) {
  return new URL(base.includes("://") ? base : `https://${base}`).host;
}

function isOurs({ base }) {
  const url = new URL(base.includes("://") ? base : `${BASE.protocol}//${base}`);
  return url.host === BASE.host && `${url.pathname.replace(/\/$/, "")}/` === BASE.pathname;
}

function showProblem(kind, retryAfter, again) {
  const { what, why } = problemOf(kind);
  document.body.dataset.state = "problem";
  document.body.dataset.problem = kind;
  element("memo").replaceChildren(problemSection(kind, { retryAfter, again }));
  element("ask").hidden = false;
  say(`${what}. ${why}`);
}

async function open(text, { allowKey = false } = {}) {
  attempt?.abort();
  const { signal } = (attempt = new AbortController());
  delete document.body.dataset.problem;
  let link;
  try {
    link = parseLink(text);
    if (/^(?!https?:)[^/]*:\/\//i.test(link.base)) {
      throw new TypeError("a link of another kind than http and https");
    }
    element("from").textContent = `From ${hostOf(link.base)}`;
  } catch (error) {
    const known = ["no-key", "wrong-key"].includes(error.kind) ? error.kind : "not-a-link";
    showProblem(known, 0, null);
    return;
  }
  element("ask").hidden = true;
  document.body.dataset.state = "opening";
  player.wait();
  element("memo").replaceChildren(player.element);
  say("Opening the memo");
  try {
    const body = isOurs(link)
      ? await fetchBody(link.id, link.key, signal)
      : await fetchForeign(link, { allowKey, signal });
    const { audio, complete } = await openMemo({ ...body, key: link.key });
    if (!signal.aborted) {
      show(audio, body, complete, link);
    }
  } catch (error) {
    if (signal.aborted) {
      return;
    }
    if (error.kind === "needs-key") {
      askForKey(text, hostOf(link.base));
    } else {
      const { kind, retryAfter } = kindOf(error);
      showProblem(kind, retryAfter, () => open(text, { allowKey }));
    }
  }
}

async function fetchForeign(link, { allowKey, signal }) {
  if (allowKey) {
    try {
      return await fetchMemo(link, { allowKey, homeOnly: true, signal });
    } catch (error) {
      // It answers other pages' scripts with nothing: our server asks in our place.
      if (error.kind !== "unreachable") {
        throw error;
      }
    }
  }
  return fetchMemo(link, { allowKey, signal, via: LINK_BASE });
}

/** Tells what a server of the older protocol wants, and goes on only if the person says so. */
function askForKey(text, host) {
  document.body.dataset.state = "needs-key";
  const agree = h(
    "button",
    { type: "button", class: "wide", onclick: () => open(text, { allowKey: true }) },
    "Show it the key",
  );
  const decline = h(
    "button",
    {
      type: "button",
      class: "wide quiet-button",
      onclick: () => {
        document.body.dataset.state = "asking";
        element("memo").replaceChildren();
        element("ask").hidden = false;
        element("link").focus();
      },
    },
    "Do not open it",
  );
  element("memo").replaceChildren(
    h(
      "section",
      { class: "problem", "aria-labelledby": "what" },
      h("h2", { id: "what", tabindex: "-1" }, `${host} wants to see the key`),
      h(
        "p",
        {},
        "It speaks an older protocol, in which a server gives a memo only to who shows it the memo’s key. Whoever runs that server could then listen to this memo.",
      ),
      h(
        "p",
        { class: "quiet" },
        "Your browser sends the key there directly. Where that server does not let it, this server passes the key on and forgets it.",
      ),
      agree,
      decline,
    ),
  );
  element("what").focus();
}

function show(audio, { format, recorded }, complete, link) {
  const date = new Date(recorded ?? NaN);
  player.open(audio, format, `voice-memo-${stamp(date)}`);
  const parts = [`From ${hostOf(link.base)}`, fullDate(date), complete ? "" : "the recording was interrupted"];
  element("from").textContent = parts.filter(Boolean).join(", ");
  element("title").textContent = "Voice memo";
  document.body.dataset.state = "ready";
  say("The memo is open. Press play to listen.");
}

/** What follows the first # of the address is a link of its own, with a # in it. */
function followFragment() {
  const text = location.hash.slice(1);
  if (!text) {
    return;
  }
  let link = text;
  try {
    link = decodeURIComponent(text);
  } catch {
    // As it stands, then.
  }
  // A proxy that joins slashes leaves one of two, where the link came in the path at first.
  link = link.replace(/^(https?:)\/(?!\/)/i, "$1//");
  element("link").value = link;
  open(link);
}

element("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = unmangled(element("link").value.trim());
  // So that the page can be kept and reloaded; the fragment goes to no server.
  history.replaceState(null, "", `${location.pathname}#${text}`);
  open(text);
});
document.addEventListener("keydown", (event) => player.key(event));
window.addEventListener("hashchange", followFragment);

const wrong = obstacle();
if (wrong) {
  showProblem(wrong, 0, null);
  element("ask").hidden = true;
} else {
  takeDropped(async (file) => {
    const isEnvelope = await readEnvelopeFile(file).then(
      () => true,
      () => false,
    );
    attempt?.abort();
    showProblem(isEnvelope ? "envelope" : "not-a-link", 0, null);
  });
  followFragment();
}
