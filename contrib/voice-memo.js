// voice-memo.js: encrypted voice memos in the browser and in Node, in one file without dependencies.
//
// A memo is a recording that only the holder of its link can hear (docs/memo-format.md). This module seals and opens
// memos, opens what an interrupted recording left behind, makes and opens the envelopes that hand a mailbox's memos to
// its owner, wraps keys under a telephone code, prints links and their QR codes, and fetches memos from any domain that
// speaks voice federation. Whatever touches a key is done here; what a server sees is a token or ciphertext.
//
// It runs under a strict content security policy (no eval, no inline script, no WebAssembly) in browsers, and in Node
// from 18 on (before 20.19 under the name voice-memo.mjs).
//
// AES-GCM, HMAC and SHA-256 come from WebCrypto, which browsers have on pages that came over HTTPS (or localhost).
// X25519 and ML-KEM-768 come from WebCrypto where it has them and from the scripts below where not. The scripts keep
// secrets out of branches and indices, but JavaScript promises no constant time: the browser's own are preferred.
//
// Sections: errors, text, SHA-3, ML-KEM-768, X25519, X-Wing, HKDF and HPKE, Blake2b and Argon2id, memos, owners and
// envelopes, telephone locks, links, QR codes, WAV, fetching.
//
// Licence: MIT.

// ---- Errors ----

/**
 * Why something did not work. `kind` is one of
 *
 * | kind | |
 * |---|---|
 * | `no-key` | the link has no key behind its # |
 * | `wrong-key` | the key is no key, or opens nothing: also what a server says of an unknown memo |
 * | `damaged` | the key is right, but what it opens was altered or cut |
 * | `expired` | the memo's time is over |
 * | `too-many` | the server wants us to wait; `retryAfter` says how many seconds, where it told |
 * | `needs-key` | the memo's domain knows only keys (voice federation 1.0): ask, then fetch with `allowKey` |
 * | `refused` | the memo's domain does not share it with us |
 * | `unreachable` | no answer: no network, no CORS, a time-out |
 * | `server` | an answer that makes no sense |
 * | `not-a-link` | the text is no link of a memo or an inbox |
 * | `wrong-code` | the telephone code is another |
 * | `malformed` | an argument or a field has the wrong form |
 * | `no-https` | the page came over plain HTTP, where browsers lend no cryptography |
 * | `old-browser` | there is no WebCrypto at all |
 */
