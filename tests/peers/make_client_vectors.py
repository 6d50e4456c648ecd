#!/usr/bin/env python3
"""Makes owner.json, envelope.json, stream.json and telephone.json of tests/vectors/ with contrib/voice_memo.py.

The files are frozen: run this only to check that they still come out the same (--check), or to add a case. Each case
states its verdict: `ok`, or the kind of the refusal.
"""

import hashlib
import json
import math
import pathlib
import struct
import sys

sys.dont_write_bytecode = True
TESTS = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(TESTS.parent / "contrib"))

import voice_memo as memo  # noqa: E402

FOLDER = TESTS / "vectors"
MEMO_ID = "EBESExQVFhcYGRobHB0eHw"
OTHER_ID = "EBESExQVFhcYGRobHB0eHg"


def fixed(label, count):
    """Bytes that look random and are always the same."""
    return hashlib.shake_256(label.encode()).digest(count)


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


# ---- Owner keys ----


def owner_case(name, kem, seed):
    return {"name": name, "kem": kem, "seed": memo.secret_text(seed), **memo.owner_of(seed, kem), "expect": "ok"}


def owners():
    counted, random = bytes(range(32)), fixed("owner", 32)
    both = [memo.secret_text(random), memo.secret_text(counted)]
    base = "https://memo.example.org"
    return {
        "description": "Owner keys: what follows from a seed under each KEM, and inbox links. The listing token is "
                       "HKDF-SHA256(seed, info \"voice-memo/1 listing\"), whatever the KEM.",
        "cases": [
            owner_case("X-Wing, a counted seed", "xwing", counted),
            owner_case("X-Wing", "xwing", random),
            owner_case("X25519, a counted seed, clamped by RFC 7748", "x25519", counted),
            owner_case("X25519", "x25519", random),
            {"name": "spare bits set in the seed's last character", "kem": "x25519",
             "seed": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=", "expect": "wrong-key"},
            {"name": "a KEM that nobody knows", "kem": "p256", "seed": both[0], "expect": "malformed"},
        ],
        "inbox_links": [
            {"name": "one seed", "base": base, "mailbox": "reception", "seeds": both[:1],
             "link": f"{base}/inbox/reception#{both[0]}", "expect": "ok"},
            {"name": "two seeds after a change of keys, the newest first", "base": base, "mailbox": "reception",
             "seeds": both, "link": f"{base}/inbox/reception#{both[0]},{both[1]}", "expect": "ok"},
            {"name": "a bare domain", "base": "memo.example.org", "mailbox": "100", "seeds": both[:1],
             "link": f"memo.example.org/inbox/100#{both[0]}", "expect": "ok"},
            {"name": "a mailbox as dialplans name them", "base": base, "mailbox": "100@default", "seeds": both[:1],
             "link": f"{base}/inbox/100@default#{both[0]}", "expect": "ok"},
            {"name": "no seed", "link": f"{base}/inbox/reception", "expect": "no-key"},
            {"name": "half a seed", "link": f"{base}/inbox/reception#{both[0][:20]}", "expect": "wrong-key"},
            {"name": "a memo's link", "link": f"{base}/voice/{MEMO_ID}#{both[0]}", "expect": "not-a-link"},
        ],
    }


# ---- Envelopes ----

FULL = {
    "key": memo.secret_text(bytes(range(32))),
    "link": f"https://memo.example.org/voice/{MEMO_ID}#{memo.secret_text(bytes(range(32)))}",
    "qr_svg": "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
    "from": "+15550100",
    "caller_name": "Zoë “Żółw” 電話",
    "to": "+15550199",
    "diversion": "sip:100@example.org",
    "duration_seconds": 12.5,
    "transcript": "Hello,\nplease call back.",
    "summary": "Wants a call.",
}
FIRST = {"key": memo.secret_text(bytes(range(32))), "from": "+15550100"}


def envelope_cases(kem, randomness_bytes):
    seed, other = fixed(f"envelope owner {kem}", 32), fixed(f"other owner {kem}", 32)
    public_key = memo.public_key_of(kem, seed)
    made = []

    def sealed(name, contents):
        randomness = fixed(f"{kem} {name}", randomness_bytes)
        plaintext = json.dumps(contents, ensure_ascii=False, separators=(",", ":"))
        case = {
            "name": f"{kem}: {name}", "kem": kem, "seeds": [memo.secret_text(seed)],
            "public_key": memo.base64url(public_key), "memo_id": MEMO_ID, "randomness": memo.base64url(randomness),
            "plaintext": plaintext,
            "envelope": memo.seal_envelope(kem, public_key, MEMO_ID, contents, randomness=randomness), "expect": "ok",
        }
        made.append(case)
        return case

    full = sealed("everything that an envelope may hold", FULL)
    sealed("a journal's first, without a duration", FIRST)
    seeds = [memo.secret_text(other), memo.secret_text(seed)]
    enc, ct = (memo.from_base64(full["envelope"][part]) for part in ("enc", "ct"))

    def but(name, expect, envelope=None, **changes):
        """The first case but for what is given, without what only matters to sealing."""
        case = {"name": f"{kem}: {name}", "kem": kem, "seeds": full["seeds"], "memo_id": MEMO_ID,
                "envelope": {**full["envelope"], **(envelope or {})}, **changes, "expect": expect}
        if expect == "ok":
            case["plaintext"] = full["plaintext"]
        made.append(case)

    but("the second of two seeds", "ok", seeds=seeds)
    but("another owner's seed", "wrong-key", seeds=seeds[:1])
    but("another memo's id", "wrong-key", memo_id=OTHER_ID)
    but("the ciphertext altered", "wrong-key", {"ct": memo.base64url(flipped(ct, 3))})
    but("the tag altered", "wrong-key", {"ct": memo.base64url(flipped(ct, len(ct) - 1))})
    but("the encapsulated key altered", "wrong-key", {"enc": memo.base64url(flipped(enc, 5))})
    but("the encapsulated key's end altered", "wrong-key", {"enc": memo.base64url(flipped(enc, len(enc) - 8))})
    but("the encapsulated key cut", "malformed", {"enc": memo.base64url(enc[:-1])})
    but("the encapsulated key too long", "malformed", {"enc": memo.base64url(enc + b"\x00")})
    but("shorter than a tag", "malformed", {"ct": memo.base64url(ct[:15])})
    but("nothing but a tag", "wrong-key", {"ct": memo.base64url(ct[:16])})
    but("the other KEM's name", "malformed", {"kem": "x25519" if kem == "xwing" else "xwing"})
    but("a KEM that nobody knows", "malformed", {"kem": "p256"})
    # A point of small order: the shared secret of X25519 is zeros. DHKEM refuses it (RFC 9180 7.1.4); X-Wing, which
    # does not rest on X25519 alone, hashes it like any other.
    if kem == "x25519":
        but("an encapsulated key of small order", "malformed", {"enc": memo.base64url(bytes(32))})
    else:
        ek, pk_x = public_key[:memo.EK_BYTES], public_key[memo.EK_BYTES:]
        ss_m, ct_m = memo.mlkem_encaps(ek, fixed("small order", 32))
        secret = memo._xwing_combine(ss_m, bytes(32), bytes(32), pk_x)
        key, nonce = memo.hpke_key_schedule(memo.KEM_IDS[kem], 2, secret, b"voice-memo/1 envelope")
        ct = memo.AESGCM(key).encrypt(nonce, full["plaintext"].encode(), MEMO_ID.encode())
        but("an encapsulated key whose X25519 half is of small order", "ok",
            {"enc": memo.base64url(ct_m + bytes(32)), "ct": memo.base64url(ct)})
    return made


def envelopes():
    return {
        "description": "Sealed envelopes: HPKE, base mode, HKDF-SHA256, AES-256-GCM, info \"voice-memo/1 envelope\", "
                       "aad the memo id. `randomness` is the ephemeral private key (x25519), or the 64 bytes that X-Wing's "
                       "encapsulation takes; with it, `plaintext` seals to exactly this envelope. Each seed is tried.",
        "cases": envelope_cases("xwing", 64) + envelope_cases("x25519", 32),
    }


# ---- Streams ----


def pcm(count):
    return struct.pack(f"<{count}h", *(round(9000 * math.sin(2 * math.pi * 440 * n / 8000)) for n in range(count)))


def streams():
    key, iv = bytes(range(32)), bytes(range(0xA0, 0xAC))
    audio = pcm(8000 + 8000 + 500)
    frame = 12 + 16000 + 16
    short = 12 + 1000 + 16
    open_end = memo.seal_stream(key, iv, audio)
    ended = memo.seal_stream(key, iv, audio[:200], ended=True)
    altered = flipped(memo.seal_stream(key, iv, audio[:200]), 12)
    altered = altered[:4] + hashlib.sha256(altered[12:]).digest()[:8] + altered[12:]
    journal_key = memo._hkdf(key, b"voice-memo/1 journal")
    empty = memo.AESGCM(journal_key).encrypt(memo._stream_nonce(iv, 1, 1), b"", None)
    ended_whole = memo.seal_stream(key, iv, audio[:16000])
    ended_whole += struct.pack("<I", len(empty)) + hashlib.sha256(empty).digest()[:8] + empty
    whole = len(open_end)
    assert whole == 2 * frame + short
    cases = []

    def case(name, stream, parts, expect, samples=None, complete=False, flip=None, **changes):
        made = {"name": name, "key": memo.secret_text(key), "encryption_iv": memo.base64url(iv), "stream": stream,
                "parts": parts, **changes}
        if flip is not None:
            made["flip"] = flip
        if expect == "ok":
            made["complete"] = complete
            made["samples"] = samples
            made["audio_sha256"] = hashlib.sha256(memo.wav_of(audio[:2 * samples])).hexdigest()
        cases.append({**made, "expect": expect})

    case("a crash after two seconds and a bit", "open_end", [[0, whole]], "ok", 16500)
    case("cut behind the first frame", "open_end", [[0, frame]], "ok", 8000)
    case("cut behind the second frame", "open_end", [[0, 2 * frame]], "ok", 16000)
    case("nothing recorded yet", "open_end", [], "ok", 0)
    case("ended as it should", "ended", [[0, len(ended)]], "ok", 100, complete=True)
    case("ended behind a whole second: the last frame is empty", "ended_whole", [[0, len(ended_whole)]], "ok", 8000,
         complete=True)
    case("only the IV's first seven bytes count", "open_end", [[0, frame]], "ok", 8000,
         encryption_iv=memo.base64url(iv[:7] + bytes(5)))
    case("cut within a length", "open_end", [[0, frame + 3]], "damaged")
    case("cut within a checksum", "open_end", [[0, frame + 9]], "damaged")
    case("cut within a frame", "open_end", [[0, 2 * frame - 1]], "damaged")
    case("cut within the last frame", "open_end", [[0, whole - 1]], "damaged")
    case("two frames in another order", "open_end", [[frame, 2 * frame], [0, frame]], "damaged")
    case("the first frame is missing", "open_end", [[frame, whole]], "damaged")
    case("a frame in the middle is missing", "open_end", [[0, frame], [2 * frame, whole]], "damaged")
    case("a frame twice", "open_end", [[0, frame], [0, frame]], "damaged")
    case("a length altered", "open_end", [[0, whole]], "damaged", flip=0)
    case("a length beyond any frame", "open_end", [[0, whole]], "damaged", flip=3)
    case("a checksum altered", "open_end", [[0, whole]], "damaged", flip=frame + 4)
    case("a ciphertext altered", "open_end", [[0, whole]], "damaged", flip=frame + 100)
    case("a ciphertext altered and its checksum made to fit", "altered", [[0, len(altered)]], "damaged")
    case("something behind the end", "ended", [[0, len(ended)], [0, len(ended)]], "damaged")
    case("half a length behind the end", "ended", [[0, len(ended)], [0, 2]], "damaged")
    case("another key", "open_end", [[0, frame]], "damaged", key=memo.secret_text(bytes(32)))
    case("another IV", "open_end", [[0, frame]], "damaged", encryption_iv=memo.base64url(flipped(iv, 6)))
    return {
        "description": "Recordings that a crash cut off (encryption aes-256-gcm-stream), as they are served: frames "
                       "alone. A case's body is made of the `parts` [from, to) of one of the `streams`; then the byte "
                       "at `flip`, where there is one, has its lowest bit turned. `audio_sha256` is of the WAV file.",
        "streams": {name: memo.base64(body) for name, body in
                    [("open_end", open_end), ("ended", ended), ("ended_whole", ended_whole), ("altered", altered)]},
        "cases": cases,
    }


# ---- Telephone locks ----


def locks():
    cheap = {"m_kib": 8192, "t": 1, "p": 1}
    key, seed = bytes(range(32)), fixed("owner", 32)
    code = "3141592653589793"
    cases = []

    def sealed(name, secret, plaintext, aad, locator, params, **more):
        lock = memo.telephone_lock(secret, plaintext, aad, locator, params, salt=fixed(f"salt {name}", 16),
                                   iv=fixed(f"iv {name}", 12))
        proof = memo.telephone_proof(secret, lock)[1]
        case = {"name": name, **more, "secret": secret, "aad": aad, "lock": lock,
                "plaintext": memo.secret_text(plaintext), "proof": memo.base64url(proof), "expect": "ok"}
        cases.append(case)
        return case

    first = sealed("a memo's lock, at the least that is accepted", code, key, MEMO_ID, "271828", cheap)
    sealed("a mailbox's lock, without a locator", "00000000000000000007", seed, "reception", None,
           {"m_kib": 8200, "t": 2, "p": 2})
    sealed("a memo's lock as it is made by default", code, key, MEMO_ID, "271828", memo.LOCK_PARAMS, slow=True)

    def but(name, expect, lock=None, **changes):
        cases.append({"name": name, "secret": code, "aad": MEMO_ID, "lock": {**first["lock"], **(lock or {})},
                      **changes, "expect": expect})

    ct, salt = (memo.from_base64(first["lock"][part]) for part in ("ct", "salt"))
    but("another code", "wrong-code", secret="3141592653589794")
    but("another salt", "wrong-code", {"salt": memo.base64url(flipped(salt, 0))})
    but("another proof's hash", "wrong-code", {"proof_hash": "00" * 32})
    but("another memo", "damaged", aad=OTHER_ID)
    but("the wrapped key altered", "damaged", {"ct": memo.base64url(flipped(ct, 0))})
    but("too little memory", "malformed", {"m_kib": 8191})
    but("too much memory", "malformed", {"m_kib": 262145})
    but("no pass", "malformed", {"t": 0})
    but("too many passes", "malformed", {"t": 11})
    but("no lane", "malformed", {"p": 0})
    but("too many lanes", "malformed", {"p": 5})
    but("another version", "malformed", {"v": 2})
    but("a code of fifteen digits", "malformed", secret=code[:15])
    but("a code of 33 digits", "malformed", secret=(code * 3)[:33])
    but("a code with a letter", "malformed", secret="314159265358979x")
    return {
        "description": "Telephone locks: a key or an owner's seed wrapped under the digits of a telephone code by "
                       "Argon2id and AES-256-GCM. `slow` marks the case with the default's 64 MiB and three passes.",
        "cases": cases,
    }


def main():
    wrong = []
    for name, make in [("owner", owners), ("envelope", envelopes), ("stream", streams), ("telephone", locks)]:
        file = FOLDER / f"{name}.json"
        text = json.dumps(make(), indent=1, ensure_ascii=False) + "\n"
        if "--check" not in sys.argv:
            file.write_text(text)
        elif file.read_text() != text:
            wrong.append(f"{file} is not what this script makes")
    sys.exit("\n".join(wrong) or None)


main()
