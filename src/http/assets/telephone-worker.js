// Argon2id takes some seconds and 64 MiB: in a thread of its own, so that the page stays alive.

import { parseSecret, telephoneLock } from "./voice-memo.js";

self.onmessage = async ({ data: { secret, digits, locator, aad } }) => {
  try {
    const plaintext = parseSecret(secret);
    self.postMessage({ lock: await telephoneLock({ secret: digits, plaintext, aad, locator }) });
  } catch (error) {
    self.postMessage({ error: String(error?.message ?? error) });
  }
};