export class MemoError extends Error {
  constructor(kind, { retryAfter = 0, message = kind, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "MemoError";
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

const malformed = (message) => new MemoError("malformed", { message });

// ---- WebCrypto ----

let webcrypto = globalThis.crypto;
// Node 18 has WebCrypto, but no global of that name. No browser comes past the condition.
const nodeCrypto =
  webcrypto === undefined && globalThis.process?.versions?.node
    ? import("node:crypto").then((module) => (webcrypto = module.webcrypto))
    : null;

async function subtle() {
  await nodeCrypto;
  if (webcrypto?.subtle) {
    return webcrypto.subtle;
  }
  throw new MemoError(globalThis.isSecureContext === false ? "no-https" : "old-browser", {
    message: "this page has no WebCrypto: it needs HTTPS and a current browser",
  });
}

/** `length` bytes of the system's generator. */
export function randomBytes(length) {
  if (!webcrypto?.getRandomValues) {
    throw new MemoError("old-browser", { message: "there is no random generator here" });
  }
  return webcrypto.getRandomValues(new Uint8Array(length));
}

const utf8 = (text) => new TextEncoder().encode(text);

function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A view of the same bytes, of whatever kind of buffer they came in. */
function bytesOf(value) {
  if (value instanceof Uint8Array) {
    return value;
  }
  if (value instanceof ArrayBuffer) {
    return new Uint8Array(value);
  }
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  throw malformed("bytes were expected");
}

/** Whether two texts of bytes are equal; looks at each byte whatever differs. */
function sameBytes(a, b) {
  let differing = a.length ^ b.length;
  for (let i = 0; i < a.length && i < b.length; i++) {
    differing |= a[i] ^ b[i];
  }
  return differing === 0;
}

async function sha256(...parts) {
  return new Uint8Array(await (await subtle()).digest("SHA-256", concat(...parts)));
}

/** SHA-256 in lower-case hex, as records have it. */
export async function sha256hex(bytes) {
  return hexOf(await sha256(bytesOf(bytes)));
}

function hexOf(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// ---- Text: base64 (RFC 4648) as the memo format writes and reads it ----

const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE = `${STANDARD.slice(0, 62)}-_`;

const VALUES = new Int8Array(128).fill(-1);
for (const alphabet of [STANDARD, URL_SAFE]) {
  for (let value = 0; value < 64; value++) {
    VALUES[alphabet.charCodeAt(value)] = value;
  }
}

function encode(bytes, alphabet, pad) {
  const text = [];
  // In stretches of whole groups, so that no string is built character by character.
  for (let from = 0; from < bytes.length; from += 12288) {
    const codes = [];
    const end = Math.min(from + 12288, bytes.length);
    for (let i = from; i < end; i += 3) {
      const group = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
      for (let shift = 18, left = end - i; shift >= 0 && left >= 0; shift -= 6, left--) {
        codes.push(alphabet.charCodeAt((group >> shift) & 63));
      }
    }
    text.push(String.fromCharCode(...codes));
  }
  const missing = (3 - (bytes.length % 3)) % 3;
  return text.join("") + (pad ? "=".repeat(missing) : "");
}

/** Base64url (RFC 4648 5) of bytes, without padding unless `pad`. */
export function base64url(bytes, { pad = false } = {}) {
  return encode(bytesOf(bytes), URL_SAFE, pad);
}

/** Standard base64 with padding (RFC 4648 4), as audio stands in JSON. */
export function base64(bytes) {
  return encode(bytesOf(bytes), STANDARD, true);
}

/**
 * The bytes of a text in base64 or base64url, padded or not.
 *
 * Refused (`malformed`): a character of neither alphabet, a wrong padding, and a last character whose spare bits are
 * set, which no encoder writes: two texts must never be one secret.
 */
export function fromBase64(text) {
  if (typeof text !== "string") {
    throw malformed("a text in base64 was expected");
  }
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const length = text.length - padding;
  if (length % 4 === 1 || (padding > 0 && text.length % 4 !== 0)) {
    throw malformed("not base64: its length");
  }
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let group = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    const value = code < 128 ? VALUES[code] : -1;
    if (value < 0) {
      throw malformed("not base64: a character");
    }
    group = ((group << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = group >> bits;
    }
  }
  if ((group & ((1 << bits) - 1)) !== 0) {
    throw malformed("not base64: spare bits are set in its last character");
  }
  return bytes;
}

/** The text of a key, a token or an owner's seed: base64url with padding, 44 characters. */
export function secretText(bytes) {
  const secret = bytesOf(bytes);
  if (secret.length !== 32) {
    throw malformed("a secret has 32 bytes");
  }
  return base64url(secret, { pad: true });
}

/** The 32 bytes of such a text, in either alphabet, padded or not; anything else is `wrong-key`. */
export function parseSecret(text) {
  if (typeof text === "string" && /^[A-Za-z0-9+/_-]{43}=?$/.test(text)) {
    try {
      return fromBase64(text);
    } catch {
      // Spare bits: said below.
    }
  }
  throw new MemoError("wrong-key", { message: "not the text of a key" });
}

/** A secret as bytes, given as bytes or as its text. */
function secretBytes(secret) {
  if (typeof secret === "string") {
    return parseSecret(secret);
  }
  const bytes = bytesOf(secret);
  if (bytes.length !== 32) {
    throw new MemoError("wrong-key", { message: "a key has 32 bytes" });
  }
  return bytes;
}

// ---- SHA-3 (FIPS 202) ----

/** Round constants of iota (FIPS 202 3.2.5), low and high halves, from the LFSR of algorithm 5. */
const IOTA = new Int32Array(48);
{
  let register = 1;
  for (let round = 0; round < 24; round++) {
    for (let j = 0; j <= 6; j++) {
      const bit = (1 << j) - 1;
      if (register & 1) {
        IOTA[2 * round + (bit >> 5)] |= 1 << (bit & 31);
      }
      register = (register << 1) ^ (register & 0x80 ? 0x171 : 0);
    }
  }
}

/** Rho and pi (FIPS 202 3.2.2 and 3.2.3) along pi's one cycle: where each lane goes, and by how much it turns. */
const PI_LANES = new Uint8Array(24);
const RHO_TURNS = new Uint8Array(24);
{
  let [x, y] = [1, 0];
  for (let t = 0; t < 24; t++) {
    [x, y] = [y, (2 * x + 3 * y) % 5];
    PI_LANES[t] = x + 5 * y;
    RHO_TURNS[t] = (((t + 1) * (t + 2)) / 2) % 64;
  }
}

/** Keccak-f[1600] (FIPS 202 3.3) on 25 lanes, each a low and a high half. */
function keccakF(s) {
  const column = new Int32Array(10);
  for (let round = 0; round < 24; round++) {
    // Theta.
    for (let x = 0; x < 10; x++) {
      column[x] = s[x] ^ s[x + 10] ^ s[x + 20] ^ s[x + 30] ^ s[x + 40];
    }
    for (let x = 0; x < 5; x++) {
      const [before, after] = [2 * ((x + 4) % 5), 2 * ((x + 1) % 5)];
      const low = column[before] ^ ((column[after] << 1) | (column[after + 1] >>> 31));
      const high = column[before + 1] ^ ((column[after + 1] << 1) | (column[after] >>> 31));
      for (let at = 2 * x; at < 50; at += 10) {
        s[at] ^= low;
        s[at + 1] ^= high;
      }
    }
    // Rho and pi.
    let [low, high] = [s[2], s[3]];
    for (let t = 0; t < 24; t++) {
      const at = 2 * PI_LANES[t];
      const turn = RHO_TURNS[t];
      const [nextLow, nextHigh] = [s[at], s[at + 1]];
      if (turn & 32) {
        [low, high] = [high, low];
      }
      const by = turn & 31;
      if (by === 0) {
        s[at] = low;
        s[at + 1] = high;
      } else {
        s[at] = (low << by) | (high >>> (32 - by));
        s[at + 1] = (high << by) | (low >>> (32 - by));
      }
      [low, high] = [nextLow, nextHigh];
    }
    // Chi.
    for (let y = 0; y < 50; y += 10) {
      for (let x = 0; x < 10; x++) {
        column[x] = s[y + x];
      }
      for (let x = 0; x < 10; x++) {
        s[y + x] = column[x] ^ (~column[(x + 2) % 10] & column[(x + 4) % 10]);
      }
    }
    // Iota.
    s[0] ^= IOTA[2 * round];
    s[1] ^= IOTA[2 * round + 1];
  }
}

/** The sponge (FIPS 202 4), squeezed as far as one likes. */
class Sponge {
  constructor(rate, suffix, message) {
    this.rate = rate;
    this.lanes = new Int32Array(50);
    this.at = 0;
    for (const byte of message) {
      this.mix(this.at++, byte);
      if (this.at === rate) {
        keccakF(this.lanes);
        this.at = 0;
      }
    }
    this.mix(this.at, suffix);
    this.mix(rate - 1, 0x80);
    this.at = rate;
  }

  mix(at, byte) {
    this.lanes[at >> 2] ^= byte << (8 * (at & 3));
  }

  squeeze(length) {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      if (this.at === this.rate) {
        keccakF(this.lanes);
        this.at = 0;
      }
      out[i] = this.lanes[this.at >> 2] >>> (8 * (this.at & 3));
      this.at++;
    }
    return out;
  }
}

/** SHA3-256 (FIPS 202 6.1). */
export const sha3_256 = (message) => new Sponge(136, 0x06, message).squeeze(32);
/** SHA3-512 (FIPS 202 6.1). */
export const sha3_512 = (message) => new Sponge(72, 0x06, message).squeeze(64);
/** SHAKE128 (FIPS 202 6.2), `length` bytes. */
export const shake128 = (message, length) => new Sponge(168, 0x1f, message).squeeze(length);
/** SHAKE256 (FIPS 202 6.2), `length` bytes. */
export const shake256 = (message, length) => new Sponge(136, 0x1f, message).squeeze(length);

// ---- ML-KEM-768 (FIPS 203): k = 3, eta1 = eta2 = 2, du = 10, dv = 4 ----

const Q = 3329;
const N = 256;
const RANK = 3;
const EK_BYTES = 384 * RANK + 32;
const MLKEM_CT_BYTES = 32 * (10 * RANK + 4);

/** x mod q for 0 <= x < 2^31, by a multiplication: divisions take a time that tells of their operands. */
function modQ(x) {
  let rest = x - Q * Math.floor(x * (1 / Q));
  rest -= Q;
  rest += Q & (rest >> 31);
  return rest + (Q & (rest >> 31));
}

/** Powers of zeta = 17 in bit-reversed order, for the NTT, and of odd ones for its products (FIPS 203 4.3, app. A). */
const ZETAS = new Int32Array(128);
const GAMMAS = new Int32Array(128);
{
  const power = (exponent) => {
    let value = 1;
    for (let i = 0; i < exponent; i++) {
      value = modQ(value * 17);
    }
    return value;
  };
  for (let i = 0; i < 128; i++) {
    let reversed = 0;
    for (let bit = 0; bit < 7; bit++) {
      reversed |= ((i >> bit) & 1) << (6 - bit);
    }
    ZETAS[i] = power(reversed);
    GAMMAS[i] = power(2 * reversed + 1);
  }
}

/** FIPS 203 algorithm 9, in place. */
function ntt(f) {
  let i = 1;
  for (let length = 128; length >= 2; length >>= 1) {
    for (let start = 0; start < N; start += 2 * length) {
      const zeta = ZETAS[i++];
      for (let j = start; j < start + length; j++) {
        const t = modQ(zeta * f[j + length]);
        f[j + length] = modQ(f[j] + Q - t);
        f[j] = modQ(f[j] + t);
      }
    }
  }
  return f;
}

/** FIPS 203 algorithm 10, in place. */
function inverseNtt(f) {
  let i = 127;
  for (let length = 2; length <= 128; length <<= 1) {
    for (let start = 0; start < N; start += 2 * length) {
      const zeta = ZETAS[i--];
      for (let j = start; j < start + length; j++) {
        const t = f[j];
        f[j] = modQ(t + f[j + length]);
        f[j + length] = modQ(zeta * (f[j + length] + Q - t));
      }
    }
  }
  for (let j = 0; j < N; j++) {
    f[j] = modQ(f[j] * 3303);
  }
  return f;
}

/** Adds the product of two polynomials in the NTT domain to a sum (FIPS 203 algorithms 11 and 12). */
function addProduct(sum, f, g) {
  for (let i = 0; i < 128; i++) {
    const [a0, a1, b0, b1] = [f[2 * i], f[2 * i + 1], g[2 * i], g[2 * i + 1]];
    sum[2 * i] = modQ(sum[2 * i] + a0 * b0 + modQ(a1 * b1) * GAMMAS[i]);
    sum[2 * i + 1] = modQ(sum[2 * i + 1] + a0 * b1 + a1 * b0);
  }
}

function add(f, g) {
  for (let i = 0; i < N; i++) {
    f[i] = modQ(f[i] + g[i]);
  }
  return f;
}

/** FIPS 203 algorithm 7: a uniform polynomial in the NTT domain, from public bytes. */
function sampleNtt(rho, j, i) {
  const stream = new Sponge(168, 0x1f, concat(rho, [j, i]));
  const f = new Int32Array(N);
  for (let filled = 0; filled < N; ) {
    const [c0, c1, c2] = stream.squeeze(3);
    const d1 = c0 + 256 * (c1 & 15);
    const d2 = (c1 >> 4) + 16 * c2;
    if (d1 < Q) {
      f[filled++] = d1;
    }
    if (d2 < Q && filled < N) {
      f[filled++] = d2;
    }
  }
  return f;
}

/** FIPS 203 algorithm 8 with eta = 2, over PRF (4.3: SHAKE256 of the seed and a counter). */
function sampleNoise(seed, counter) {
  const bytes = shake256(concat(seed, [counter]), 128);
  const f = new Int32Array(N);
  for (let i = 0; i < N; i++) {
    const bits = bytes[i >> 1] >> (4 * (i & 1));
    const x = (bits & 1) + ((bits >> 1) & 1);
    const y = ((bits >> 2) & 1) + ((bits >> 3) & 1);
    f[i] = modQ(x + Q - y);
  }
  return f;
}

/** FIPS 203 algorithm 5: d bits of each coefficient, the lowest first. */
function packBits(f, d) {
  const bytes = new Uint8Array(32 * d);
  for (let i = 0, at = 0; i < N; i++) {
    for (let bit = 0; bit < d; bit++, at++) {
      bytes[at >> 3] |= ((f[i] >> bit) & 1) << (at & 7);
    }
  }
  return bytes;
}

/** FIPS 203 algorithm 6, without its reduction. */
function unpackBits(bytes, d) {
  const f = new Int32Array(N);
  for (let i = 0, at = 0; i < N; i++) {
    for (let bit = 0; bit < d; bit++, at++) {
      f[i] |= ((bytes[at >> 3] >> (at & 7)) & 1) << bit;
    }
  }
  return f;
}

/** Compress_d (FIPS 203 4.7): round(2^d x / q) mod 2^d. No division: q is replaced by its reciprocal times 2^36. */
const compress = (f, d) => f.map((x) => Math.floor(((x * 2 ** d + 1664) * 20642679) / 2 ** 36) & ((1 << d) - 1));

/** Decompress_d (FIPS 203 4.8): round(q y / 2^d). */
const decompress = (f, d) => f.map((y) => (y * Q + (1 << (d - 1))) >> d);

/** Cuts bytes into parts of these lengths. */
function split(bytes, ...lengths) {
  let at = 0;
  return lengths.map((length) => bytes.subarray(at, (at += length)));
}

const ranks = (make) => Array.from({ length: RANK }, (_, i) => make(i));

/** K-PKE.KeyGen (FIPS 203 algorithm 13). */
function pkeKeygen(d) {
  const [rho, sigma] = split(sha3_512(concat(d, [RANK])), 32, 32);
  const s = ranks((i) => ntt(sampleNoise(sigma, i)));
  const t = ranks((i) => {
    const sum = ntt(sampleNoise(sigma, RANK + i));
    s.forEach((sj, j) => addProduct(sum, sampleNtt(rho, j, i), sj));
    return sum;
  });
  return {
    ek: concat(...t.map((f) => packBits(f, 12)), rho),
    dk: concat(...s.map((f) => packBits(f, 12))),
  };
}

/** K-PKE.Encrypt (FIPS 203 algorithm 14). */
function pkeEncrypt(ek, m, r) {
  const t = ranks((i) => unpackBits(ek.subarray(384 * i), 12));
  const rho = ek.subarray(384 * RANK);
  const y = ranks((i) => ntt(sampleNoise(r, i)));
  const u = ranks((i) => {
    const sum = new Int32Array(N);
    y.forEach((yj, j) => addProduct(sum, sampleNtt(rho, i, j), yj));
    return packBits(compress(add(inverseNtt(sum), sampleNoise(r, RANK + i)), 10), 10);
  });
  const sum = new Int32Array(N);
  t.forEach((ti, i) => addProduct(sum, ti, y[i]));
  const v = add(add(inverseNtt(sum), sampleNoise(r, 2 * RANK)), decompress(unpackBits(m, 1), 1));
  return concat(...u, packBits(compress(v, 4), 4));
}

/** K-PKE.Decrypt (FIPS 203 algorithm 15). */
function pkeDecrypt(dk, c) {
  const sum = new Int32Array(N);
  for (let i = 0; i < RANK; i++) {
    const u = decompress(unpackBits(c.subarray(320 * i), 10), 10);
    addProduct(sum, unpackBits(dk.subarray(384 * i), 12), ntt(u));
  }
  const v = decompress(unpackBits(c.subarray(320 * RANK), 4), 4);
  const product = inverseNtt(sum);
  return packBits(compress(v.map((x, i) => modQ(x + Q - product[i])), 1), 1);
}

/**
 * ML-KEM.KeyGen_internal (FIPS 203 algorithm 16): the encapsulation key of 1184 bytes and the decapsulation key of
 * 2400 from the seed's halves d and z.
 */
export function mlkemKeygen(d, z) {
  const { ek, dk } = pkeKeygen(d);
  return { ek, dk: concat(dk, ek, sha3_256(ek), z) };
}

/** ML-KEM.Encaps_internal (FIPS 203 algorithm 17), after the checks of 7.2; `m` is 32 random bytes. */
export function mlkemEncaps(ek, m) {
  if (ek.length !== EK_BYTES || ranks((i) => unpackBits(ek.subarray(384 * i), 12)).some((f) => f.some((x) => x >= Q))) {
    throw malformed("not an encapsulation key of ML-KEM-768");
  }
  const [key, r] = split(sha3_512(concat(m, sha3_256(ek))), 32, 32);
  return { key: key.slice(), ct: pkeEncrypt(ek, m, r) };
}

/**
 * ML-KEM.Decaps_internal (FIPS 203 algorithm 18). A ciphertext that nobody made for this key gives a key all the same,
 * one that follows from z and the ciphertext (implicit rejection): whoever sent it learns nothing.
 */
export function mlkemDecaps(dk, ct) {
  if (dk.length !== 2 * EK_BYTES + 32 || ct.length !== MLKEM_CT_BYTES) {
    throw malformed("not a ciphertext of ML-KEM-768");
  }
  const [dkPke, ek, hash, z] = split(dk, 384 * RANK, EK_BYTES, 32, 32);
  const m = pkeDecrypt(dkPke, ct);
  const [key, r] = split(sha3_512(concat(m, hash)), 32, 32);
  const rejected = shake256(concat(z, ct), 32);
  const again = pkeEncrypt(ek, m, r);
  // Taken without a branch: all ones where the ciphertexts are the same, zero where not.
  let differing = 0;
  for (let i = 0; i < ct.length; i++) {
    differing |= ct[i] ^ again[i];
  }
  const same = (differing - 1) >> 31;
  return rejected.map((byte, i) => (key[i] & same) | (byte & ~same));
}

// ---- X25519 (RFC 7748 5) ----
//
// Numbers mod 2^255 - 19 as 16 limbs of 16 bits in doubles. Factors are sums or differences of two that were carried,
// so a limb of a product stays below 2^44 and is exact.

const fieldOf = (first) => {
  const limbs = new Float64Array(16);
  limbs[0] = first;
  return limbs;
};

/** Brings limbs back to 16 bits; what leaves the top comes back at the bottom 38-fold (2^256 = 38 mod p). */
function carry(a) {
  for (let round = 0; round < 2; round++) {
    let over = 0;
    for (let i = 0; i < 16; i++) {
      const limb = a[i] + over;
      over = Math.floor(limb * (1 / 65536));
      a[i] = limb - 65536 * over;
    }
    a[0] += 38 * over;
  }
  return a;
}

function fieldAdd(out, a, b) {
  for (let i = 0; i < 16; i++) {
    out[i] = a[i] + b[i];
  }
  return out;
}

function fieldSub(out, a, b) {
  for (let i = 0; i < 16; i++) {
    out[i] = a[i] - b[i];
  }
  return out;
}

/** A product before it is brought back to 16 limbs: made once, since an array for each of thousands costs more. */
const wide = new Float64Array(31);

function fieldMul(out, a, b) {
  wide.fill(0);
  for (let i = 0; i < 16; i++) {
    const limb = a[i];
    for (let j = 0; j < 16; j++) {
      wide[i + j] += limb * b[j];
    }
  }
  for (let i = 0; i < 15; i++) {
    out[i] = wide[i] + 38 * wide[i + 16];
  }
  out[15] = wide[15];
  return carry(out);
}

/** a^(p - 2) = 1/a: p - 2 = 2^255 - 21 has all bits set but 2 and 4. */
function fieldInvert(a) {
  const power = a.slice();
  for (let bit = 253; bit >= 0; bit--) {
    fieldMul(power, power, power);
    if (bit !== 2 && bit !== 4) {
      fieldMul(power, power, a);
    }
  }
  return power;
}

/** Swaps two numbers where `swap` is 1, without a branch. */
function fieldSwap(a, b, swap) {
  for (let i = 0; i < 16; i++) {
    const difference = swap * (a[i] - b[i]);
    a[i] -= difference;
    b[i] += difference;
  }
}

/** The one representation below p, little-endian. */
function fieldBytes(a) {
  const t = carry(carry(a.slice()));
  for (let round = 0; round < 2; round++) {
    // t - p, kept where it is not negative.
    const less = new Float64Array(16);
    let borrow = 0;
    for (let i = 0; i < 16; i++) {
      const limb = t[i] - (i === 0 ? 0xffed : i === 15 ? 0x7fff : 0xffff) - borrow;
      borrow = limb < 0 ? 1 : 0;
      less[i] = limb + 65536 * borrow;
    }
    fieldSwap(t, less, 1 - borrow);
  }
  const bytes = new Uint8Array(32);
  for (let i = 0; i < 16; i++) {
    bytes[2 * i] = t[i] & 255;
    bytes[2 * i + 1] = t[i] >> 8;
  }
  return bytes;
}

/** X25519 in script (RFC 7748 5). */
export function x25519Script(scalar, point) {
  const k = scalar.slice();
  k[0] &= 248;
  k[31] = (k[31] & 127) | 64;
  const x1 = new Float64Array(16);
  for (let i = 0; i < 16; i++) {
    x1[i] = point[2 * i] + 256 * (i === 15 ? point[31] & 127 : point[2 * i + 1]);
  }
  const [x2, z2, x3, z3] = [fieldOf(1), fieldOf(0), x1.slice(), fieldOf(1)];
  const [a, b, aa, bb, e, da, cb] = Array.from({ length: 7 }, () => fieldOf(0));
  const a24 = fieldOf(121665 % 65536);
  a24[1] = Math.floor(121665 / 65536);
  let swapped = 0;
  for (let t = 254; t >= 0; t--) {
    const bit = (k[t >> 3] >> (t & 7)) & 1;
    fieldSwap(x2, x3, swapped ^ bit);
    fieldSwap(z2, z3, swapped ^ bit);
    swapped = bit;
    // The names are those of RFC 7748 5; what is not needed any more is written over.
    fieldAdd(a, x2, z2);
    fieldSub(b, x2, z2);
    fieldMul(aa, a, a);
    fieldMul(bb, b, b);
    fieldSub(e, aa, bb);
    fieldMul(da, fieldSub(da, x3, z3), a);
    fieldMul(cb, fieldAdd(cb, x3, z3), b);
    fieldAdd(x3, da, cb);
    fieldMul(x3, x3, x3);
    fieldSub(z3, da, cb);
    fieldMul(z3, z3, z3);
    fieldMul(z3, x1, z3);
    fieldMul(x2, aa, bb);
    fieldMul(z2, a24, e);
    fieldAdd(z2, aa, z2);
    fieldMul(z2, e, z2);
  }
  fieldSwap(x2, x3, swapped);
  fieldSwap(z2, z3, swapped);
  return fieldBytes(fieldMul(x2, x2, fieldInvert(z2)));
}

// ---- What the browser brings itself ----

let nativeWanted = true;
let nativeX25519 = null;
let nativeMlkem = null;

/** `false`: do without WebCrypto's X25519 and ML-KEM even where they are there, as tests of the scripts want it. */
export function setNative(wanted) {
  nativeWanted = Boolean(wanted);
  nativeX25519 = null;
  nativeMlkem = null;
}

/** What comes before the key in an X25519 private key as PKCS #8 (RFC 8410 7). */
const PKCS8_X25519 = Uint8Array.from([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20,
]);
const BASE_POINT = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 9 : 0));

async function x25519Native(scalar, point) {
  const engine = await subtle();
  const pkcs8 = concat(PKCS8_X25519, scalar);
  const name = { name: "X25519" };
  try {
    const privateKey = await engine.importKey("pkcs8", pkcs8, name, false, ["deriveBits"]);
    const publicKey = await engine.importKey("raw", point, name, false, []);
    return new Uint8Array(await engine.deriveBits({ name: "X25519", public: publicKey }, privateKey, 256));
  } finally {
    pkcs8.fill(0);
  }
}

/** Whether WebCrypto has X25519 (Secure Curves in the Web Cryptography API); asked once. */
function hasX25519() {
  nativeX25519 ??= (async () => {
    if (!nativeWanted) {
      return false;
    }
    try {
      const scalar = new Uint8Array(32).fill(0x42);
      return sameBytes(await x25519Native(scalar, BASE_POINT), x25519Script(scalar, BASE_POINT));
    } catch {
      return false;
    }
  })();
  return nativeX25519;
}

/** X25519 as RFC 7748 5 defines it: zeros for a point of small order, where WebCrypto fails. */
async function x25519(scalar, point) {
  if (await hasX25519()) {
    try {
      return await x25519Native(scalar, point);
    } catch {
      // The script below gives the zeros, or what WebCrypto should have given.
    }
  }
  return x25519Script(scalar, point);
}

/** The same, refusing a shared secret of zeros as DHKEM must (RFC 9180 7.1.4). X-Wing does without. */
async function x25519Checked(scalar, point) {
  const shared = await x25519(scalar, point);
  if (sameBytes(shared, new Uint8Array(32))) {
    throw malformed("the X25519 key is one of small order");
  }
  return shared;
}

const MLKEM = { name: "ML-KEM-768" };

async function mlkemNativeDecaps(seed, ct) {
  const engine = await subtle();
  const key = await engine.importKey("raw-seed", seed, MLKEM, false, ["decapsulateBits"]);
  return new Uint8Array(await engine.decapsulateBits(MLKEM, key, ct));
}

async function mlkemNativeEncaps(ek) {
  const engine = await subtle();
  const key = await engine.importKey("raw-public", ek, MLKEM, false, ["encapsulateBits"]);
  const { sharedKey, ciphertext } = await engine.encapsulateBits(MLKEM, key);
  return { key: new Uint8Array(sharedKey), ct: new Uint8Array(ciphertext) };
}

/** Whether WebCrypto has ML-KEM-768 (Modern Algorithms in the Web Cryptography API), both ways; asked once. */
function hasMlkem() {
  nativeMlkem ??= (async () => {
    const engine = webcrypto?.subtle;
    if (!nativeWanted || !engine?.encapsulateBits || !engine.decapsulateBits) {
      return false;
    }
    try {
      const seed = Uint8Array.from({ length: 64 }, (_, i) => i);
      const { ek, dk } = mlkemKeygen(seed.subarray(0, 32), seed.subarray(32));
      const { key, ct } = await mlkemNativeEncaps(ek);
      return sameBytes(key, mlkemDecaps(dk, ct)) && sameBytes(key, await mlkemNativeDecaps(seed, ct));
    } catch {
      return false;
    }
  })();
  return nativeMlkem;
}

/** What is used here, for tests and for whoever wonders: `{x25519, mlkem}`, each `webcrypto` or `script`. */
export async function engines() {
  const name = (native) => (native ? "webcrypto" : "script");
  return { x25519: name(await hasX25519()), mlkem: name(await hasMlkem()) };
}

// ---- X-Wing (draft-connolly-cfrg-xwing-kem): ML-KEM-768 with X25519 ----

/** `\.//^\` */
const XWING_LABEL = Uint8Array.from([0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c]);

/** The draft's expandDecapsulationKey, without the ML-KEM keys themselves: its seed d || z, and X25519's scalar. */
function xwingExpand(seed) {
  const [mlkemSeed, scalar] = split(shake256(seed, 96), 64, 32);
  return { mlkemSeed, scalar };
}

/** The draft's Combiner (section 5.3). */
const xwingCombine = (ssM, ssX, ctX, pkX) => sha3_256(concat(ssM, ssX, ctX, pkX, XWING_LABEL));

/** The public key (1216 bytes) of a seed of 32 bytes. */
export async function xwingPublicKey(seed) {
  const { mlkemSeed, scalar } = xwingExpand(seed);
  const { ek } = mlkemKeygen(mlkemSeed.subarray(0, 32), mlkemSeed.subarray(32));
  return concat(ek, await x25519(scalar, BASE_POINT));
}

/**
 * Encapsulate (section 5.4): `{key, ct}`, 32 and 1120 bytes. With 64 bytes of `randomness` it is the draft's
 * EncapsulateDerand, for vectors; without, WebCrypto makes its own.
 */
export async function xwingEncaps(publicKey, randomness) {
  if (publicKey.length !== EK_BYTES + 32) {
    throw malformed("not a public key of X-Wing");
  }
  const [ek, pkX] = split(publicKey, EK_BYTES, 32);
  const [m, scalar] = split(randomness ?? randomBytes(64), 32, 32);
  const native = !randomness && (await hasMlkem());
  const { key: ssM, ct: ctM } = native ? await mlkemNativeEncaps(ek) : mlkemEncaps(ek, m);
  const ctX = await x25519(scalar, BASE_POINT);
  const ssX = await x25519(scalar, pkX);
  return { key: xwingCombine(ssM, ssX, ctX, pkX), ct: concat(ctM, ctX) };
}

/** What the last seed expanded to: an inbox opens hundreds of envelopes with one. */
let lastXwing = null;

async function xwingKeys(seed) {
  if (lastXwing === null || !sameBytes(lastXwing.seed, seed)) {
    const { mlkemSeed, scalar } = xwingExpand(seed);
    const { dk } = mlkemKeygen(mlkemSeed.subarray(0, 32), mlkemSeed.subarray(32));
    lastXwing = { seed: seed.slice(), mlkemSeed, dk, scalar, pkX: await x25519(scalar, BASE_POINT) };
  }
  return lastXwing;
}

/** Decapsulate (section 5.5): the 32 bytes that a ciphertext of 1120 bytes shares with the holder of the seed. */
export async function xwingDecaps(seed, ct) {
  if (ct.length !== MLKEM_CT_BYTES + 32) {
    throw malformed("not a ciphertext of X-Wing");
  }
  const { mlkemSeed, dk, scalar, pkX } = await xwingKeys(seed);
  const [ctM, ctX] = split(ct, MLKEM_CT_BYTES, 32);
  const ssM = (await hasMlkem()) ? await mlkemNativeDecaps(mlkemSeed, ctM) : mlkemDecaps(dk, ctM);
  return xwingCombine(ssM, await x25519(scalar, ctX), ctX, pkX);
}

// ---- HKDF-SHA256 (RFC 5869) and HPKE (RFC 9180), base mode ----

async function hmac(key, ...parts) {
  const engine = await subtle();
  // WebCrypto refuses an empty key; one of zeros is the same to HMAC.
  const material = key.length ? key : new Uint8Array(32);
  const imported = await engine.importKey("raw", material, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await engine.sign("HMAC", imported, concat(...parts)));
}

const EMPTY = new Uint8Array(0);

/** HKDF-Expand (RFC 5869 2.3) for up to 32 bytes, the most that is asked for here: one block. */
async function expand(prk, info, length) {
  return (await hmac(prk, info, [1])).slice(0, length);
}

/** HKDF-SHA256 without salt, 32 bytes. */
async function hkdf(secret, info) {
  return expand(await hmac(EMPTY, secret), utf8(info), 32);
}

const twoBytes = (value) => [value >> 8, value & 255];
const HPKE_V1 = utf8("HPKE-v1");

/** RFC 9180 4: LabeledExtract. */
const labeledExtract = (salt, suite, label, secret) => hmac(salt, HPKE_V1, suite, utf8(label), secret);

/** RFC 9180 4: LabeledExpand. */
const labeledExpand = (prk, suite, label, info, length) =>
  expand(prk, concat(twoBytes(length), HPKE_V1, suite, utf8(label), info), length);

/** RFC 9180 4.1: DHKEM's ExtractAndExpand, for X25519. */
async function dhkemSecret(dh, enc, publicKey) {
  const suite = concat(utf8("KEM"), twoBytes(0x0020));
  const prk = await labeledExtract(EMPTY, suite, "eae_prk", dh);
  return labeledExpand(prk, suite, "shared_secret", concat(enc, publicKey), 32);
}

/**
 * The two KEMs: ids of the HPKE registry, lengths, and their three operations. X-Wing's shared secret goes into the key
 * schedule as it is (draft-ietf-hpke-pq, MLKEM768-X25519), and its private key is its seed.
 */
const KEMS = {
  xwing: {
    id: 0x647a,
    publicBytes: EK_BYTES + 32,
    encBytes: MLKEM_CT_BYTES + 32,
    publicKey: xwingPublicKey,
    async encap(publicKey, randomness) {
      const { key, ct } = await xwingEncaps(publicKey, randomness);
      return { secret: key, enc: ct };
    },
    decap: xwingDecaps,
  },
  x25519: {
    id: 0x0020,
    publicBytes: 32,
    encBytes: 32,
    publicKey: (seed) => x25519(seed, BASE_POINT),
    async encap(publicKey, randomness) {
      const scalar = randomness ?? randomBytes(32);
      const enc = await x25519(scalar, BASE_POINT);
      return { secret: await dhkemSecret(await x25519Checked(scalar, publicKey), enc, publicKey), enc };
    },
    async decap(seed, enc) {
      return dhkemSecret(await x25519Checked(seed, enc), enc, await x25519(seed, BASE_POINT));
    },
  },
};

function kemNamed(name) {
  if (!Object.hasOwn(KEMS, name)) {
    throw malformed("the KEM is neither xwing nor x25519");
  }
  return KEMS[name];
}

/** RFC 9180 5.1: the key schedule of base mode with HKDF-SHA256; AEAD 1 is AES-128-GCM, 2 AES-256-GCM. */
export async function hpkeKeySchedule(kemId, aeadId, secret, info) {
  const suite = concat(utf8("HPKE"), twoBytes(kemId), twoBytes(0x0001), twoBytes(aeadId));
  const pskIdHash = await labeledExtract(EMPTY, suite, "psk_id_hash", EMPTY);
  const infoHash = await labeledExtract(EMPTY, suite, "info_hash", info);
  const context = concat([0], pskIdHash, infoHash);
  const prk = await labeledExtract(secret, suite, "secret", EMPTY);
  return {
    key: await labeledExpand(prk, suite, "key", context, aeadId === 1 ? 16 : 32),
    nonce: await labeledExpand(prk, suite, "base_nonce", context, 12),
  };
}

/**
 * RFC 9180 6.1: SealBase, one message. `suite` is `{kem, aead}` by name and id; `randomness` is for vectors. Gives
 * `{enc, ct}`.
 */
export async function hpkeSeal({ kem, aead = 2, publicKey, info, aad, plaintext, randomness }) {
  const { id, publicBytes, encap } = kemNamed(kem);
  if (publicKey.length !== publicBytes) {
    throw malformed(`a public key of ${kem} has ${publicBytes} bytes`);
  }
  const { secret, enc } = await encap(publicKey, randomness);
  const { key, nonce } = await hpkeKeySchedule(id, aead, secret, info);
  return { enc, ct: await gcmSeal(key, nonce, plaintext, aad) };
}

/** RFC 9180 6.1: OpenBase, one message. Anything but what was sealed to this key is `wrong-key`. */
export async function hpkeOpen({ kem, aead = 2, seed, info, aad, enc, ct }) {
  const { id, encBytes, decap } = kemNamed(kem);
  if (enc.length !== encBytes || ct.length < 16) {
    throw malformed("the envelope is cut");
  }
  const { key, nonce } = await hpkeKeySchedule(id, aead, await decap(seed, enc), info);
  return gcmOpen(key, nonce, ct, aad, "wrong-key");
}

// ---- AES-GCM ----

async function gcmSeal(key, iv, plaintext, aad = EMPTY) {
  const engine = await subtle();
  const cipher = await engine.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  return new Uint8Array(await engine.encrypt({ name: "AES-GCM", iv, additionalData: aad }, cipher, plaintext));
}

async function gcmOpen(key, iv, ciphertext, aad = EMPTY, kind = "damaged") {
  const engine = await subtle();
  const cipher = await engine.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
  try {
    return new Uint8Array(await engine.decrypt({ name: "AES-GCM", iv, additionalData: aad }, cipher, ciphertext));
  } catch {
    throw new MemoError(kind);
  }
}

// ---- Blake2b (RFC 7693) and Argon2id (RFC 9106) ----
//
// 64-bit words are two of 32 bits, low first. WebCrypto has neither function.

const BLAKE2B_IV = Uint32Array.from([
  0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372, 0x5f1d36f1, 0xa54ff53a, 0xade682d1,
  0x510e527f, 0x2b3e6c1f, 0x9b05688c, 0xfb41bd6b, 0x1f83d9ab, 0x137e2179, 0x5be0cd19,
]);

/** RFC 7693 2.7, a round a row. */
const SIGMA = [
  "0123456789abcdef",
  "ea489fd61c02b753",
  "b8c052fdae367194",
  "7931dcbe265a40f8",
  "905724afe1bc683d",
  "2c6a0b834d75fe19",
  "c51fed4a0763928b",
  "db7ec13950f4862a",
  "6fe9b308c2d714a5",
  "a2847615fb9e3cd0",
].map((row) => Array.from(row, (digit) => parseInt(digit, 16)));

/** v[a] += v[b] + (x1:x0), over 32-bit halves. */
function add64(v, a, b, x0, x1) {
  const low = v[a] + v[b] + x0;
  v[a + 1] = v[a + 1] + v[b + 1] + x1 + Math.floor(low / 0x100000000);
  v[a] = low;
}

/** v[a] = (v[a] ^ v[b]) >>> by, for the four rotations of RFC 7693 2.1. */
function xorRotate(v, a, b, by) {
  const low = v[a] ^ v[b];
  const high = v[a + 1] ^ v[b + 1];
  if (by === 32) {
    v[a] = high;
    v[a + 1] = low;
  } else if (by === 63) {
    v[a] = (low << 1) | (high >>> 31);
    v[a + 1] = (high << 1) | (low >>> 31);
  } else {
    v[a] = (low >>> by) | (high << (32 - by));
    v[a + 1] = (high >>> by) | (low << (32 - by));
  }
}

/** BLAKE2b without a key (RFC 7693 3.3), `length` bytes, 64 at most. */
export function blake2b(message, length) {
  const h = BLAKE2B_IV.slice();
  h[0] ^= 0x01010000 ^ length;
  const v = new Uint32Array(32);
  const m = new Uint32Array(32);
  const blocks = Math.max(1, Math.ceil(message.length / 128));
  for (let block = 0; block < blocks; block++) {
    const end = Math.min(message.length, 128 * (block + 1));
    m.fill(0);
    for (let i = 128 * block; i < end; i++) {
      m[(i & 127) >> 2] |= message[i] << (8 * (i & 3));
    }
    v.set(h);
    v.set(BLAKE2B_IV, 16);
    v[24] ^= end;
    if (block === blocks - 1) {
      v[28] = ~v[28];
      v[29] = ~v[29];
    }
    for (let round = 0; round < 12; round++) {
      const s = SIGMA[round % 10];
      for (let i = 0; i < 8; i++) {
        // Columns, then diagonals.
        const turn = i >> 2;
        const column = i & 3;
        const a = 2 * column;
        const b = 8 + 2 * ((column + turn) & 3);
        const c = 16 + 2 * ((column + 2 * turn) & 3);
        const d = 24 + 2 * ((column + 3 * turn) & 3);
        const [x, y] = [2 * s[2 * i], 2 * s[2 * i + 1]];
        add64(v, a, b, m[x], m[x + 1]);
        xorRotate(v, d, a, 32);
        add64(v, c, d, 0, 0);
        xorRotate(v, b, c, 24);
        add64(v, a, b, m[y], m[y + 1]);
        xorRotate(v, d, a, 16);
        add64(v, c, d, 0, 0);
        xorRotate(v, b, c, 63);
      }
    }
    for (let i = 0; i < 16; i++) {
      h[i] ^= v[i] ^ v[i + 16];
    }
  }
  return wordBytes(h).slice(0, length);
}

function wordBytes(words) {
  const bytes = new Uint8Array(4 * words.length);
  words.forEach((word, i) => {
    for (let j = 0; j < 4; j++) {
      bytes[4 * i + j] = word >>> (8 * j);
    }
  });
  return bytes;
}

function fourBytes(value) {
  return [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
}

/** H' (RFC 9106 3.3): Blake2b of any length. */
function longBlake2b(message, length) {
  const input = concat(fourBytes(length), message);
  if (length <= 64) {
    return blake2b(input, length);
  }
  const out = new Uint8Array(length);
  let block = blake2b(input, 64);
  let at = 0;
  for (; length - at > 64; at += 32) {
    out.set(block.subarray(0, 32), at);
    block = blake2b(block, Math.min(64, length - at - 32));
  }
  out.set(block, at);
  return out;
}

/**
 * GB (RFC 9106 3.6) on the words a, b, c, d of `v`, each two halves of 32 bits. The product of two low halves is taken
 * in 16-bit parts, since JavaScript has no 64-bit integer that is fast. Four times the same lines but for the rotation:
 * as a function of its own over the array it took twice the time.
 */
function blamka(v, a, b, c, d) {
  let [al, ah, bl, bh] = [v[a], v[a + 1], v[b], v[b + 1]];
  let [cl, ch, dl, dh] = [v[c], v[c + 1], v[d], v[d + 1]];
  let x, y, p, q, r, low;

  x = al & 0xffff; y = al >>> 16; p = bl & 0xffff; q = bl >>> 16;
  r = Math.imul(x, p); p = Math.imul(y, p); x = Math.imul(x, q); y = Math.imul(y, q);
  p = p >>> 0; x = x >>> 0; low = (r >>> 16) + (p & 0xffff) + (x & 0xffff);
  y = (y + (p >>> 16) + (x >>> 16) + (low >>> 16)) | 0; r = (low << 16) | (r & 0xffff);
  y = (y << 1) | (r >>> 31); r = r << 1;
  low = (al >>> 0) + (bl >>> 0) + (r >>> 0);
  ah = (ah + bh + y + ((low / 0x100000000) | 0)) | 0; al = low | 0;
  x = dl ^ al; dl = dh ^ ah; dh = x;

  x = cl & 0xffff; y = cl >>> 16; p = dl & 0xffff; q = dl >>> 16;
  r = Math.imul(x, p); p = Math.imul(y, p); x = Math.imul(x, q); y = Math.imul(y, q);
  p = p >>> 0; x = x >>> 0; low = (r >>> 16) + (p & 0xffff) + (x & 0xffff);
  y = (y + (p >>> 16) + (x >>> 16) + (low >>> 16)) | 0; r = (low << 16) | (r & 0xffff);
  y = (y << 1) | (r >>> 31); r = r << 1;
  low = (cl >>> 0) + (dl >>> 0) + (r >>> 0);
  ch = (ch + dh + y + ((low / 0x100000000) | 0)) | 0; cl = low | 0;
  x = bl ^ cl; y = bh ^ ch; bl = (x >>> 24) | (y << 8); bh = (y >>> 24) | (x << 8);

  x = al & 0xffff; y = al >>> 16; p = bl & 0xffff; q = bl >>> 16;
  r = Math.imul(x, p); p = Math.imul(y, p); x = Math.imul(x, q); y = Math.imul(y, q);
  p = p >>> 0; x = x >>> 0; low = (r >>> 16) + (p & 0xffff) + (x & 0xffff);
  y = (y + (p >>> 16) + (x >>> 16) + (low >>> 16)) | 0; r = (low << 16) | (r & 0xffff);
  y = (y << 1) | (r >>> 31); r = r << 1;
  low = (al >>> 0) + (bl >>> 0) + (r >>> 0);
  ah = (ah + bh + y + ((low / 0x100000000) | 0)) | 0; al = low | 0;
  x = dl ^ al; y = dh ^ ah; dl = (x >>> 16) | (y << 16); dh = (y >>> 16) | (x << 16);

  x = cl & 0xffff; y = cl >>> 16; p = dl & 0xffff; q = dl >>> 16;
  r = Math.imul(x, p); p = Math.imul(y, p); x = Math.imul(x, q); y = Math.imul(y, q);
  p = p >>> 0; x = x >>> 0; low = (r >>> 16) + (p & 0xffff) + (x & 0xffff);
  y = (y + (p >>> 16) + (x >>> 16) + (low >>> 16)) | 0; r = (low << 16) | (r & 0xffff);
  y = (y << 1) | (r >>> 31); r = r << 1;
  low = (cl >>> 0) + (dl >>> 0) + (r >>> 0);
  ch = (ch + dh + y + ((low / 0x100000000) | 0)) | 0; cl = low | 0;
  x = bl ^ cl; y = bh ^ ch; bl = (x << 1) | (y >>> 31); bh = (y << 1) | (x >>> 31);

  v[a] = al; v[a + 1] = ah; v[b] = bl; v[b + 1] = bh;
  v[c] = cl; v[c + 1] = ch; v[d] = dl; v[d + 1] = dh;
}

/** P (RFC 9106 3.6) on the eight 16-byte registers that begin at `from` and follow each other by `step` words. */
function permute(v, from, step) {
  const [r0, r1, r2, r3] = [from, from + step, from + 2 * step, from + 3 * step];
  const [r4, r5, r6, r7] = [from + 4 * step, from + 5 * step, from + 6 * step, from + 7 * step];
  blamka(v, r0, r2, r4, r6);
  blamka(v, r0 + 2, r2 + 2, r4 + 2, r6 + 2);
  blamka(v, r1, r3, r5, r7);
  blamka(v, r1 + 2, r3 + 2, r5 + 2, r7 + 2);
  blamka(v, r0, r2 + 2, r5, r7 + 2);
  blamka(v, r0 + 2, r3, r5 + 2, r6);
  blamka(v, r1, r3 + 2, r4, r6 + 2);
  blamka(v, r1 + 2, r2, r4 + 2, r7);
}

const BLOCK_WORDS = 256;

/** G (RFC 9106 3.5): the block at `to` becomes (or, after the first pass, is xored with) G of those at `x` and `y`. */
function compressBlock(memory, x, y, to, xorOld, work) {
  for (let i = 0; i < BLOCK_WORDS; i++) {
    // R is needed again at the end; what was at `to` as well, where it counts.
    const mixed = memory[x + i] ^ memory[y + i];
    work[i] = mixed;
    memory[to + i] = xorOld ? memory[to + i] ^ mixed : mixed;
  }
  for (let row = 0; row < 8; row++) {
    permute(work, 32 * row, 4);
  }
  for (let column = 0; column < 8; column++) {
    permute(work, 4 * column, 32);
  }
  for (let i = 0; i < BLOCK_WORDS; i++) {
    memory[to + i] ^= work[i];
  }
}

/** Lets the page draw and take clicks. */
const breathe = () => new Promise((resolve) => setTimeout(resolve, 0));

/**
 * Argon2id, version 0x13 (RFC 9106 3). 64 MiB with three passes take a few seconds; the event loop gets a turn every
 * 30 ms or so, and `progress`, where given, is called with the fraction done.
 */
export async function argon2id({ password, salt, mKib, t, p, length, secret = EMPTY, data = EMPTY, progress }) {
  // 3.2: H0, then the first two blocks of each lane.
  const field = (bytes) => concat(fourBytes(bytes.length), bytes);
  const first = concat(
    ...[p, length, mKib, t, 0x13, 2].map((value) => Uint8Array.from(fourBytes(value))),
    ...[password, salt, secret, data].map(field),
  );
  const h0 = blake2b(first, 64);
  const segment = Math.floor(mKib / (4 * p));
  const lane = 4 * segment;
  if (segment < 2) {
    throw malformed("Argon2 needs 8 KiB a lane");
  }
  const memory = new Int32Array(p * lane * BLOCK_WORDS);
  const at = (laneIndex, column) => (laneIndex * lane + column) * BLOCK_WORDS;
  for (let l = 0; l < p; l++) {
    for (let column = 0; column < 2; column++) {
      const block = longBlake2b(concat(h0, fourBytes(column), fourBytes(l)), 1024);
      const words = new DataView(block.buffer);
      for (let i = 0; i < BLOCK_WORDS; i++) {
        memory[at(l, column) + i] = words.getInt32(4 * i, true);
      }
    }
  }

  const work = new Int32Array(BLOCK_WORDS);
  // For data-independent addressing (3.4.1.2): zeros, the input block, the block of addresses.
  const addressing = new Int32Array(3 * BLOCK_WORDS);
  let drawn = Date.now();
  for (let pass = 0; pass < t; pass++) {
    for (let slice = 0; slice < 4; slice++) {
      // 3.4.1.3: Argon2id chooses the first two slices of the first pass independently of the password.
      const independent = pass === 0 && slice < 2;
      for (let l = 0; l < p; l++) {
        if (independent) {
          addressing.fill(0);
          [pass, l, slice, p * lane, t, 2].forEach((value, i) => (addressing[BLOCK_WORDS + 2 * i] = value));
        }
        for (let i = pass === 0 && slice === 0 ? 2 : 0; i < segment; i++) {
          const column = slice * segment + i;
          const previous = at(l, (column + lane - 1) % lane);
          let j1, j2;
          if (independent) {
            if (i % 128 === 0 || (i === 2 && slice === 0)) {
              addressing[BLOCK_WORDS + 12]++;
              compressBlock(addressing, 0, BLOCK_WORDS, 2 * BLOCK_WORDS, false, work);
              compressBlock(addressing, 0, 2 * BLOCK_WORDS, 2 * BLOCK_WORDS, false, work);
            }
            j1 = addressing[2 * BLOCK_WORDS + 2 * (i % 128)] >>> 0;
            j2 = addressing[2 * BLOCK_WORDS + 2 * (i % 128) + 1] >>> 0;
          } else {
            j1 = memory[previous] >>> 0;
            j2 = memory[previous + 1] >>> 0;
          }
          const otherLane = pass === 0 && slice === 0 ? l : j2 % p;
          const column2 = referenceColumn(j1, { pass, slice, i, segment, lane, sameLane: otherLane === l });
          compressBlock(memory, previous, at(otherLane, column2), at(l, column), pass > 0, work);
          if (i % 64 === 0 && Date.now() - drawn > 30) {
            progress?.((pass + (slice + (l + i / segment) / p) / 4) / t);
            await breathe();
            drawn = Date.now();
          }
        }
      }
    }
  }

  const last = new Int32Array(BLOCK_WORDS);
  for (let l = 0; l < p; l++) {
    for (let i = 0; i < BLOCK_WORDS; i++) {
      last[i] ^= memory[at(l, lane - 1) + i];
    }
  }
  memory.fill(0);
  progress?.(1);
  return longBlake2b(wordBytes(last), length);
}

/** RFC 9106 3.4.2: which column of the reference lane J1 chooses. */
function referenceColumn(j1, { pass, slice, i, segment, lane, sameLane }) {
  // The finished part of the lane: all of it but the current segment, or in the first pass what lies before.
  const finished = pass === 0 ? slice * segment : lane - segment;
  const window = sameLane ? finished + i - 1 : finished - (i === 0 ? 1 : 0);
  const start = pass === 0 || slice === 3 ? 0 : (slice + 1) * segment;
  const x = highProduct(j1, j1);
  return (start + window - 1 - highProduct(window, x)) % lane;
}

/** The upper 32 bits of the product of two 32-bit numbers. */
function highProduct(a, b) {
  const low = Math.imul(a, b) >>> 0;
  // The double's product is off by 2^11 at most, and what is left of it is a multiple of 2^32.
  return Math.round((a * b - low) / 0x100000000);
}

// ---- Memos ----

const ACCESS_INFO = "voice-federation/1.1 access";
const JOURNAL_INFO = "voice-memo/1 journal";

/** The access token T of a key: 32 bytes, and the text that stands after `Bearer`. */
export async function accessToken(key) {
  const bytes = await hkdf(secretBytes(key), ACCESS_INFO);
  return { bytes, text: secretText(bytes) };
}

/** A new memo's id: 16 random bytes as base64url, 22 characters. */
export function newMemoId() {
  return base64url(randomBytes(16));
}

/**
 * Seals an audio file as a new memo with a new key. Hand out `key` in a link (`memoLink`); everything else may go to a
 * server.
 */
export async function sealMemo(audio) {
  await subtle();
  const key = randomBytes(32);
  const iv = randomBytes(12);
  return {
    id: newMemoId(),
    key,
    iv: base64url(iv),
    ciphertext: await gcmSeal(key, iv, bytesOf(audio)),
    access_key_hash: await sha256hex(key),
    access_token_hash: await sha256hex((await accessToken(key)).bytes),
  };
}

function ivBytes(iv) {
  let bytes;
  try {
    bytes = typeof iv === "string" ? fromBase64(iv) : bytesOf(iv);
  } catch {
    bytes = EMPTY;
  }
  if (bytes.length !== 12) {
    throw new MemoError("damaged", { message: "the memo's IV is malformed" });
  }
  return bytes;
}

/**
 * Opens a memo: `{audio, complete}`. `encryption` is `aes-256-gcm` (a file, the default) or `aes-256-gcm-stream` (the
 * frames of a recording that a crash cut off; the audio is then a WAV file, and not complete unless its last frame
 * says so). Whatever does not open is `damaged`: of a wrong key, GCM cannot tell.
 */
export async function openMemo({ key, iv, ciphertext, encryption = "aes-256-gcm" }) {
  const secret = secretBytes(key);
  const nonce = ivBytes(iv);
  const sealed = bytesOf(ciphertext);
  if (encryption === "aes-256-gcm") {
    return { audio: await gcmOpen(secret, nonce, sealed), complete: true };
  }
  if (encryption !== "aes-256-gcm-stream") {
    throw new MemoError("damaged", { message: "an encryption that this program does not know" });
  }
  const { pcm, complete } = await openStream(secret, nonce, sealed);
  return { audio: concat(wavHeader(pcm.length, 8000), pcm), complete };
}

/** A frame's plain audio: a second of 8 kHz, 16 bits. */
const FRAME_BYTES = 16000;

/** STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015; the `aead` crate's StreamBE32): prefix, counter, last flag. */
function streamNonce(iv, counter, last) {
  const nonce = new Uint8Array(12);
  nonce.set(iv.subarray(0, 7));
  new DataView(nonce.buffer).setUint32(7, counter);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

/** The frames of a stream body, opened in order. A cut between frames shows in `complete`; any other is refused. */
async function openStream(key, iv, body) {
  const journalKey = await hkdf(key, JOURNAL_INFO);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const parts = [];
  let complete = false;
  for (let at = 0, counter = 0; at < body.length; counter++) {
    const length = body.length - at >= 12 ? view.getUint32(at, true) : 0;
    if (complete || length < 16 || length > FRAME_BYTES + 16 || length > body.length - at - 12) {
      throw new MemoError("damaged", { message: "the recording is cut within a frame, or goes on behind its end" });
    }
    const checksum = body.subarray(at + 4, at + 12);
    const sealed = body.subarray(at + 12, at + 12 + length);
    if (!sameBytes((await sha256(sealed)).subarray(0, 8), checksum)) {
      throw new MemoError("damaged", { message: "a frame's checksum is wrong" });
    }
    at += 12 + length;
    let plain;
    try {
      plain = await gcmOpen(journalKey, streamNonce(iv, counter, false), sealed);
    } catch (error) {
      if (at !== body.length) {
        throw error;
      }
      plain = await gcmOpen(journalKey, streamNonce(iv, counter, true), sealed);
      complete = true;
    }
    if (plain.length % 2 !== 0) {
      throw new MemoError("damaged", { message: "half a sample" });
    }
    parts.push(plain);
  }
  return { pcm: concat(...parts), complete };
}

/** Seals PCM (16-bit, 8 kHz, mono, little-endian) as a recording does as it goes; `ended` marks the last frame. */
export async function sealStream({ key, iv, pcm, ended = false }) {
  const journalKey = await hkdf(secretBytes(key), JOURNAL_INFO);
  const nonce = ivBytes(iv);
  const audio = bytesOf(pcm);
  const frames = [];
  const count = Math.max(Math.ceil(audio.length / FRAME_BYTES), ended ? 1 : 0);
  for (let i = 0; i < count; i++) {
    const plain = audio.subarray(FRAME_BYTES * i, FRAME_BYTES * (i + 1));
    const sealed = await gcmSeal(journalKey, streamNonce(nonce, i, ended && i === count - 1), plain);
    frames.push(fourBytes(sealed.length), (await sha256(sealed)).subarray(0, 8), sealed);
  }
  return concat(...frames);
}

// ---- Owners and envelopes ----

const LISTING_INFO = "voice-memo/1 listing";
const ENVELOPE_INFO = "voice-memo/1 envelope";

/** A new owner key pair: the seed to keep secret, and the public key's text for the server. */
export async function makeOwner(kem = "xwing") {
  await subtle();
  const seed = randomBytes(32);
  return { kem, seed, publicKey: base64url(await kemNamed(kem).publicKey(seed)) };
}

/** What follows from an owner's seed: the public key, the inbox's listing token, and the hash that servers keep of it. */
export async function ownerOf(seed, kem = "xwing") {
  const secret = secretBytes(seed);
  const token = await hkdf(secret, LISTING_INFO);
  return {
    kem,
    publicKey: base64url(await kemNamed(kem).publicKey(secret)),
    listingToken: secretText(token),
    listingTokenHash: await sha256hex(token),
  };
}

/** Seals a memo's contents (an object) to a mailbox's owner: `{kem, enc, ct}`. */
export async function sealEnvelope({ kem, publicKey, memoId, contents }) {
  const { enc, ct } = await hpkeSeal({
    kem,
    publicKey: typeof publicKey === "string" ? fromBase64(publicKey) : bytesOf(publicKey),
    info: utf8(ENVELOPE_INFO),
    aad: utf8(memoId),
    plaintext: utf8(JSON.stringify(contents)),
  });
  return { kem, enc: base64url(enc), ct: base64url(ct) };
}

/**
 * Opens an envelope. `seed` is an owner's seed, or several of them after a change of keys: envelopes do not say
 * whose they are, so each is tried. `wrong-key` where none opens it.
 */
export async function openEnvelope({ seed, memoId, envelope }) {
  const { kem, enc, ct } = envelope ?? {};
  const sealed = { kem, enc: fromBase64(enc), ct: fromBase64(ct), info: utf8(ENVELOPE_INFO), aad: utf8(memoId) };
  let failure = new MemoError("wrong-key");
  for (const each of Array.isArray(seed) ? seed : [seed]) {
    try {
      const plain = await hpkeOpen({ ...sealed, seed: secretBytes(each) });
      return parseContents(plain);
    } catch (error) {
      if (!(error instanceof MemoError) || error.kind !== "wrong-key") {
        throw error;
      }
      failure = error;
    }
  }
  throw failure;
}

function parseContents(plain) {
  try {
    const contents = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(plain));
    if (contents !== null && typeof contents === "object" && !Array.isArray(contents)) {
      return contents;
    }
  } catch {
    // Said below.
  }
  throw new MemoError("damaged", { message: "the envelope holds something else than an object" });
}

// ---- Telephone locks ----

/** What a lock is made with: 64 MiB, three passes (RFC 9106 4, the second recommendation), in one lane. */
export const LOCK_PARAMS = { m_kib: 65536, t: 3, p: 1 };

const LOCK_BOUNDS = { m_kib: [8192, 262144], t: [1, 10], p: [1, 4] };

/** `n` random digits, each as likely as the others. */
export function randomDigits(n) {
  let digits = "";
  while (digits.length < n) {
    for (const byte of randomBytes(2 * n)) {
      // 250 is the largest multiple of ten in a byte: what is above would make low digits likelier.
      if (byte < 250 && digits.length < n) {
        digits += byte % 10;
      }
    }
  }
  return digits;
}

/** W and P of a code: what wraps, and what is shown to the server. */
async function lockKeys(secret, salt, params, progress) {
  if (!/^[0-9]{16,32}$/.test(secret)) {
    throw malformed("a telephone code has 16 to 32 digits");
  }
  for (const [name, [least, most]] of Object.entries(LOCK_BOUNDS)) {
    if (!Number.isInteger(params[name]) || params[name] < least || params[name] > most) {
      throw malformed(`the lock's ${name} is out of bounds`);
    }
  }
  const { m_kib: mKib, t, p } = params;
  const out = await argon2id({ password: utf8(secret), salt, mKib, t, p, length: 64, progress });
  return { wrap: out.slice(0, 32), proof: out.slice(32) };
}

/**
 * Wraps `plaintext` (a memo's key or an owner's seed) under a telephone code's secret digits; `aad` is the memo's id
 * or the mailbox's name. `locator` is absent for a mailbox.
 */
export async function telephoneLock({ secret, plaintext, aad, locator, params = LOCK_PARAMS, progress }) {
  if (locator !== undefined && !/^[0-9]{6}$/.test(locator)) {
    throw malformed("a locator has six digits");
  }
  await subtle();
  const salt = randomBytes(16);
  const iv = randomBytes(12);
  const { wrap, proof } = await lockKeys(secret, salt, params, progress);
  const ct = await gcmSeal(wrap, iv, secretBytes(plaintext), utf8(aad));
  return {
    v: 1,
    ...(locator === undefined ? {} : { locator }),
    salt: base64url(salt),
    m_kib: params.m_kib,
    t: params.t,
    p: params.p,
    iv: base64url(iv),
    ct: base64url(ct),
    proof_hash: await sha256hex(proof),
  };
}

/** `{wrap, proof}` of a code under a lock's salt and parameters; the proof P is shown to the home server. */
export async function telephoneProof({ secret, lock, progress }) {
  return lockKeys(secret, fromBase64(lock.salt), lock, progress);
}

/** Opens a lock: `{plaintext, proof}`. Another code is `wrong-code`; another memo or a lock altered, `damaged`. */
export async function openTelephoneLock({ secret, lock, aad, progress }) {
  if (lock?.v !== 1) {
    throw malformed("a lock of another version");
  }
  const { wrap, proof } = await telephoneProof({ secret, lock, progress });
  if ((await sha256hex(proof)) !== lock.proof_hash) {
    throw new MemoError("wrong-code");
  }
  const plaintext = await gcmOpen(wrap, ivBytes(lock.iv), fromBase64(lock.ct), utf8(aad));
  if (plaintext.length !== 32) {
    throw new MemoError("damaged", { message: "the lock holds no secret of 32 bytes" });
  }
  return { plaintext, proof };
}

// ---- Links ----

const trimBase = (base) => base.replace(/\/+$/, "");

/** `{base}/voice/{id}#{K}` */
export function memoLink(base, id, key) {
  return `${trimBase(base)}/voice/${id}#${secretText(secretBytes(key))}`;
}

/** `{base}/inbox/{mailbox}#{S}`, or with several seeds, newest first, `#{S},{S}`. */
export function inboxLink(base, mailbox, seed) {
  const seeds = (Array.isArray(seed) ? seed : [seed]).map((each) => secretText(secretBytes(each)));
  // What a path takes as it is (RFC 3986 3.3) stays so: mailboxes have names like 100@default.
  const name = encodeURIComponent(mailbox).replace(/%(?:40|3A|2C|3B|3D|2B|26|24)/g, decodeURIComponent);
  return `${trimBase(base)}/inbox/${name}#${seeds.join(",")}`;
}

/** The part before the last `/voice/` or `/inbox/`, where it is a domain or a URL, and the name behind it. */
function splitAddress(address, folder) {
  const at = address.lastIndexOf(folder);
  const base = address.slice(0, Math.max(at, 0));
  const scheme = base.indexOf("://");
  const host = scheme < 0 ? base : base.slice(scheme + 3);
  if (at < 0 || host === "" || host.startsWith("/") || /[@\s]/.test(host)) {
    throw new MemoError("not-a-link", { message: `no domain and ${folder} in it` });
  }
  return { base, name: address.slice(at + folder.length).replace(/\/+$/, "") };
}

/** Percent-encoding that mail programs and old links put around a key. */
const decodePadding = (text) => text.replace(/%3d/gi, "=");

/**
 * Takes a memo's link apart: `{base, id, key}`, `key` as bytes. `?key=K` of old links counts like `#K`.
 * `not-a-link`, `no-key` and `wrong-key` say what is amiss.
 */
export function parseLink(text) {
  const link = String(text).trim();
  const hash = link.indexOf("#");
  const old = link.indexOf("?key=");
  let [address, key] = [link, ""];
  if (hash >= 0) {
    [address, key] = [link.slice(0, hash), link.slice(hash + 1)];
  } else if (old >= 0) {
    [address, key] = [link.slice(0, old), link.slice(old + 5).split("&")[0]];
  }
  const { base, name: id } = splitAddress(address.split("?")[0], "/voice/");
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) {
    throw new MemoError("not-a-link", { message: "the memo's id in this link is malformed" });
  }
  if (key === "") {
    throw new MemoError("no-key");
  }
  return { base, id, key: parseSecret(decodePadding(key)) };
}

/** Takes an inbox link apart: `{base, mailbox, seeds, setup}`; `setup` is the text of a set-up token, or null. */
export function parseInboxLink(text) {
  const link = String(text).trim();
  const hash = link.indexOf("#");
  const fragment = hash < 0 ? "" : decodePadding(link.slice(hash + 1));
  const { base, name } = splitAddress((hash < 0 ? link : link.slice(0, hash)).split("?")[0], "/inbox/");
  let mailbox;
  try {
    mailbox = decodeURIComponent(name);
  } catch {
    mailbox = "";
  }
  if (mailbox === "" || mailbox.includes("/")) {
    throw new MemoError("not-a-link", { message: "the mailbox in this link is malformed" });
  }
  if (fragment === "") {
    throw new MemoError("no-key");
  }
  if (fragment.startsWith("setup=")) {
    return { base, mailbox, seeds: [], setup: secretText(parseSecret(fragment.slice(6))) };
  }
  return { base, mailbox, seeds: fragment.split(",").map(parseSecret), setup: null };
}

// ---- QR codes (ISO/IEC 18004): byte mode, level M ----

/** Error correction codewords a block, and blocks, of versions 1 to 40 at level M (ISO/IEC 18004 table 9). */
const QR_EC_WORDS = [
  10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
];
const QR_BLOCKS = [
  1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35,
  37, 38, 40, 43, 45, 47, 49,
];

/** Where alignment patterns stand, along both axes (annex E). */
function qrAlignments(version) {
  if (version === 1) {
    return [];
  }
  const count = Math.floor(version / 7) + 2;
  const step = version === 32 ? 26 : Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
  const places = [6];
  for (let at = version * 4 + 10; places.length < count; at -= step) {
    places.splice(1, 0, at);
  }
  return places;
}

/** Codewords of a version, data and correction together: what the function patterns leave, eight modules each. */
function qrCodewords(version) {
  const count = version === 1 ? 0 : Math.floor(version / 7) + 2;
  const size = 17 + 4 * version;
  // Finders with separators and format, timing, the dark module; alignment patterns, of which some lie on the timing.
  let modules = size * size - 3 * 64 - 2 * (size - 16) - 31;
  modules -= count ? 25 * (count * count - 3) - 10 * (count - 2) : 0;
  modules -= version >= 7 ? 36 : 0;
  return modules >> 3;
}

/** Product in GF(256) mod 0x11d. */
function qrMultiply(a, b) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ (product >> 7) * 0x11d;
    product ^= ((b >> bit) & 1) * a;
  }
  return product;
}

