// Sealing a memo in the browser, as the server takes it: a share, or one that was recorded here.

import { base64, memoLink, qrSvg, sealEnvelope, sealMemo, secretText } from "./voice-memo.js";

/** What an envelope says beside the key. Whatever else a stranger put into one is not passed on. */
const SAID = ["from", "caller_name", "to", "diversion", "duration_seconds", "transcript", "summary", "note"];

/**
 * Seals audio under a fresh key. With an `owner` (`{kem, publicKey}`) the key goes into an envelope for that mailbox,
 * beside `contents`. Gives the body of the upload, and the memo's link.
 */
export async function sealedFor(owner, audio, format, base, contents = {}) {
  const { id, key, iv, ciphertext, access_key_hash, access_token_hash } = await sealMemo(audio);
  const link = memoLink(base, id, key);
  const body = {
    id,
    encryption_iv: iv,
    access_key_hash,
    access_token_hash,
    audio_format: format,
    encrypted_audio_b64: base64(ciphertext),
  };
  if (owner) {
    const said = SAID.filter((name) => contents[name] !== undefined).map((name) => [name, contents[name]]);
    const inside = { ...Object.fromEntries(said), key: secretText(key), link, qr_svg: qrSvg(link) };
    body.sealed_envelope = await sealEnvelope({ ...owner, memoId: id, contents: inside });
  }
  return { body, link };
}
