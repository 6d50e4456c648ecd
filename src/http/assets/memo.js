// Opening a memo in the browser. The key K never leaves this page: what the server sees is the access token T that
// follows from K, and from which K does not follow.

const ACCESS_INFO = new TextEncoder().encode("voice-federation/1.1 access");

/** Why a memo did not open. `kind` is one of the names in the page's table of messages. */
export class MemoError extends Error {
  constructor(kind, { retryAfter = 0 } = {}) {
    super(kind);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

/**
 * The 32 bytes of a key's text: base64url or base64, padded or not. A text that no encoder writes is refused, even
 * where a lenient decoder would take it, so that a link with one character changed never opens anything.
 */
export function keyBytes(text) {
  const plain = text.replaceAll("-", "+").replaceAll("_", "/").replace(/=$/, "");
  if (!/^[A-Za-z0-9+/]{43}$/.test(plain)) {
    throw new MemoError("wrong-key");
  }
  const bytes = Uint8Array.from(atob(plain + "="), (character) => character.charCodeAt(0));
  if (btoa(String.fromCharCode(...bytes)) !== plain + "=") {
    throw new MemoError("wrong-key");
  }
  return bytes;
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}

function fromBase64url(text) {
  const plain = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(plain), (character) => character.charCodeAt(0));
}

/** The access token T of a key, as the text that stands after `Bearer`. */
export async function accessToken(key) {
  const material = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits"]);
  const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: ACCESS_INFO };
  return base64url(new Uint8Array(await crypto.subtle.deriveBits(derivation, material, 256)));
}

async function fetchCiphertext(address, token, signal) {
  let response;
  try {
    response = await fetch(address, {
      headers: { authorization: `Bearer ${token}` },
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal,
    });
  } catch {
    throw new MemoError("unreachable");
  }
  if (response.ok) {
    return response;
  }
  const retryAfter = Number(response.headers.get("retry-after")) || 0;
  const kinds = { 404: "wrong-key", 410: "expired", 429: "too-many" };
  throw new MemoError(kinds[response.status] ?? "server", { retryAfter });
}

/** Fetches the memo's ciphertext and decrypts it here. Gives the audio file, its media type and when it was recorded. */
export async function openMemo(address, keyText, signal) {
  const key = keyBytes(keyText);
  const response = await fetchCiphertext(address, await accessToken(key), signal);
  let ciphertext;
  try {
    ciphertext = await response.arrayBuffer();
  } catch {
    throw new MemoError("unreachable");
  }
  const iv = fromBase64url(response.headers.get("memo-iv") ?? "");
  const cipher = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
  key.fill(0);
  try {
    return {
      audio: await crypto.subtle.decrypt({ name: "AES-GCM", iv }, cipher, ciphertext),
      format: response.headers.get("memo-audio-format") ?? "audio/wav",
      recorded: new Date(response.headers.get("memo-created-at") ?? NaN),
    };
  } catch {
    // The server took the token, so the key is right: the ciphertext is not what was sealed.
    throw new MemoError("damaged");
  }
}

/** The samples of a 16-bit PCM WAV file, or null for any other file. */
export function samplesOf(file) {
  const view = new DataView(file);
  const tag = (at) => String.fromCharCode(...new Uint8Array(file, at, 4));
  if (file.byteLength < 44 || tag(0) !== "RIFF" || tag(8) !== "WAVE" || view.getUint16(34, true) !== 16) {
    return null;
  }
  return new Int16Array(file.slice(44, file.byteLength - (file.byteLength % 2)));
}
