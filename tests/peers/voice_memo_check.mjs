// Checks contrib/voice-memo.js, and makes cases for its twin.
//
// usage: node voice_memo_check.mjs MODE check FILE...   every case of these vector files ends as it says
//        node voice_memo_check.mjs MODE make FOLDER     random cases, as files of the same form
//        node voice_memo_check.mjs MODE qr              QR codes of each version and mask, as JSON
//        node voice_memo_check.mjs MODE fetch           fetching, against a domain that this program plays
//        node voice_memo_check.mjs MODE open LINK OUT [--allow-key]
//        node voice_memo_check.mjs MODE pair FILE       two running switches, and what each case is to come to
//
// MODE: `native` uses what WebCrypto has, `script` calls setNative(false), `bare` takes X25519 and ML-KEM away from
// WebCrypto, `modern` gives it an ML-KEM-768 with the browsers' interface.

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [mode, command, ...rest] = process.argv.slice(2);

/** WebCrypto with some of its methods replaced. */
function withSubtle(methods) {
  const own = webcrypto.subtle;
  const subtle = new Proxy(own, {
    get: (target, name) =>
      name in methods ? methods[name] : typeof target[name] === "function" ? target[name].bind(target) : target[name],
  });
  const value = { subtle, getRandomValues: (bytes) => webcrypto.getRandomValues(bytes) };
  Object.defineProperty(globalThis, "crypto", { value, configurable: true });
}

const nameOf = (algorithm) => (typeof algorithm === "string" ? algorithm : algorithm.name);
let nativeCalls = 0;

if (mode === "bare") {
  const refuse =
    (method) =>
    async (...given) => {
      const algorithm = method === "importKey" ? given[2] : given[0];
      if (/^(X25519|ML-KEM)/.test(nameOf(algorithm))) {
        throw new DOMException("Unrecognized name", "NotSupportedError");
      }
      return webcrypto.subtle[method](...given);
    };
  withSubtle({
    ...Object.fromEntries(["importKey", "deriveBits", "generateKey"].map((method) => [method, refuse(method)])),
    encapsulateBits: undefined,
    decapsulateBits: undefined,
  });
}