/** Reed-Solomon correction codewords of a block. */
function qrCorrection(data, words) {
  const generator = new Uint8Array(words);
  generator[words - 1] = 1;
  for (let i = 0, root = 1; i < words; i++, root = qrMultiply(root, 2)) {
    for (let j = 0; j < words; j++) {
      generator[j] = qrMultiply(generator[j], root) ^ (generator[j + 1] ?? 0);
    }
  }
  const rest = new Uint8Array(words);
  for (const byte of data) {
    const factor = byte ^ rest[0];
    rest.copyWithin(0, 1);
    rest[words - 1] = 0;
    for (let j = 0; j < words; j++) {
      rest[j] ^= qrMultiply(generator[j], factor);
    }
  }
  return rest;
}

/** All codewords of a message, interleaved (7.6). */
function qrMessage(bytes, version) {
  const [words, blocks, total] = [QR_EC_WORDS[version - 1], QR_BLOCKS[version - 1], qrCodewords(version)];
  const capacity = total - words * blocks;
  const bits = [];
  const push = (value, count) => {
    for (let bit = count - 1; bit >= 0; bit--) {
      bits.push((value >> bit) & 1);
    }
  };
  push(4, 4);
  push(bytes.length, version < 10 ? 8 : 16);
  bytes.forEach((byte) => push(byte, 8));
  push(0, Math.min(4, 8 * capacity - bits.length));
  push(0, (8 - (bits.length % 8)) % 8);
  const data = new Uint8Array(capacity);
  bits.forEach((bit, i) => (data[i >> 3] |= bit << (7 - (i & 7))));
  for (let i = bits.length >> 3, pad = 0xec; i < capacity; i++, pad ^= 0xec ^ 0x11) {
    data[i] = pad;
  }

  const short = Math.floor(capacity / blocks);
  const longFrom = blocks - (capacity % blocks);
  const parts = [];
  for (let block = 0, at = 0; block < blocks; block++) {
    const part = data.subarray(at, (at += short + (block >= longFrom ? 1 : 0)));
    parts.push({ part, correction: qrCorrection(part, words) });
  }
  const out = [];
  for (let i = 0; i <= short; i++) {
    parts.forEach(({ part }) => i < part.length && out.push(part[i]));
  }
  for (let i = 0; i < words; i++) {
    parts.forEach(({ correction }) => out.push(correction[i]));
  }
  return out;
}

