// What is said where something does not open: what is wrong, why, and what helps. Each page shows it in the same way.

import { button, h, icon } from "./dom.js";
import { spoken } from "./text.js";

const NO_HTTPS =
  "This page came over plain HTTP. Browsers encrypt and decrypt only on pages that came over HTTPS, so that nobody on the way could have changed the page.";

const PROBLEMS = {
  "no-key": {
    what: "The key is missing",
    why: "The part of the link behind the # is what opens the memo, and this link has none.",
    remedy: "Copy the whole link once more, or scan the QR code again.",
  },
  "wrong-key": {
    what: "The key is wrong",
    why: "No memo opens with this link: a character of it was changed or lost on the way, or the memo was deleted.",
    remedy:
      "Copy the whole link once more, or scan the QR code again. Which of the two it is, the server does not tell anybody.",
  },
  "no-secret": {
    what: "Your inbox link is needed",
    why: "The part of the link behind the # opens this inbox, and this address has none. The server does not have it.",
    remedy: "Open the whole link that you kept when the inbox was set up, or paste it here.",
  },
  "wrong-secret": {
    what: "This link does not open the inbox",
    why: "A character of it was changed or lost, the inbox has another key by now, or there is no such mailbox.",
    remedy:
      "Which of these it is, the server does not tell anybody. Paste the link that you kept, or ask whoever runs this server for a new set-up link.",
  },
  "not-an-inbox": {
    what: "This is no inbox’s address",
    why: "A character of it was changed or lost on the way.",
    remedy: "Open the whole link that you kept when the inbox was set up.",
  },
  forgotten: {
    what: "This device has forgotten the inbox",
    why: "The memos that this browser kept, the page’s files and your link are deleted from it. The mailbox is as it was, and the link that you kept opens it.",
    remedy: "Close this tab. The browser’s own history may still have the link: delete it there as well.",
  },
  "not-forgotten": {
    what: "Not everything was deleted",
    why: "This browser did not let the page delete all that it kept.",
    remedy: "Delete the data of this site in the browser’s own settings.",
  },
  "no-https": {
    what: "HTTPS is needed",
    why: NO_HTTPS,
    remedy:
      "Open the link with https:// in front. If that does not work, whoever runs this server has to set up HTTPS.",
  },
  "old-browser": {
    what: "This browser is too old",
    why: "It lacks the cryptography that opens the memo.",
    remedy: "Open the link in a current browser.",
  },
  expired: {
    what: "This memo has expired",
    why: "The link was right, but the time for which the memo was kept is over, or it was listened to as often as its sender allowed.",
    remedy: "",
  },
  "too-many": {
    what: "Too many attempts",
    why: "The server takes only so many attempts in a short time, so that nobody can guess keys.",
    remedy: "",
    again: true,
  },
  unreachable: {
    what: "The server cannot be reached",
    why: "Nothing is lost, but it does not answer just now.",
    remedy: "Check the connection, then try again.",
    again: true,
  },
  server: {
    what: "The server has a problem",
    why: "It could not answer just now.",
    remedy: "Try again in a minute.",
    again: true,
  },
  damaged: {
    what: "This memo is damaged",
    why: "The key is right, but what the server holds is not what was recorded. It was altered, and is not played.",
    remedy: "",
  },
  "false-key": {
    what: "This memo does not open",
    why: "The key in its envelope does not fit. The memo was deleted meanwhile, or its sender left no real one.",
    remedy: "",
  },
  envelope: {
    what: "This file is for an inbox",
    why: "It is the envelope of a memo that somebody was told of by e-mail. Only the link of that inbox opens it.",
    remedy: "Open your inbox, and drop the file there.",
  },
  refused: {
    what: "This memo is not shared",
    why: "The server that keeps it does not give it to other servers.",
    remedy: "Open its link directly.",
  },
  "not-a-link": {
    what: "This is no memo’s link",
    why: "A memo’s link has the form https://…/voice/… with a key behind the #.",
    remedy: "Copy the whole link once more.",
  },
  "too-large": {
    what: "This memo is too long",
    why: "The server takes memos up to a certain size.",
    remedy: "Record a shorter one.",
  },
  full: {
    what: "The server is full",
    why: "It has no room for more memos that are left in a browser.",
    remedy: "Try again another day, or tell whoever runs it.",
  },
  microphone: {
    what: "No microphone",
    why: "The browser gives this page no microphone: there is none, or it was not allowed.",
    remedy: "Allow the microphone in the browser’s settings for this page, or choose a file.",
  },
  "bad-audio": {
    what: "This file does not play",
    why: "The browser found no sound in it.",
    remedy: "Choose a sound file, such as WAV, MP3, M4A, Ogg or Opus.",
  },
  "not-found": {
    what: "Nothing here takes memos",
    why: "There is no such mailbox, or it takes no memos from the web.",
    remedy: "Check the address.",
  },
};

/** What is said of a kind of problem; of an unknown one, that the server has a problem. */
export function problemOf(kind) {
  return PROBLEMS[kind] ?? PROBLEMS.server;
}

/** The kind of an error that was thrown, with the seconds to wait where the server named them. */
export function kindOf(error) {
  return { kind: error?.kind in PROBLEMS ? error.kind : "server", retryAfter: error?.retryAfter ?? 0 };
}

/** Why nothing can be encrypted or decrypted on this page, or null. */
export function obstacle() {
  if (!window.isSecureContext) {
    return "no-https";
  }
  return window.crypto?.subtle ? null : "old-browser";
}

/** A section that says what is wrong. `again` is called where the person may try once more. */
export function problemSection(kind, { retryAfter = 0, again = null } = {}, ...more) {
  const problem = problemOf(kind);
  const remedy = retryAfter ? `Try again in ${spoken(retryAfter)}.` : problem.remedy;
  return h(
    "section",
    { class: "problem", "data-kind": kind, "aria-labelledby": "what" },
    icon("warning"),
    h("h2", { id: "what", tabindex: "-1" }, problem.what),
    h("p", {}, problem.why),
    remedy && h("p", { class: "quiet" }, remedy),
    ...more,
    again && problem.again && h("button", { type: "button", class: "wide", id: "again", onclick: again }, "Try again"),
  );
}

/** The same within a row or a dialog: a few sentences, and a button to try again. */
export function problemLine(kind, { retryAfter = 0, again = null } = {}) {
  const problem = problemOf(kind);
  const remedy = retryAfter ? `Try again in ${spoken(retryAfter)}.` : problem.remedy;
  return h(
    "div",
    { class: "problem-line", role: "alert", "data-kind": kind },
    icon("warning"),
    h("p", {}, h("strong", {}, `${problem.what}. `), `${problem.why} ${remedy}`.trim()),
    again && problem.again && button("ahead", "Try again", again),
  );
}