/** Node before 20.19 takes a module only by the name .mjs: a copy has it. */
async function load() {
  const folder = mkdtempSync(join(tmpdir(), "voice-memo-"));
  const copy = join(folder, "voice-memo.mjs");
  copyFileSync(fileURLToPath(new URL("../../contrib/voice-memo.js", import.meta.url)), copy);
  try {
    return await import(pathToFileURL(copy));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const memo = await load();

if (mode === "script") {
  memo.setNative(false);
}
if (mode === "modern") {
  // The interface of WICG's Modern Algorithms in the Web Cryptography API, over the module's own arithmetic: it shows
  // that the module calls it as browsers want it.
  const keys = new WeakMap();
  const importKey = webcrypto.subtle.importKey.bind(webcrypto.subtle);
  const define = (name, value) => Object.defineProperty(webcrypto.subtle, name, { value, configurable: true });
  define("importKey", async (format, data, algorithm, extractable, usages) => {
    if (nameOf(algorithm) !== "ML-KEM-768") {
      return importKey(format, data, algorithm, extractable, usages);
    }
    const wanted = { "raw-seed": [64, "decapsulateBits"], "raw-public": [1184, "encapsulateBits"] }[format];
    assert.deepEqual([data.length, usages], [wanted[0], [wanted[1]]]);
    const key = {};
    keys.set(key, data.slice());
    return key;
  });
  define("encapsulateBits", async (algorithm, key) => {
    assert.equal(nameOf(algorithm), "ML-KEM-768");
    nativeCalls++;
    const made = memo.mlkemEncaps(keys.get(key), webcrypto.getRandomValues(new Uint8Array(32)));
    return { sharedKey: made.key.slice().buffer, ciphertext: made.ct.slice().buffer };
  });
  define("decapsulateBits", async (algorithm, key, ciphertext) => {
    assert.equal(nameOf(algorithm), "ML-KEM-768");
    nativeCalls++;
    const seed = keys.get(key);
    return memo.mlkemDecaps(memo.mlkemKeygen(seed.slice(0, 32), seed.slice(32)).dk, ciphertext).slice().buffer;
  });
}

const engines = await memo.engines();
const expected = {
  script: { x25519: "script", mlkem: "script" },
  bare: { x25519: "script", mlkem: "script" },
  modern: { x25519: "webcrypto", mlkem: "webcrypto" },
};
if (mode in expected) {
  assert.deepEqual(engines, expected[mode]);
}

// ---- Vectors ----

const unhex = (text) => Uint8Array.from(Buffer.from(text, "hex"));
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const bytes64 = (text) => memo.fromBase64(text);

/** What a case came to: `ok`, or the kind of the refusal. */
async function verdict(run) {
  try {
    await run();
    return "ok";
  } catch (error) {
    if (error instanceof memo.MemoError) {
      return error.kind;
    }
    throw error;
  }
}

async function checkMemo(file) {
  for (const each of file.memos) {
    const { base, id, key } = memo.parseLink(each.link);
    assert.deepEqual([base, id, memo.secretText(key)], [each.link_base, each.memo_id, each.key]);
    assert.equal(memo.memoLink(base, id, key), each.link);
    assert.equal(memo.parseLink(each.link.replace("#", "?key=").replace(/=$/, "%3D")).base, base);
    const token = await memo.accessToken(key);
    assert.equal(token.text, each.access_token);
    assert.equal(await memo.sha256hex(token.bytes), each.access_token_hash);
    assert.equal(await memo.sha256hex(key), each.access_key_hash);
    const ciphertext = bytes64(each.encrypted_audio_b64);
    const { audio, complete } = await memo.openMemo({ key, iv: each.encryption_iv, ciphertext });
    assert.equal(memo.base64(audio), each.audio_b64);
    assert.equal(complete, true);
    assert.deepEqual(Array.from(memo.samplesOf(audio)), each.samples);
    assert.equal(memo.base64(memo.wavOf(each.samples, 8000)), each.audio_b64);
    ciphertext[ciphertext.length - 1] ^= 1;
    assert.equal(await verdict(() => memo.openMemo({ key, iv: each.encryption_iv, ciphertext })), "damaged");
  }
  for (const { text } of file.accepted_keys ?? []) {
    assert.equal(memo.secretText(memo.parseSecret(text)), file.accepted_keys[0].text);
  }
  for (const { text } of file.refused_keys ?? []) {
    assert.equal(await verdict(() => memo.parseSecret(text)), "wrong-key", text);
  }
}

const HASHES = {
  "SHA3-256": memo.sha3_256,
  "SHA3-512": memo.sha3_512,
  SHAKE128: memo.shake128,
  SHAKE256: memo.shake256,
};

/** How each file's cases are checked; each gives nothing, or throws. */
const CHECKS = {
  async sha3(each) {
    assert.equal(hex(HASHES[each.function](unhex(each.message), each.output.length / 2)), each.output);
  },
  async mlkem768(each) {
    const { ek, dk } = memo.mlkemKeygen(unhex(each.d), unhex(each.z));
    if (each.ek_sha3_256) {
      assert.equal(hex(memo.sha3_256(ek)), each.ek_sha3_256);
      return;
    }
    assert.deepEqual([hex(ek), hex(dk)], [each.ek, each.dk]);
    const { key, ct } = memo.mlkemEncaps(ek, unhex(each.m));
    assert.deepEqual([hex(key), hex(ct)], [each.key, each.ct]);
    assert.equal(hex(memo.mlkemDecaps(dk, ct)), each.key);
    assert.equal(hex(memo.mlkemDecaps(dk, unhex(each.rejected_ct))), each.rejected_key);
    const tooLarge = ek.slice();
    tooLarge.fill(255, 0, 3);
    assert.equal(await verdict(() => memo.mlkemEncaps(tooLarge, unhex(each.m))), "malformed");
  },
  async xwing(each) {
    assert.equal(hex(await memo.xwingPublicKey(unhex(each.seed))), each.pk);
    const { key, ct } = await memo.xwingEncaps(unhex(each.pk), unhex(each.eseed));
    assert.deepEqual([hex(key), hex(ct)], [each.ss, each.ct]);
    assert.equal(hex(await memo.xwingDecaps(unhex(each.seed), ct)), each.ss);
  },
  async hpke(each) {
    const id = { xwing: 0x647a, x25519: 0x0020 }[each.kem];
    const schedule = await memo.hpkeKeySchedule(id, each.aead_id, unhex(each.shared_secret), unhex(each.info));
    assert.deepEqual([hex(schedule.key), hex(schedule.nonce)], [each.key, each.base_nonce]);
    if (each.kem === "xwing") {
      const { key, ct } = await memo.xwingEncaps(unhex(each.pkR), unhex(each.randomness));
      assert.deepEqual([hex(key), hex(ct)], [each.shared_secret, each.enc]);
      assert.equal(hex(await memo.xwingDecaps(unhex(each.skR), ct)), each.shared_secret);
      return;
    }
    const common = { kem: each.kem, aead: each.aead_id, info: unhex(each.info), aad: unhex(each.aad) };
    const sealed = await memo.hpkeSeal({
      ...common,
      publicKey: unhex(each.pkR),
      plaintext: unhex(each.plaintext),
      randomness: unhex(each.randomness),
    });
    assert.deepEqual([hex(sealed.enc), hex(sealed.ct)], [each.enc, each.ciphertext]);
    assert.equal(hex(await memo.hpkeOpen({ ...common, ...sealed, seed: unhex(each.skR) })), each.plaintext);
  },
  async argon2id(each) {
    const { m_kib: mKib, t, p, length } = each;
    const [password, salt, secret, data] = ["password", "salt", "secret", "data"].map((name) => unhex(each[name]));
    assert.equal(hex(await memo.argon2id({ password, salt, secret, data, mKib, t, p, length })), each.output);
  },
  async owner(each) {
    const owner = await memo.ownerOf(each.seed, each.kem);
    assert.deepEqual(
      [owner.publicKey, owner.listingToken, owner.listingTokenHash],
      [each.public_key, each.listing_token, each.listing_token_hash],
    );
  },
  async envelope(each) {
    const { seeds, memo_id: memoId, envelope, plaintext } = each;
    const contents = await memo.openEnvelope({ seed: seeds, memoId, envelope });
    assert.deepEqual(contents, JSON.parse(plaintext));
    if (each.randomness && mode !== "modern") {
      const encoder = new TextEncoder();
      const sealed = await memo.hpkeSeal({
        kem: each.kem,
        publicKey: bytes64(each.public_key),
        info: encoder.encode("voice-memo/1 envelope"),
        aad: encoder.encode(memoId),
        plaintext: encoder.encode(plaintext),
        randomness: bytes64(each.randomness),
      });
      assert.deepEqual([memo.base64url(sealed.enc), memo.base64url(sealed.ct)], [envelope.enc, envelope.ct]);
    }
  },
  async stream(each, file) {
    const whole = bytes64(file.streams[each.stream]);
    const body = new Uint8Array(Buffer.concat(each.parts.map(([from, to]) => whole.subarray(from, to))));
    if (each.flip !== undefined) {
      body[each.flip] ^= 1;
    }
    const { audio, complete } = await memo.openMemo({
      key: each.key,
      iv: each.encryption_iv,
      ciphertext: body,
      encryption: "aes-256-gcm-stream",
    });
    assert.equal(complete, each.complete);
    assert.equal(audio.length, 44 + 2 * each.samples);
    assert.equal(await memo.sha256hex(audio), each.audio_sha256);
  },
  async telephone(each) {
    const { secret, lock, aad } = each;
    const { plaintext, proof } = await memo.openTelephoneLock({ secret, lock, aad });
    assert.equal(memo.secretText(plaintext), each.plaintext);
    assert.equal(memo.base64url(proof), each.proof);
  },
};

CHECKS.federation_endpoints = async ({ base, document, ...expected }) => {
  const own = globalThis.fetch;
  globalThis.fetch = async () => Response.json(document);
  try {
    const found = await memo.discover(base);
    for (const name of ["fetch", "verify", "audio"]) {
      assert.equal(found[name], expected[name]);
    }
  } finally {
    globalThis.fetch = own;
  }
};

async function checkInboxLink(each) {
  const { base, mailbox, seeds } = memo.parseInboxLink(each.link);
  assert.deepEqual([base, mailbox, seeds.map(memo.secretText)], [each.base, each.mailbox, each.seeds]);
  assert.equal(memo.inboxLink(base, mailbox, seeds), each.link);
}

async function check(path) {
  const name = basename(path, ".json");
  const file = JSON.parse(readFileSync(path, "utf8"));
  if (name === "memo") {
    await checkMemo(file);
    return file.memos.length;
  }
  for (const each of file.cases) {
    try {
      assert.equal(await verdict(() => CHECKS[name](each, file)), each.expect);
    } catch (error) {
      throw new Error(`${path}: ${each.name ?? JSON.stringify(each).slice(0, 300)}`, { cause: error });
    }
  }
  for (const each of file.inbox_links ?? []) {
    assert.equal(await verdict(() => checkInboxLink(each)), each.expect, each.name);
  }
  return file.cases.length;
}

// ---- Random cases ----

const random = (length) => webcrypto.getRandomValues(new Uint8Array(length));
const below = (limit) => Math.floor(Math.random() * limit);

const randomSamples = (count) => Int16Array.from({ length: count }, () => below(65536) - 32768);

async function makeMemo() {
  const memos = [];
  for (const count of [0, 1, 7, 8000, 1 + below(20000)]) {
    const samples = randomSamples(count);
    const audio = memo.wavOf(samples, 8000);
    const { id, key, iv, ciphertext, access_key_hash, access_token_hash } = await memo.sealMemo(audio);
    const base = "https://memo.example.org";
    memos.push({
      key: memo.secretText(key),
      memo_id: id,
      link_base: base,
      link: memo.memoLink(base, id, key),
      encryption_iv: iv,
      access_key_hash,
      access_token: (await memo.accessToken(key)).text,
      access_token_hash,
      samples: Array.from(samples),
      audio_b64: memo.base64(audio),
      encrypted_audio_b64: memo.base64(ciphertext),
    });
  }
  return { memos };
}

async function makeOwners() {
  const cases = [];
  for (const kem of ["xwing", "x25519"]) {
    for (let i = 0; i < 3; i++) {
      const { seed, publicKey } = await memo.makeOwner(kem);
      const owner = await memo.ownerOf(seed, kem);
      assert.equal(publicKey, owner.publicKey);
      cases.push({
        kem,
        seed: memo.secretText(seed),
        public_key: publicKey,
        listing_token: owner.listingToken,
        listing_token_hash: owner.listingTokenHash,
        expect: "ok",
      });
    }
  }
  return { cases };
}

async function makeEnvelopes() {
  const cases = [];
  for (const kem of ["xwing", "x25519"]) {
    for (let i = 0; i < 5; i++) {
      const { seed, publicKey } = await memo.makeOwner(kem);
      const stranger = await memo.makeOwner(kem);
      const memoId = memo.newMemoId();
      const contents = {
        key: memo.secretText(random(32)),
        transcript: "ö€𝄞".repeat(below(500)),
        duration_seconds: below(1000) / 8,
      };
      const envelope = await memo.sealEnvelope({ kem, publicKey, memoId, contents });
      const plaintext = JSON.stringify(contents);
      const seeds = [stranger.seed, seed].map(memo.secretText);
      cases.push({ kem, seeds, memo_id: memoId, envelope, plaintext, expect: "ok" });
      cases.push({ kem, seeds: seeds.slice(0, 1), memo_id: memoId, envelope, plaintext, expect: "wrong-key" });
    }
  }
  return { cases };
}

/** Lengths in samples at every edge of a frame of 8,000. */
const EDGES = [0, 1, 7999, 8000, 8001, 15999, 16000, 16001];

async function makeStreams() {
  const streams = {};
  const cases = [];
  for (const count of [...EDGES, below(24000)]) {
    for (const ended of [false, true]) {
      const [key, iv] = [random(32), random(12)];
      const audio = memo.wavOf(randomSamples(count), 8000);
      const body = await memo.sealStream({ key, iv, pcm: audio.subarray(44), ended });
      const name = `${count} samples, ${ended ? "ended" : "cut"}`;
      streams[name] = memo.base64(body);
      const common = { key: memo.secretText(key), encryption_iv: memo.base64url(iv), stream: name };
      const audio_sha256 = await memo.sha256hex(audio);
      cases.push({
        name,
        ...common,
        parts: [[0, body.length]],
        complete: ended,
        samples: count,
        audio_sha256,
        expect: "ok",
      });
      if (body.length > 0) {
        cases.push({
          name: `${name}, a byte altered`,
          ...common,
          parts: [[0, body.length]],
          flip: below(body.length),
          expect: "damaged",
        });
        cases.push({ name: `${name}, a byte short`, ...common, parts: [[0, body.length - 1]], expect: "damaged" });
      }
    }
  }
  return { streams, cases };
}

async function makeLocks() {
  const cases = [];
  for (const params of [
    { m_kib: 8192, t: 1, p: 1 },
    { m_kib: 8195 + below(200), t: 1, p: 2 },
  ]) {
    const secret = memo.randomDigits(16 + below(17));
    const plaintext = random(32);
    const aad = memo.newMemoId();
    const lock = await memo.telephoneLock({ secret, plaintext, aad, locator: memo.randomDigits(6), params });
    const { proof } = await memo.telephoneProof({ secret, lock });
    cases.push({
      secret,
      aad,
      lock,
      plaintext: memo.secretText(plaintext),
      proof: memo.base64url(proof),
      expect: "ok",
    });
  }
  return { cases };
}

async function make(folder) {
  const makers = {
    memo: makeMemo,
    owner: makeOwners,
    envelope: makeEnvelopes,
    stream: makeStreams,
    telephone: makeLocks,
  };
  for (const [name, maker] of Object.entries(makers)) {
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(await maker()));
  }
}

// ---- QR codes ----

/** As many random bytes as fit, and fewer, for each version, under each mask; and links, as the module draws them. */
function qr() {
  const codes = [];
  const capacity = (version) => {
    let [low, high] = [0, 3000];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      try {
        memo.qrMatrix(new Uint8Array(middle), { version }).version === version ? (low = middle) : (high = middle - 1);
      } catch {
        high = middle - 1;
      }
    }
    return low;
  };
  for (let version = 1; version <= 40; version++) {
    const most = capacity(version);
    for (let mask = 0; mask < 8; mask++) {
      const data = random(mask < 2 ? most : below(most + 1));
      const { size, dark } = memo.qrMatrix(data, { version, mask });
      codes.push({ version, mask, data: hex(data), size, dark: dark.join("") });
    }
  }
  const link = memo.memoLink("https://memo.example.org", memo.newMemoId(), random(32));
  const drawn = memo.qrMatrix(link);
  codes.push({
    version: drawn.version,
    mask: drawn.mask,
    data: hex(Buffer.from(link)),
    size: drawn.size,
    dark: drawn.dark.join(""),
  });
  process.stdout.write(JSON.stringify({ codes, link, svg: memo.qrSvg(link) }));
}