/** A BCH code's remainder, appended: of the format (7.9) and the version (7.10). */
function qrBch(value, polynomial, bits) {
  let rest = value;
  for (let i = 0; i < bits; i++) {
    rest = (rest << 1) ^ ((rest >> (bits - 1)) & 1) * polynomial;
  }
  return (value << bits) | (rest & ((1 << bits) - 1));
}

/** The eight masks (7.8.2). */
const QR_MASKS = [
  (x, y) => (x + y) % 2 === 0,
  (x, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** Function patterns and data, not masked yet: `{size, dark, fixed}`, both by row. */
function qrDraw(message, version) {
  const size = 17 + 4 * version;
  const dark = new Uint8Array(size * size);
  const fixed = new Uint8Array(size * size);
  const set = (x, y, value) => {
    if (x >= 0 && y >= 0 && x < size && y < size) {
      dark[y * size + x] = value ? 1 : 0;
      fixed[y * size + x] = 1;
    }
  };
  for (let i = 0; i < size; i++) {
    set(6, i, i % 2 === 0);
    set(i, 6, i % 2 === 0);
  }
  for (const [cx, cy] of [[3, 3], [size - 4, 3], [3, size - 4]]) {
    for (let dy = -4; dy <= 4; dy++) {
      for (let dx = -4; dx <= 4; dx++) {
        const ring = Math.max(Math.abs(dx), Math.abs(dy));
        set(cx + dx, cy + dy, ring !== 2 && ring !== 4);
      }
    }
  }
  const places = qrAlignments(version);
  const last = places.length - 1;
  places.forEach((cx, i) =>
    places.forEach((cy, j) => {
      if ((i === 0 && (j === 0 || j === last)) || (i === last && j === 0)) {
        return;
      }
      for (let dy = -2; dy <= 2; dy++) {
        for (let dx = -2; dx <= 2; dx++) {
          set(cx + dx, cy + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
        }
      }
    }),
  );
  qrFormat(set, size, 0);
  if (version >= 7) {
    const code = qrBch(version, 0x1f25, 12);
    for (let i = 0; i < 18; i++) {
      const [a, b] = [size - 11 + (i % 3), Math.floor(i / 3)];
      set(a, b, (code >> i) & 1);
      set(b, a, (code >> i) & 1);
    }
  }
  // Two columns at a time from the right, up and down in turn, past the vertical timing.
  let i = 0;
  for (let right = size - 1, up = true; right >= 1; right -= 2, up = !up) {
    right = right === 6 ? 5 : right;
    for (let step = 0; step < size; step++) {
      const y = up ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (!fixed[y * size + x] && i < 8 * message.length) {
          dark[y * size + x] = (message[i >> 3] >> (7 - (i & 7))) & 1;
          i++;
        }
      }
    }
  }
  return { size, dark, fixed };
}

/** Both copies of the format: level M is 00, then the mask (7.9). */
function qrFormat(set, size, mask) {
  const code = qrBch(mask, 0x537, 10) ^ 0x5412;
  const bit = (i) => (code >> i) & 1;
  for (let i = 0; i <= 5; i++) {
    set(8, i, bit(i));
  }
  set(8, 7, bit(6));
  set(8, 8, bit(7));
  set(7, 8, bit(8));
  for (let i = 9; i < 15; i++) {
    set(14 - i, 8, bit(i));
  }
  for (let i = 0; i < 8; i++) {
    set(size - 1 - i, 8, bit(i));
  }
  for (let i = 8; i < 15; i++) {
    set(8, size - 15 + i, bit(i));
  }
  set(8, size - 8, 1);
}

/** How badly a symbol reads (7.8.3): long runs, blocks, what looks like a finder, imbalance. */
function qrPenalty(dark, size) {
  let penalty = 0;
  let count = 0;
  const finder = /(?=10111010000|00001011101)/g;
  for (let i = 0; i < size; i++) {
    let [row, column] = ["", ""];
    for (let j = 0; j < size; j++) {
      row += dark[i * size + j];
      column += dark[j * size + i];
      count += dark[i * size + j];
    }
    for (const line of [row, column]) {
      for (const [run] of line.matchAll(/0{5,}|1{5,}/g)) {
        penalty += run.length - 2;
      }
      penalty += 40 * [...line.matchAll(finder)].length;
    }
  }
  for (let y = 0; y + 1 < size; y++) {
    for (let x = 0; x + 1 < size; x++) {
      const at = y * size + x;
      const sum = dark[at] + dark[at + 1] + dark[at + size] + dark[at + size + 1];
      penalty += sum === 0 || sum === 4 ? 3 : 0;
    }
  }
  return penalty + 10 * Math.floor(Math.abs((count * 100) / (size * size) - 50) / 5);
}

/**
 * The symbol of a text: `{version, mask, size, dark}`, `dark` by row, 1 for a dark module. The smallest version that
 * holds it, the mask that reads best; both may be given, for tests.
 */
export function qrMatrix(text, { version: wanted, mask: only } = {}) {
  const bytes = typeof text === "string" ? utf8(text) : bytesOf(text);
  let version = wanted ?? 1;
  const holds = (v) =>
    4 + (v < 10 ? 8 : 16) + 8 * bytes.length <= 8 * (qrCodewords(v) - QR_EC_WORDS[v - 1] * QR_BLOCKS[v - 1]);
  while (version <= 40 && !holds(version)) {
    version++;
  }
  if (version > 40) {
    throw malformed("too long for a QR code");
  }
  const { size, dark: plain, fixed } = qrDraw(qrMessage(bytes, version), version);
  let best = null;
  for (let mask = only ?? 0; mask <= (only ?? 7); mask++) {
    const dark = plain.slice();
    for (let at = 0; at < dark.length; at++) {
      dark[at] ^= !fixed[at] && QR_MASKS[mask](at % size, Math.floor(at / size)) ? 1 : 0;
    }
    qrFormat((x, y, value) => (dark[y * size + x] = value ? 1 : 0), size, mask);
    const penalty = qrPenalty(dark, size);
    if (best === null || penalty < best.penalty) {
      best = { version, mask, size, dark, penalty };
    }
  }
  return { version: best.version, mask: best.mask, size, dark: best.dark };
}

/** The QR code of a text as SVG: one path, a quiet zone of four modules, dark on white whatever the page's colours. */
export function qrSvg(text) {
  const { size, dark } = qrMatrix(text);
  let path = "";
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (dark[y * size + x]) {
        const from = x;
        while (x + 1 < size && dark[y * size + x + 1]) {
          x++;
        }
        const width = x + 1 - from;
        path += `M${from + 4} ${y + 4}h${width}v1h-${width}z`;
      }
    }
  }
  const side = size + 8;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges">` +
    `<rect width="${side}" height="${side}" fill="#fff"/><path fill="#000" d="${path}"/></svg>`
  );
}

