// Memos that came by e-mail: the attachment is the sealed envelope, which this page opens like any other.

import { element } from "./dom.js";
import { toast } from "./ui.js";

/** A larger file is no envelope. */
const MOST_BYTES = 256 * 1024;

/** The memo's id, when it was recorded, and its envelope in a file's text. Throws where it is something else. */
export function parseEnvelopeFile(text) {
  const file = JSON.parse(text);
  const envelope = file.sealed_envelope ?? file.envelope ?? file;
  const id = file.memo_id ?? file.id ?? envelope.memo_id;
  if (typeof id !== "string" || !/^[\w-]{22}$/.test(id) || typeof envelope.ct !== "string") {
    throw new TypeError("no envelope");
  }
  return { id, created: file.created_at, envelope: { kem: envelope.kem, enc: envelope.enc, ct: envelope.ct } };
}

async function take(file, inbox) {
  try {
    if (file.size > MOST_BYTES) {
      throw new TypeError("too large");
    }
    const { id, created, envelope } = parseEnvelopeFile(await file.text());
    await inbox.showLoose(id, envelope, created);
  } catch {
    toast("This file is no memo’s envelope");
  }
}

/** Takes such a file, dropped anywhere on the page or chosen. */
export function envelopeFile(inbox) {
  const chooser = element("envelope-file");
  chooser.addEventListener("change", () => {
    const [file] = chooser.files;
    if (file) {
      take(file, inbox);
    }
    chooser.value = "";
  });
  const holdsFile = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (holdsFile(event)) {
      event.preventDefault();
      document.body.classList.add("dropping");
    }
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) {
      document.body.classList.remove("dropping");
    }
  });
  document.addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    if (holdsFile(event)) {
      event.preventDefault();
      take(event.dataTransfer.files[0], inbox);
    }
  });
}