// ---- Fetching ----

/** Plays domains: `routes` maps "METHOD address" to what is answered. Keeps what was asked. */
function play(routes) {
  const asked = [];
  globalThis.fetch = async (address, init = {}) => {
    const method = init.method ?? "GET";
    asked.push({
      method,
      address,
      body: init.body ? JSON.parse(init.body) : null,
      authorization: init.headers?.authorization,
    });
    assert.equal(init.credentials, "omit");
    assert.equal(init.redirect, "error");
    const answer = routes[`${method} ${address}`];
    if (!answer) {
      throw new TypeError("Failed to fetch");
    }
    const given = typeof answer === "function" ? answer(JSON.parse(init.body ?? "null")) : answer;
    const body = given.json === undefined ? (given.body ?? null) : JSON.stringify(given.json);
    return new Response(body, { status: given.status ?? 200, headers: given.headers ?? {} });
  };
  return asked;
}

async function fetching() {
  const audio = memo.wavOf(randomSamples(100), 8000);
  const { id, key, iv, ciphertext } = await memo.sealMemo(audio);
  const base = "https://peer.example";
  const link = memo.memoLink(base, id, key);
  const keyText = memo.secretText(key);
  const token = (await memo.accessToken(key)).text;
  const audioRoute = `GET ${base}/voice/${id}/audio`;
  const discovery = `GET ${base}/.well-known/voice-federation`;
  const fetchAddress = `${base}/api/federation/voice/fetch`;
  const sealedAnswer = {
    body: ciphertext,
    headers: { "memo-iv": iv, "memo-audio-format": "audio/wav", "memo-created-at": "2027-01-15T08:00:00.000Z" },
  };
  const version10 = { json: { version: "1.0", endpoints: { fetch: fetchAddress } } };
  const version11 = { json: { version: "1.0", extensions: { 1.1: { access_token: true, signature_keys: [] } } } };
  const inJson = { encrypted_audio_b64: memo.base64(ciphertext), encryption_iv: iv, audio_format: "audio/wav" };
  const opened = async (options) => hex((await memo.openLink(link, options)).audio);
  const noKeyIn = (asked) => asked.forEach((each) => assert.ok(!JSON.stringify(each).includes(keyText)));

  // A 1.1 domain: one request, with the token.
  let asked = play({ [audioRoute]: sealedAnswer });
  const found = await memo.openLink(link);
  assert.equal(hex(found.audio), hex(audio));
  assert.equal(found.recorded.toISOString(), "2027-01-15T08:00:00.000Z");
  assert.equal(found.complete, true);
  assert.deepEqual(
    asked.map((each) => each.authorization),
    [`Bearer ${token}`],
  );
  noKeyIn(asked);
  // A link without a scheme is asked over HTTPS.
  assert.equal(hex((await memo.openLink(link.replace("https://", ""))).audio), hex(audio));

  // Its failures.
  const statuses = [
    [404, "wrong-key"],
    [410, "expired"],
    [429, "too-many"],
    [500, "server"],
    [403, "refused"],
  ];
  for (const [status, kind] of statuses) {
    const said = { status, headers: { "retry-after": "7" }, json: { success: false, error: "no" } };
    play({ [audioRoute]: said, [discovery]: version11 });
    const error = await memo.fetchMemo(link).catch((error) => error);
    assert.deepEqual([error.kind, error.retryAfter, error.message], [kind, 7, "no"]);
  }
  // Nobody there.
  play({});
  assert.equal(await verdict(() => memo.fetchMemo(link)), "unreachable");
  // The page gave up.
  const stopped = new AbortController();
  stopped.abort();
  assert.equal(await verdict(() => memo.fetchMemo(link, { signal: stopped.signal })), "unreachable");

  // A 1.0 peer without that resource, or without CORS there: it is told the key only where that is agreed to.
  for (const audioAnswer of [{ status: 404, json: { error: "Not found" } }, undefined]) {
    asked = play({ ...(audioAnswer ? { [audioRoute]: audioAnswer } : {}), [discovery]: version10 });
    assert.equal(await verdict(() => memo.fetchMemo(link)), "needs-key");
    noKeyIn(asked);
    // Quirks: no success, no duration, no metadata; base64 of the IV in the standard alphabet.
    const standardIv = Buffer.from(iv, "base64url").toString("base64");
    for (const answer of [
      inJson,
      {
        success: true,
        memo_id: id,
        ...inJson,
        duration_seconds: 1,
        metadata: { source: "sip_call", created_at: "2027-01-15T08:00:00Z" },
      },
      { ...inJson, encryption_iv: standardIv },
    ]) {
      asked = play({
        ...(audioAnswer ? { [audioRoute]: audioAnswer } : {}),
        [discovery]: version10,
        [`POST ${fetchAddress}`]: { json: answer },
      });
      assert.equal(await opened({ allowKey: true }), hex(audio));
      assert.deepEqual(asked.at(-1).body, { memo_id: id, access_key: keyText, requesting_domain: "" });
    }
    // And its failures: an error alone, with a status or without.
    for (const [answer, kind] of [
      [{ json: { error: "unknown" } }, "wrong-key"],
      [{ json: { success: false } }, "server"],
      [{ json: [] }, "server"],
      [{ body: "<html>" }, "server"],
      [{ status: 410, json: { error: "expired" } }, "expired"],
      [{ json: { ...inJson, encrypted_audio_b64: "?" } }, "damaged"],
    ]) {
      play({
        ...(audioAnswer ? { [audioRoute]: audioAnswer } : {}),
        [discovery]: version10,
        [`POST ${fetchAddress}`]: answer,
      });
      assert.equal(await verdict(() => memo.fetchMemo(link, { allowKey: true })), kind, JSON.stringify(answer));
    }
  }
  // What a document announces in clear is asked by HTTPS.
  const inClear = { json: { endpoints: { fetch: "http://peer.example/fetch" } } };
  const toHttps = { [discovery]: inClear, "POST https://peer.example/fetch": { json: inJson } };
  asked = play({ [audioRoute]: { status: 404 }, ...toHttps });
  assert.equal(await opened({ allowKey: true }), hex(audio));
  assert.ok(asked.every(({ address }) => address.startsWith("https:")));
  play({ [discovery]: version11 });
  assert.deepEqual(await memo.discover("peer.example"), {
    base,
    version: "1.0",
    fetch: fetchAddress,
    verify: `${base}/api/federation/voice/verify`,
    token: true,
    audio: `${base}/voice/{id}/audio`,
  });
  // A domain whose pages are elsewhere says where.
  const elsewhere = {
    json: { extensions: { 1.1: { access_token: true, audio: "https://memo.peer.example/x/{id}" } } },
  };
  asked = play({ [discovery]: elsewhere, [`GET https://memo.peer.example/x/${id}`]: sealedAnswer });
  assert.equal(await opened(), hex(audio));
  noKeyIn(asked);

  // Through a server of ours.
  asked = play({ "POST /api/open": sealedAnswer });
  assert.equal(await opened({ via: "" }), hex(audio));
  assert.deepEqual(asked[0].body, { domain: base, memo_id: id, access_token: token });
  noKeyIn(asked);
  play({ "POST /api/open": { status: 502, json: { success: false, error: "no route" } } });
  assert.equal(await verdict(() => memo.fetchMemo(link, { via: "" })), "unreachable");
  const needsKey = (body) =>
    body.access_key ? sealedAnswer : { status: 409, json: { success: false, error: "key", needs_key: true } };
  asked = play({ "POST https://ours.example/api/open": needsKey });
  assert.equal(await verdict(() => memo.fetchMemo(link, { via: "https://ours.example/" })), "needs-key");
  noKeyIn(asked);
  assert.equal(await opened({ via: "https://ours.example/", allowKey: true }), hex(audio));

  // An interrupted recording says so in its header fields, and opens as a stream.
  const body = await memo.sealStream({ key, iv, pcm: audio.subarray(44) });
  play({
    [audioRoute]: {
      body,
      headers: { ...sealedAnswer.headers, "memo-encryption": "aes-256-gcm-stream", "memo-complete": "false" },
    },
  });
  const cut = await memo.openLink(link);
  assert.deepEqual([hex(cut.audio), cut.complete], [hex(audio), false]);

  // What is no link.
  for (const [text, kind] of [
    ["", "not-a-link"],
    ["https://peer.example/", "not-a-link"],
    ["https:///voice/x#y", "not-a-link"],
    [`https://user@peer.example/voice/${id}#${keyText}`, "not-a-link"],
    [`ftp://peer.example/voice/${id}#${keyText}`, "not-a-link"],
    [`https://peer.example/voice/a.b#${keyText}`, "not-a-link"],
    [`https://peer.example/voice/${id}`, "no-key"],
    [`https://peer.example/voice/${id}#`, "no-key"],
    [`https://peer.example/voice/${id}#abc`, "wrong-key"],
  ]) {
    assert.equal(await verdict(() => memo.fetchMemo(text)), kind, text);
  }
}