// ---- WAV ----

function wavHeader(dataBytes, rate) {
  const header = new Uint8Array(44);
  const view = new DataView(header.buffer);
  header.set(utf8("RIFF"), 0);
  view.setUint32(4, 36 + dataBytes, true);
  header.set(utf8("WAVEfmt "), 8);
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  header.set(utf8("data"), 36);
  view.setUint32(40, dataBytes, true);
  return header;
}

/** A WAV file of 16-bit mono samples: a header of 44 bytes, then the samples. */
export function wavOf(samples, rate = 8000) {
  const file = new Uint8Array(44 + 2 * samples.length);
  file.set(wavHeader(2 * samples.length, rate));
  const view = new DataView(file.buffer);
  for (let i = 0; i < samples.length; i++) {
    view.setInt16(44 + 2 * i, samples[i], true);
  }
  return file;
}

/** A 16-bit PCM WAV file as `{samples, rate, channels}` (samples interleaved), or null for any other file. */
export function readWav(file) {
  const bytes = bytesOf(file);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = (at) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || tag(0) !== "RIFF" || tag(8) !== "WAVE") {
    return null;
  }
  let format = null;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    const body = at + 8;
    if (tag(at) === "fmt " && length >= 16 && body + 16 <= bytes.length) {
      const [kind, channels, bits] = [0, 2, 14].map((offset) => view.getUint16(body + offset, true));
      const is16BitPcm = (kind === 1 || kind === 0xfffe) && bits === 16;
      format = is16BitPcm ? { rate: view.getUint32(body + 4, true), channels } : null;
    } else if (tag(at) === "data") {
      // A file that says more than it holds was cut, and plays as far as it goes.
      const count = Math.min(length, bytes.length - body) >> 1;
      if (!format) {
        return null;
      }
      const samples = new Int16Array(count);
      for (let i = 0; i < count; i++) {
        samples[i] = view.getInt16(body + 2 * i, true);
      }
      return { samples, ...format };
    }
    at = body + length + (length & 1);
  }
  return null;
}

