// Leaving a memo without a telephone: recorded or taken from a file, listened to, encrypted here, and left in a mailbox or
// behind a link.

import { LINK_BASE, leaveMemo, publicMailbox } from "./api.js";
import { button, element, h, icon } from "./dom.js";
import { Player } from "./player.js";
import { kindOf, obstacle, problemLine, problemSection } from "./problems.js";
import { qrCode } from "./qr.js";
import { MOST_SECS, Recorder, samplesOfFile } from "./recorder.js";
import { MEMO_RATE } from "./resample.js";
import { sealedFor } from "./sealing.js";
import { clock, mailboxName, spoken, stamp } from "./text.js";
import { SPANS, busy, choice, linkBox, say, timeAfter, toggle } from "./ui.js";
import { wavOf } from "./voice-memo.js";

/** A shorter recording is a slip of the finger. */
const LEAST_SECS = 0.5;

const screen = element("screen");
/** The mailbox that the address names, or null: then the person chooses. */
let addressed = null;
let recorder = null;

function show(state, ...content) {
  document.body.dataset.state = state;
  screen.replaceChildren(...content.filter(Boolean));
}

function showProblem(kind, retryAfter = 0) {
  document.body.dataset.problem = kind;
  show("problem", problemSection(kind, { retryAfter, again: () => location.reload() }));
  say(element("what").textContent);
}

// ---- Recording ----

function showStart(problem = null) {
  const file = h("input", {
    type: "file",
    accept: "audio/*",
    hidden: true,
    "aria-label": "Sound file",
    id: "file",
    onchange: () => file.files[0] && takeFile(file.files[0]),
  });
  const start = h(
    "button",
    {
      type: "button",
      class: "record-button",
      id: "record",
      "aria-label": "Record",
      onclick: () => busy(start, record),
    },
    icon("microphone"),
  );
  show(
    "start",
    h(
      "section",
      { class: "recording", "aria-label": "Recording" },
      h("div", { class: "ring" }, start),
      h("p", { class: "time", "aria-hidden": "true" }, "0:00"),
      h("p", { class: "quiet" }, `Press to record, up to ${Math.round(MOST_SECS / 60)} minutes`),
      h(
        "div",
        { class: "or" },
        button("file", "Choose a file", () => file.click()),
      ),
      file,
    ),
    problem && problemLine(kindOf(problem).kind),
  );
}

async function record() {
  const level = levelMeter();
  recorder = new Recorder({ level: level.show, full: stop });
  try {
    await recorder.start();
  } catch (error) {
    showStart(error.kind ? error : { kind: "microphone" });
    return;
  }
  const time = h("p", { class: "time", role: "timer", "aria-label": "Recorded" }, "0:00");
  level.each = () => (time.textContent = clock(recorder.seconds));
  const done = h(
    "button",
    { type: "button", class: "record-button", id: "stop", "aria-label": "Stop", onclick: stop },
    icon("stop"),
  );
  show(
    "recording",
    h(
      "section",
      { class: "recording", "aria-label": "Recording" },
      h("div", { class: "ring" }, level.canvas, done),
      time,
      h("p", { class: "quiet" }, "Recording. Press to stop."),
    ),
  );
  done.focus();
  say("Recording");
}