async function open(link, out, flag) {
  const { audio } = await memo.openLink(link, { allowKey: flag === "--allow-key" });
  writeFileSync(out, audio);
}

/** Opens memos of running switches as the file's cases say: {name, expect, audio_sha256, link, via}. */
async function pair(path) {
  const { cases, domains } = JSON.parse(readFileSync(path));
  for (const { name, expect, audio_sha256: sha256, link, via } of cases) {
    let opened;
    const run = async () => {
      opened = await memo.openLink(link, { via });
    };
    assert.equal(await verdict(run), expect, name);
    if (opened !== undefined) {
      assert.deepEqual(
        [await memo.sha256hex(opened.audio), opened.format, opened.complete],
        [sha256, "audio/wav", true],
        name,
      );
    }
  }
  for (const { base } of domains) {
    const found = await memo.discover(base);
    assert.deepEqual([found.token, found.audio], [true, `${base}/voice/{id}/audio`]);
  }
}

const COMMANDS = {
  async check(...paths) {
    let count = 0;
    for (const path of paths) {
      count += await check(path);
    }
    console.log(`${count} cases with X25519 by ${engines.x25519}, ML-KEM by ${engines.mlkem}`);
  },
  make,
  qr,
  fetch: fetching,
  open,
  pair,
};

await COMMANDS[command](...rest);
if (mode === "modern") {
  assert.ok(nativeCalls > 0);
}