/** The samples of a 16-bit PCM WAV file, or null for any other file. */
export function samplesOf(file) {
  return readWav(file)?.samples ?? null;
}

// ---- Fetching: voice federation (docs/voice-federation.md) ----

const DISCOVERY_PATH = "/.well-known/voice-federation";
const FETCH_PATH = "/api/federation/voice/fetch";
const VERIFY_PATH = "/api/federation/voice/verify";
const AUDIO_PATH = "/voice/{id}/audio";

/** Most that is read of an answer: what a memo of an hour comes to in base64, and room. */
const ANSWER_BYTES = 96 * 1024 * 1024;
/** Longest that nothing comes: a large memo over a slow line takes longer than that in all. */
const IDLE_MILLIS = 60_000;

/** Where a link's domain is asked: HTTPS, unless the link says otherwise. */
function originOf(base) {
  const url = base.includes("://") ? base : `https://${base}`;
  if (!/^https?:\/\//i.test(url)) {
    throw new MemoError("not-a-link", { message: "a link of another kind than http and https" });
  }
  return trimBase(url);
}

/** A request that sends nothing but what it is given, follows no redirect, and gives up where nothing comes. */
async function ask(address, { signal, ...init } = {}) {
  const stop = new AbortController();
  const onAbort = () => stop.abort();
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) {
    stop.abort();
  }
  let timer = setTimeout(onAbort, IDLE_MILLIS);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(onAbort, IDLE_MILLIS);
  };
  try {
    const response = await fetch(address, {
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: stop.signal,
      ...init,
    });
    return { response, body: await readBody(response, alive) };
  } catch (cause) {
    throw cause instanceof MemoError ? cause : new MemoError("unreachable", { cause });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

async function readBody(response, alive) {
  const parts = [];
  let length = 0;
  const reader = response.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    alive();
    length += value.length;
    if (length > ANSWER_BYTES) {
      await reader.cancel();
      throw new MemoError("server", { message: "the answer is larger than any memo" });
    }
    parts.push(value);
  }
  return concat(...parts);
}