/** A ring around the button that grows with the voice. */
function levelMeter() {
  const canvas = h("canvas", { width: 264, height: 264, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  let shown = 0;
  const meter = {
    canvas,
    each: () => {},
    show: (peak) => {
      // Rises at once and falls slowly, as meters do; the root is how loud it seems.
      shown = Math.max(Math.sqrt(peak), shown * 0.85);
      context.clearRect(0, 0, 264, 264);
      context.beginPath();
      context.arc(132, 132, 94 + 36 * Math.min(1, shown), 0, 2 * Math.PI);
      context.fillStyle = getComputedStyle(canvas).getPropertyValue("--halo");
      context.fill();
      meter.each();
    },
  };
  return meter;
}

let stopping = null;

function stop() {
  stopping ??= recorder.stop().then((samples) => {
    stopping = null;
    recorder = null;
    if (samples.length < LEAST_SECS * MEMO_RATE) {
      showStart();
      say("That was too short. Press to record again.");
    } else {
      showReview(samples);
    }
  });
}

async function takeFile(file) {
  show("reading", h("p", { class: "quiet recording", role: "status" }, "Reading the file…"));
  try {
    showReview(await samplesOfFile(file));
  } catch (error) {
    showStart(error);
  }
}

// ---- Listening and sending ----

function showReview(samples) {
  const wav = wavOf(samples, MEMO_RATE);
  const player = new Player({ say, save: false });
  player.open(wav, "audio/wav", `voice-memo-${stamp(new Date())}`);
  const fields = destination();
  const problem = h("div", {});
  const send = h("button", { type: "submit", class: "wide", id: "send" }, fields.verb());
  fields.changed = () => (send.textContent = fields.verb());
  const again = () => {
    player.close();
    showStart();
  };
  show(
    "review",
    h(
      "form",
      {
        class: "review",
        onsubmit: (event) => {
          event.preventDefault();
          problem.replaceChildren();
          player.audio.pause();
          busy(send, async () => {
            try {
              await fields.send(wav, samples.length / MEMO_RATE);
              player.close();
            } catch (error) {
              const { kind, retryAfter } = kindOf(error);
              problem.replaceChildren(
                problemLine(kind === "wrong-secret" || kind === "refused" ? "not-found" : kind, { retryAfter }),
              );
            }
          });
        },
      },
      player.element,
      fields.element,
      problem,
      send,
      h("button", { type: "button", class: "wide quiet-button", onclick: again }, "Record again"),
    ),
  );
  say(`Recorded ${spoken(samples.length / MEMO_RATE)}. Listen, then send.`);
  player.play.focus();
}

/** The fields that say where the memo goes, with what the button is called and what it does. */
function destination() {
  const name = h("input", { type: "text", autocomplete: "name", maxlength: "80", id: "name" });
  const note = h("textarea", { maxlength: "500", rows: "2", id: "note" });
  const mailbox = h("input", {
    type: "text",
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    maxlength: "64",
    id: "mailbox",
  });
  const { select, field: spanField } = choice(
    "The link works for",
    [...SPANS, ["", "As long as the server keeps it"]],
    "604800",
  );
  let once = false;
  const forLink = h(
    "div",
    { hidden: addressed !== null },
    spanField,
    toggle("For one listening", "The server gives it out once and never again.", false, (on) => (once = on)),
  );
  const toMailbox = h(
    "div",
    { hidden: addressed === null },
    addressed === null && h("label", { class: "field" }, h("span", {}, "Mailbox on this server"), mailbox),
    h("label", { class: "field" }, h("span", {}, "Your name (optional)"), name),
    h("label", { class: "field" }, h("span", {}, "Note (optional)"), note),
  );
  const fields = {
    toMailbox: addressed !== null,
    changed: () => {},
    verb: () => (fields.toMailbox ? "Encrypt and send" : "Encrypt and make a link"),
    async send(wav, seconds) {
      if (!fields.toMailbox) {
        const { body, link } = await sealedFor(null, wav, "audio/wav", LINK_BASE);
        await leaveMemo({
          ...body,
          expires_at: timeAfter(select.value) ?? undefined,
          max_accesses: once ? 1 : undefined,
        });
        showLink(link, once);
        return;
      }
      const to = addressed ?? (await mailboxOf(mailbox.value.trim()));
      const contents = {
        duration_seconds: seconds,
        caller_name: name.value.trim() || undefined,
        note: note.value.trim() || undefined,
      };
      const { body } = await sealedFor(to.owner, wav, "audio/wav", LINK_BASE, contents);
      await leaveMemo({ ...body, mailbox: to.name });
      showSent(to.name);
    },
  };
  fields.element = h("div", {}, addressed === null && kinds(fields, forLink, toMailbox, mailbox), forLink, toMailbox);
  return fields;
}

/** The choice between a link and a mailbox. */
function kinds(fields, forLink, toMailbox, mailbox) {
  const kind = (text, isMailbox) =>
    h(
      "label",
      {},
      h("input", {
        type: "radio",
        name: "kind",
        checked: !isMailbox,
        onchange: () => {
          fields.toMailbox = isMailbox;
          forLink.hidden = isMailbox;
          toMailbox.hidden = !isMailbox;
          mailbox.required = isMailbox;
          fields.changed();
        },
      }),
      text,
    );
  return h(
    "fieldset",
    { class: "kinds" },
    h("legend", {}, "Where it goes"),
    kind("A link to share", false),
    kind("A mailbox here", true),
  );
}

/** A mailbox that takes memos, with its owner's public key. */
async function mailboxOf(name) {
  if (!mailboxName(name)) {
    throw { kind: "not-found" };
  }
  const about = await publicMailbox(name);
  if (about.record === false) {
    throw { kind: "not-found" };
  }
  return { name, owner: { kem: about.kem, publicKey: about.public_key } };
}

// ---- Done ----

function another() {
  return h("button", { type: "button", class: "wide quiet-button", onclick: () => showStart() }, "Record another");
}

function showSent(name) {
  show(
    "sent",
    h(
      "section",
      { class: "done" },
      icon("check"),
      h("h2", { tabindex: "-1", id: "done" }, "Your memo is left"),
      h(
        "p",
        {},
        `It is in the mailbox “${name}”, sealed to its owner. Nobody else can listen to it, and neither can you any more.`,
      ),
      another(),
    ),
  );
  element("done").focus();
}

function showLink(link, once) {
  show(
    "sent",
    h(
      "section",
      { class: "done" },
      h("h2", { tabindex: "-1", id: "done" }, "The link to your memo"),
      h(
        "p",
        {},
        once
          ? "Whoever opens it first can listen, once."
          : "Whoever has it can listen. It is shown this once, and the server does not have it.",
      ),
      qrCode(link, "QR code of the memo’s link"),
      linkBox(link),
      another(),
    ),
  );
  element("done").focus();
}

async function start() {
  const wrong = obstacle();
  if (wrong) {
    showProblem(wrong);
    return;
  }
  const [, name] = location.pathname.match(/\/record\/([^/]+)\/?$/) ?? [];
  if (name) {
    try {
      addressed = await mailboxOf(name);
    } catch (error) {
      const { kind, retryAfter } = kindOf(error);
      showProblem(["wrong-secret", "refused"].includes(kind) ? "not-found" : kind, retryAfter);
      return;
    }
    element("for").textContent = `For ${addressed.name}, encrypted before it leaves this browser`;
    element("promise").textContent = "The server keeps only ciphertext. Only the mailbox’s owner can listen.";
    document.title = `Leave ${addressed.name} a voice memo`;
  }
  showStart();
}

// What was recorded and not sent would be lost.
window.addEventListener("beforeunload", (event) => {
  if (["recording", "review"].includes(document.body.dataset.state)) {
    event.preventDefault();
  }
});

start();
