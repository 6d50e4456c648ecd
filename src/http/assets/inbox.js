// The page of an inbox: which screen it shows. An open inbox is in inbox-view.js.

import { element, h } from "./dom.js";
import { Inbox } from "./inbox-view.js";
import { kindOf, obstacle, problemSection } from "./problems.js";
import { fragmentOf, pasteForm, remembered, seedsOf, writeFragment } from "./secret.js";
import { showSetup } from "./setup.js";
import { mailboxName } from "./text.js";
import { say } from "./ui.js";

/** The mailbox of the address, or null: what is not written plainly is no name, and may be a secret gone astray. */
const name = mailboxName(location.pathname.split("/").at(-1));
element("title").textContent = name ?? "Inbox";

function showScreen(state, ...content) {
  document.body.dataset.state = state;
  element("summary").textContent = state === "setup" ? "Not set up yet" : "Not open";
  element("screen").replaceChildren(...content);
}

function showProblem(kind, retryAfter = 0) {
  document.body.dataset.problem = kind;
  const asks = kind === "no-secret" || kind === "wrong-secret";
  showScreen(
    "problem",
    problemSection(kind, { retryAfter, again: () => location.reload() }),
    ...(asks ? [pasteForm(openWith)] : []),
  );
  document.title = `${element("what").textContent} – inbox`;
  say(element("what").textContent);
}

function openWith(seeds) {
  writeFragment(seeds);
  location.reload();
}

function setUp(token) {
  showScreen("setup");
  showSetup(element("screen"), name, token, (seed) => openWith([seed]));
}

/** The seeds of the address, or else what the device remembers; a problem's kind where there are none. */
async function findSeeds() {
  const fragment = fragmentOf(location.href);
  if (fragment) {
    return seedsOf(fragment);
  }
  return remembered(name);
}

async function start() {
  const wrong = obstacle();
  if (wrong) {
    showProblem(wrong);
    return;
  }
  if (!name) {
    showProblem("not-an-inbox");
    return;
  }
  registerWorker();
  const fragment = fragmentOf(location.href);
  if (fragment.startsWith("setup=")) {
    setUp(fragment.slice("setup=".length));
    return;
  }
  let seeds;
  try {
    seeds = await findSeeds();
  } catch {
    showProblem("wrong-secret");
    return;
  }
  if (!seeds) {
    showProblem("no-secret");
    return;
  }
  try {
    await new Inbox(name, seeds).start();
  } catch (error) {
    const { kind, retryAfter } = kindOf(error);
    showProblem(kind, retryAfter);
  }
}

/** Keeps the page and its files on the device, so that it opens without the server. */
async function registerWorker() {
  document.head.append(h("link", { rel: "manifest", href: `${name}/manifest.webmanifest` }));
  try {
    const scope = new URL("../inbox/", import.meta.url).pathname;
    await navigator.serviceWorker?.register(new URL("service-worker.js", import.meta.url), { scope });
  } catch {
    // Some browsers allow none in private windows: the inbox works without.
  }
}

window.addEventListener("hashchange", () => location.reload());
start();