function json(body) {
  try {
    const value = JSON.parse(new TextDecoder().decode(body));
    return value !== null && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}

const STATUS_KINDS = {
  401: "wrong-key",
  403: "refused",
  404: "wrong-key",
  410: "expired",
  429: "too-many",
  503: "too-many",
};

function failure({ response, body }) {
  const retryAfter = Number(response.headers.get("retry-after")) || 0;
  const said = json(body).error;
  const kind = STATUS_KINDS[response.status] ?? "server";
  return new MemoError(kind, { retryAfter, message: typeof said === "string" ? said.slice(0, 200) : kind });
}

/**
 * What a domain says of its federation: `{base, version, fetch, verify, token, audio}`; `token` is whether it takes
 * access tokens (1.1), `audio` where it hands out ciphertext for one, with `{id}` in it. Fields that a document lacks
 * have their usual values.
 */
export async function discover(domain, { signal } = {}) {
  const base = originOf(domain);
  const answer = await ask(base + DISCOVERY_PATH, { signal });
  if (!answer.response.ok) {
    throw failure(answer);
  }
  const document = json(answer.body);
  const extension = document.extensions?.["1.1"];
  const endpoint = (given, path) => {
    if (typeof given !== "string") {
      return base + path;
    }
    let url;
    try {
      url = new URL(given, `${base}/`);
    } catch {
      throw new MemoError("server", { message: "the discovery document names an endpoint that is no URL" });
    }
    // A key must not go over plain HTTP because a document says so: servers behind a proxy that speaks TLS for them
    // often do not know that it does.
    if (url.protocol === "http:" && !/^http:/i.test(base)) {
      url.protocol = "https:";
    }
    if (!/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
      throw new MemoError("server", { message: "the discovery document names an endpoint that is no web address" });
    }
    return url.href;
  };
  return {
    base,
    version: typeof document.version === "string" ? document.version : "1.0",
    fetch: endpoint(document.endpoints?.fetch, FETCH_PATH),
    verify: endpoint(document.endpoints?.verify, VERIFY_PATH),
    token: extension?.access_token === true,
    audio: endpoint(extension?.audio, AUDIO_PATH).replace(/%7Bid%7D/i, "{id}"),
  };
}

/** An answer of `/voice/{id}/audio` and of `/api/open`: the ciphertext, and what its header fields say of it. */
function memoOfHeaders({ response, body }, { id, key }) {
  const field = (name) => response.headers.get(name);
  return {
    id,
    key,
    iv: field("memo-iv") ?? "",
    ciphertext: body,
    encryption: field("memo-encryption") ?? "aes-256-gcm",
    format: field("memo-audio-format") ?? "audio/wav",
    recorded: new Date(field("memo-created-at") ?? NaN),
    complete: field("memo-complete") !== "false",
  };
}

/** An answer of a 1.0 peer's fetch. Peers leave out `success`, `duration_seconds` and `metadata`. */
function memoOfJson(answer, { id, key }) {
  const document = json(answer.body);
  if (!answer.response.ok) {
    throw failure(answer);
  }
  if (document.success === false || typeof document.encrypted_audio_b64 !== "string") {
    throw new MemoError(typeof document.error === "string" ? "wrong-key" : "server", {
      message: typeof document.error === "string" ? document.error.slice(0, 200) : "an answer that is no memo",
    });
  }
  let ciphertext;
  try {
    ciphertext = fromBase64(document.encrypted_audio_b64.replace(/\s+/g, ""));
  } catch (cause) {
    throw new MemoError("damaged", { cause });
  }
  return {
    id,
    key,
    iv: document.encryption_iv ?? "",
    ciphertext,
    encryption: document.encryption ?? document.metadata?.encryption ?? "aes-256-gcm",
    format: typeof document.audio_format === "string" ? document.audio_format : "audio/wav",
    recorded: new Date(document.metadata?.created_at ?? NaN),
    complete: document.complete !== false,
  };
}

const postJson = (address, value, signal) =>
  ask(address, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(value),
    signal,
  });

