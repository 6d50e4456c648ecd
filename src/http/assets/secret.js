// Where the owner's secret lives: in the address, behind the #, which browsers keep to themselves. On the owner's wish
// it is also kept on this device, encrypted under a key that the browser holds and gives to no script as bytes. That
// hinders whoever copies the browser's files; it does not hinder whoever can use this browser.

import { h } from "./dom.js";
import { unmangled } from "./text.js";
import { parseSecret } from "./voice-memo.js";

const DATABASE = "obelus-secret";

function wished(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function table(mode, act) {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("secrets");
  const database = await wished(opening);
  try {
    const transaction = database.transaction("secrets", mode);
    // A page that is left before the end takes all of it back: nobody is told before that it is done.
    const isDone = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    const [result] = await Promise.all([wished(act(transaction.objectStore("secrets"))), isDone]);
    return result;
  } finally {
    database.close();
  }
}

/** The seeds of a text such as `S_new,S_old`, newest first, as their texts. Throws where one of them is none. */
export function seedsOf(text) {
  const seeds = text.split(",").map((seed) => seed.trim());
  seeds.forEach((seed) => parseSecret(seed));
  return seeds;
}

/** The text behind the # of this page, or of a link that was pasted. */
export function fragmentOf(address) {
  const fragment = address.includes("#") ? address.slice(address.indexOf("#") + 1) : "";
  try {
    return decodeURIComponent(fragment).trim();
  } catch {
    return fragment.trim();
  }
}

/** Keeps the seeds on this device. */
export async function remember(mailbox, seeds) {
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const text = new TextEncoder().encode(seeds.join(","));
  const kept = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, text);
  await table("readwrite", (secrets) => secrets.put({ key, iv, kept }, mailbox));
}

/** The seeds that were kept here, or null. */
export async function remembered(mailbox) {
  try {
    const found = await table("readonly", (secrets) => secrets.get(mailbox));
    if (!found) {
      return null;
    }
    const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv: found.iv }, found.key, found.kept);
    return seedsOf(new TextDecoder().decode(text));
  } catch {
    // A browser that keeps nothing, or something that is not ours: as if nothing was kept.
    return null;
  }
}

/** Forgets them. */
export function forget(mailbox) {
  return table("readwrite", (secrets) => secrets.delete(mailbox));
}

/** Writes the seeds into the address, or out of it, without a new entry in the history. */
export function writeFragment(seeds) {
  history.replaceState(history.state, "", location.pathname + (seeds.length ? `#${seeds.join(",")}` : ""));
}

/** Writes seeds where the page's are: in the address, or where the device remembers them, there. */
export async function keepSeeds(mailbox, seeds) {
  if (await remembered(mailbox)) {
    await remember(mailbox, seeds);
  } else {
    writeFragment(seeds);
  }
}

/** A form that takes an inbox link or the secret alone, and calls `use` with the seeds. */
export function pasteForm(use) {
  const field = h("input", {
    type: "password",
    name: "secret",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "https://…/inbox/…#…",
    "aria-describedby": "paste-error",
    required: true,
  });
  const error = h("p", { id: "paste-error", class: "field-error", role: "alert" });
  return h(
    "form",
    {
      class: "paste",
      onsubmit: (event) => {
        event.preventDefault();
        error.textContent = "";
        const text = unmangled(field.value.trim());
        try {
          use(seedsOf(text.includes("#") ? fragmentOf(text) : text));
        } catch {
          error.textContent = "This is no inbox link: the part behind the # is missing, or a character of it was lost.";
          field.focus();
        }
      },
    },
    h("label", { class: "field" }, h("span", {}, "Inbox link"), field),
    error,
    h("button", { type: "submit", class: "wide" }, "Open"),
  );
}
