// Memos that came by e-mail: the attachment is the sealed envelope, which an inbox opens like any other.

/** A larger file is no envelope. */
const MOST_BYTES = 256 * 1024;

/** The memo's id, when it was recorded, and its envelope in a file's text. Throws where it is something else. */
export function parseEnvelopeFile(text) {
  const file = JSON.parse(text);
  const envelope = file.sealed_envelope ?? file.envelope ?? file;
  const id = file.memo_id ?? file.id ?? envelope.memo_id;
  const isText = (value) => typeof value === "string";
  if (!isText(id) || !/^[\w-]{22}$/.test(id) || ![envelope.kem, envelope.enc, envelope.ct].every(isText)) {
    throw new TypeError("no envelope");
  }
  return { id, created: file.created_at, envelope: { kem: envelope.kem, enc: envelope.enc, ct: envelope.ct } };
}

/** The same of a file. */
export async function readEnvelopeFile(file) {
  if (file.size > MOST_BYTES) {
    throw new TypeError("too large");
  }
  return parseEnvelopeFile(await file.text());
}

/** Calls `take` with a file that is dropped anywhere on the page, which would leave the page otherwise. */
export function takeDropped(take) {
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
      const [file] = event.dataTransfer.files;
      if (file) {
        take(file);
      }
    }
  });
}