/**
 * Fetches a memo's ciphertext by its link, a text or what `parseLink` gave; `openMemo` opens the result as it is.
 *
 * The memo's domain sees the access token and never the key. A domain that speaks voice federation 1.0 alone knows
 * only keys: then this fails with `needs-key`, unless `allowKey` says that whoever holds the link has agreed to show
 * the key to that domain. `via` is the address of a server of ours that fetches in the page's place (`""` for the
 * page's own), for domains whose answers the browser keeps from the page. With `homeOnly`, no host is asked but the
 * link's own, whatever its discovery document names: `unreachable` then.
 */
export async function fetchMemo(link, { signal, allowKey = false, via, homeOnly = false } = {}) {
  const parsed = typeof link === "string" ? parseLink(link) : link;
  const { text: token } = await accessToken(parsed.key);
  if (via !== undefined && via !== null) {
    return fetchVia(via, parsed, token, { signal, allowKey });
  }
  const base = originOf(parsed.base);
  const usual = base + AUDIO_PATH.replace("{id}", parsed.id);
  const refused = await fetchByToken(usual, parsed, token, signal);
  if (!(refused instanceof MemoError)) {
    return refused;
  }
  if (signal?.aborted || ["expired", "too-many"].includes(refused.kind)) {
    throw refused;
  }
  // Perhaps the resource is elsewhere, or kept from us (no CORS there), or the domain speaks 1.0 alone: it says so.
  let domain;
  try {
    domain = await discover(base, { signal });
  } catch {
    throw refused;
  }
  const named = domain.token ? domain.audio : domain.fetch;
  if (homeOnly && new URL(named).host !== new URL(base).host) {
    throw new MemoError("unreachable", { message: "the discovery document names another host" });
  }
  if (domain.token) {
    const announced = domain.audio.replace("{id}", parsed.id);
    const memo = announced === usual ? refused : await fetchByToken(announced, parsed, token, signal);
    if (memo instanceof MemoError) {
      throw memo;
    }
    return memo;
  }
  if (!allowKey) {
    throw new MemoError("needs-key");
  }
  const request = {
    memo_id: parsed.id,
    access_key: secretText(parsed.key),
    requesting_domain: globalThis.location?.host ?? "",
  };
  return memoOfJson(await postJson(domain.fetch, request, signal), parsed);
}

/** The memo at an address that takes tokens, or the error that came of it. */
async function fetchByToken(address, parsed, token, signal) {
  try {
    const answer = await ask(address, { headers: { authorization: `Bearer ${token}` }, signal });
    const isMemo = answer.response.ok && answer.response.headers.get("memo-iv") !== null;
    return isMemo ? memoOfHeaders(answer, parsed) : failure(answer);
  } catch (error) {
    return error;
  }
}

async function fetchVia(via, parsed, token, { signal, allowKey }) {
  const address = `${trimBase(via)}/api/open`;
  const request = { domain: parsed.base, memo_id: parsed.id };
  let answer = await postJson(address, { ...request, access_token: token }, signal);
  if (answer.response.status === 409 && json(answer.body).needs_key === true) {
    if (!allowKey) {
      throw new MemoError("needs-key");
    }
    answer = await postJson(address, { ...request, access_key: secretText(parsed.key) }, signal);
  }
  if (answer.response.status === 502) {
    throw new MemoError("unreachable", { message: failure(answer).message });
  }
  if (!answer.response.ok) {
    throw failure(answer);
  }
  return memoOfHeaders(answer, parsed);
}

/** Fetches and opens a memo by its link: `{audio, format, recorded, complete}`. Options as of `fetchMemo`. */
export async function openLink(link, options) {
  const memo = await fetchMemo(link, options);
  const { audio, complete } = await openMemo(memo);
  return { audio, complete: complete && memo.complete, format: memo.format, recorded: memo.recorded };
}
