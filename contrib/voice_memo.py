#!/usr/bin/env python3
"""Encrypted voice memos: a client in one file, over Python 3.11, its standard library and `cryptography` (38 or later).

A memo is a recording that only the holder of its link can hear (docs/memo-format.md). This module seals and opens
memos, opens what an interrupted recording left behind, makes and opens the envelopes that hand a mailbox's memos to its
owner, wraps keys under a telephone code, and speaks voice federation 1.0 and 1.1, signed requests included. It shares no
code with Obelus. contrib/voice-memo.js is its twin for browsers; the names are the same but for their case.

    python3 voice_memo.py open LINK -o FILE          fetch a memo and write its audio
    python3 voice_memo.py verify LINK                ask whether a link's memo is there
    python3 voice_memo.py seal FILE --base URL       seal a WAV file: its link, and the JSON to upload
    python3 voice_memo.py owner [--kem x25519]       make a mailbox's key pair
    python3 voice_memo.py envelope INBOX_LINK FILE   open an envelope

ML-KEM-768 and Argon2id are in plain Python, from FIPS 203 and RFC 9106: slow, and with a running time that tells of
secrets to whoever can measure it on this machine. A newer `cryptography` lends its Argon2id where it has it.
"""

import argparse
import base64 as _base64
import dataclasses
import hashlib
import hmac as _hmac
import http.client
import ipaddress
import json
import re
import secrets
import socket
import struct
import sys
import time
import urllib.parse

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

try:
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id as _NativeArgon2id
except ImportError:
    _NativeArgon2id = None


# ---- Errors ----


class MemoError(Exception):
    """Why something did not work; `kind` is one of those that contrib/voice-memo.js names."""

    def __init__(self, kind, message=None, retry_after=0):
        super().__init__(message or kind)
        self.kind = kind
        self.retry_after = retry_after


def _malformed(message):
    return MemoError("malformed", message)


# ---- Text: base64 (RFC 4648) as the memo format writes and reads it ----


def base64url(data, pad=False):
    """Base64url (RFC 4648 5), without padding unless `pad`."""
    text = _base64.urlsafe_b64encode(data).decode()
    return text if pad else text.rstrip("=")


def base64(data):
    """Standard base64 with padding, as audio stands in JSON."""
    return _base64.b64encode(data).decode()


def from_base64(text):
    """The bytes of a text in either alphabet, padded or not. A text that no encoder writes is refused: two texts must
    never be one secret."""
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9+/_-]*={0,2}", text):
        raise _malformed("not base64")
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    padded = plain + "=" * (-len(plain) % 4)
    if len(plain) % 4 == 1 or ("=" in text and len(text) != len(padded)):
        raise _malformed("not base64: its length")
    data = _base64.b64decode(padded)
    if _base64.b64encode(data).decode() != padded:
        raise _malformed("not base64: spare bits are set in its last character")
    return data


def secret_text(secret):
    """The text of a key, a token or a seed: base64url with padding, 44 characters."""
    if len(secret) != 32:
        raise _malformed("a secret has 32 bytes")
    return base64url(secret, pad=True)


def parse_secret(text):
    """The 32 bytes of such a text, in either alphabet, padded or not; anything else is `wrong-key`."""
    if isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9+/_-]{43}=?", text):
        try:
            return from_base64(text)
        except MemoError:
            pass
    raise MemoError("wrong-key", "not the text of a key")


def _secret_bytes(secret):
    if isinstance(secret, str):
        return parse_secret(secret)
    if len(secret) != 32:
        raise MemoError("wrong-key", "a key has 32 bytes")
    return bytes(secret)


def sha256hex(data):
    return hashlib.sha256(data).hexdigest()


# ---- ML-KEM-768 (FIPS 203): k = 3, eta1 = eta2 = 2, du = 10, dv = 4 ----

_Q = 3329
_RANK = 3
EK_BYTES = 384 * _RANK + 32
MLKEM_CT_BYTES = 32 * (10 * _RANK + 4)


def _reversed7(i):
    return int(f"{i:07b}"[::-1], 2)


_ZETAS = [pow(17, _reversed7(i), _Q) for i in range(128)]
_GAMMAS = [pow(17, 2 * _reversed7(i) + 1, _Q) for i in range(128)]


def _ntt(f):
    """FIPS 203 algorithm 9."""
    f = list(f)
    i, length = 1, 128
    while length >= 2:
        for start in range(0, 256, 2 * length):
            zeta = _ZETAS[i]
            i += 1
            for j in range(start, start + length):
                t = zeta * f[j + length] % _Q
                f[j + length] = (f[j] - t) % _Q
                f[j] = (f[j] + t) % _Q
        length //= 2
    return f


def _inverse_ntt(f):
    """FIPS 203 algorithm 10."""
    f = list(f)
    i, length = 127, 2
    while length <= 128:
        for start in range(0, 256, 2 * length):
            zeta = _ZETAS[i]
            i -= 1
            for j in range(start, start + length):
                t = f[j]
                f[j] = (t + f[j + length]) % _Q
                f[j + length] = zeta * (f[j + length] - t) % _Q
        length *= 2
    return [x * 3303 % _Q for x in f]


def _product(f, g):
    """FIPS 203 algorithms 11 and 12."""
    h = []
    for i in range(128):
        a0, a1, b0, b1 = f[2 * i], f[2 * i + 1], g[2 * i], g[2 * i + 1]
        h += [(a0 * b0 + a1 * b1 * _GAMMAS[i]) % _Q, (a0 * b1 + a1 * b0) % _Q]
    return h


def _add(f, g):
    return [(x + y) % _Q for x, y in zip(f, g)]


def _sample_ntt(rho, j, i):
    """FIPS 203 algorithm 7. hashlib's SHAKE cannot go on squeezing: a longer output is asked for where one is short."""
    length = 840
    while True:
        stream = hashlib.shake_128(rho + bytes([j, i])).digest(length)
        f = []
        for at in range(0, length, 3):
            c0, c1, c2 = stream[at:at + 3]
            f += [d for d in (c0 + 256 * (c1 & 15), (c1 >> 4) + 16 * c2) if d < _Q]
        if len(f) >= 256:
            return f[:256]
        length += 168


def _sample_noise(seed, counter):
    """FIPS 203 algorithm 8 with eta = 2, over PRF (4.3)."""
    bits = int.from_bytes(hashlib.shake_256(seed + bytes([counter])).digest(128), "little")
    f = []
    for i in range(256):
        four = bits >> (4 * i) & 15
        f.append(((four & 1) + (four >> 1 & 1) - (four >> 2 & 1) - (four >> 3)) % _Q)
    return f


def _pack(f, d):
    """FIPS 203 algorithm 5."""
    return sum(x << (d * i) for i, x in enumerate(f)).to_bytes(32 * d, "little")


def _unpack(data, d):
    """FIPS 203 algorithm 6, without its reduction."""
    bits = int.from_bytes(data, "little")
    return [bits >> (d * i) & ((1 << d) - 1) for i in range(256)]


def _compress(f, d):
    """FIPS 203 4.7: round(2^d x / q) mod 2^d."""
    return [((2 * x << d) + _Q) // (2 * _Q) % (1 << d) for x in f]


def _decompress(f, d):
    """FIPS 203 4.8: round(q y / 2^d)."""
    return [(y * _Q + (1 << (d - 1))) >> d for y in f]


def _pke_keygen(d):
    """FIPS 203 algorithm 13."""
    digest = hashlib.sha3_512(d + bytes([_RANK])).digest()
    rho, sigma = digest[:32], digest[32:]
    s = [_ntt(_sample_noise(sigma, i)) for i in range(_RANK)]
    t = [_ntt(_sample_noise(sigma, _RANK + i)) for i in range(_RANK)]
    for i in range(_RANK):
        for j in range(_RANK):
            t[i] = _add(t[i], _product(_sample_ntt(rho, j, i), s[j]))
    return b"".join(_pack(f, 12) for f in t) + rho, b"".join(_pack(f, 12) for f in s)


def _pke_encrypt(ek, m, r):
    """FIPS 203 algorithm 14."""
    t = [_unpack(ek[384 * i:384 * (i + 1)], 12) for i in range(_RANK)]
    rho = ek[384 * _RANK:]
    y = [_ntt(_sample_noise(r, i)) for i in range(_RANK)]
    out = b""
    for i in range(_RANK):
        total = [0] * 256
        for j in range(_RANK):
            total = _add(total, _product(_sample_ntt(rho, i, j), y[j]))
        out += _pack(_compress(_add(_inverse_ntt(total), _sample_noise(r, _RANK + i)), 10), 10)
    total = [0] * 256
    for i in range(_RANK):
        total = _add(total, _product(t[i], y[i]))
    v = _add(_add(_inverse_ntt(total), _sample_noise(r, 2 * _RANK)), _decompress(_unpack(m, 1), 1))
    return out + _pack(_compress(v, 4), 4)


def _pke_decrypt(dk, c):
    """FIPS 203 algorithm 15."""
    total = [0] * 256
    for i in range(_RANK):
        u = _decompress(_unpack(c[320 * i:320 * (i + 1)], 10), 10)
        total = _add(total, _product(_unpack(dk[384 * i:384 * (i + 1)], 12), _ntt(u)))
    v = _decompress(_unpack(c[320 * _RANK:], 4), 4)
    return _pack(_compress([(x - y) % _Q for x, y in zip(v, _inverse_ntt(total))], 1), 1)


def mlkem_keygen(d, z):
    """ML-KEM.KeyGen_internal (FIPS 203 algorithm 16): (ek, dk)."""
    ek, dk = _pke_keygen(d)
    return ek, dk + ek + hashlib.sha3_256(ek).digest() + z


def mlkem_encaps(ek, m):
    """ML-KEM.Encaps_internal (FIPS 203 algorithm 17) after the checks of 7.2: (key, ciphertext)."""
    if len(ek) != EK_BYTES or any(x >= _Q for i in range(_RANK) for x in _unpack(ek[384 * i:384 * (i + 1)], 12)):
        raise _malformed("not an encapsulation key of ML-KEM-768")
    digest = hashlib.sha3_512(m + hashlib.sha3_256(ek).digest()).digest()
    return digest[:32], _pke_encrypt(ek, m, digest[32:])


def mlkem_decaps(dk, ct):
    """ML-KEM.Decaps_internal (FIPS 203 algorithm 18), with its implicit rejection."""
    if len(dk) != 2 * EK_BYTES + 32 or len(ct) != MLKEM_CT_BYTES:
        raise _malformed("not a ciphertext of ML-KEM-768")
    dk_pke, ek = dk[:384 * _RANK], dk[384 * _RANK:384 * _RANK + EK_BYTES]
    digest_ek, z = dk[-64:-32], dk[-32:]
    m = _pke_decrypt(dk_pke, ct)
    digest = hashlib.sha3_512(m + digest_ek).digest()
    rejected = hashlib.shake_256(z + ct).digest(32)
    return digest[:32] if _hmac.compare_digest(ct, _pke_encrypt(ek, m, digest[32:])) else rejected


# ---- X25519 (RFC 7748) and X-Wing (draft-connolly-cfrg-xwing-kem) ----


def _x25519_public(scalar):
    key = X25519PrivateKey.from_private_bytes(scalar).public_key()
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _x25519(scalar, point):
    """X25519 as RFC 7748 5 defines it: zeros for a point of small order, where the library fails."""
    private, public = X25519PrivateKey.from_private_bytes(scalar), X25519PublicKey.from_public_bytes(point)
    try:
        return private.exchange(public)
    except ValueError:
        return bytes(32)


def _x25519_checked(scalar, point):
    """The same with the check of RFC 9180 7.1.4, which DHKEM wants. X-Wing does without."""
    shared = _x25519(scalar, point)
    if shared == bytes(32):
        raise _malformed("the X25519 key is one of small order")
    return shared


def _xwing_expand(seed):
    expanded = hashlib.shake_256(seed).digest(96)
    return expanded[:32], expanded[32:64], expanded[64:]


def _xwing_combine(ss_m, ss_x, ct_x, pk_x):
    return hashlib.sha3_256(ss_m + ss_x + ct_x + pk_x + rb"\.//^" + b"\\").digest()


def xwing_public_key(seed):
    """The public key (1216 bytes) of a seed of 32 bytes."""
    d, z, scalar = _xwing_expand(seed)
    return mlkem_keygen(d, z)[0] + _x25519_public(scalar)


def xwing_encaps(public_key, randomness=None):
    """Encapsulate (5.4): (key, ciphertext); with 64 bytes of randomness, the draft's EncapsulateDerand."""
    if len(public_key) != EK_BYTES + 32:
        raise _malformed("not a public key of X-Wing")
    randomness = randomness or secrets.token_bytes(64)
    ss_m, ct_m = mlkem_encaps(public_key[:EK_BYTES], randomness[:32])
    ct_x = _x25519_public(randomness[32:])
    pk_x = public_key[EK_BYTES:]
    return _xwing_combine(ss_m, _x25519(randomness[32:], pk_x), ct_x, pk_x), ct_m + ct_x


def xwing_decaps(seed, ct):
    """Decapsulate (5.5)."""
    if len(ct) != MLKEM_CT_BYTES + 32:
        raise _malformed("not a ciphertext of X-Wing")
    d, z, scalar = _xwing_expand(seed)
    ss_m = mlkem_decaps(mlkem_keygen(d, z)[1], ct[:MLKEM_CT_BYTES])
    ct_x = ct[MLKEM_CT_BYTES:]
    return _xwing_combine(ss_m, _x25519(scalar, ct_x), ct_x, _x25519_public(scalar))


# ---- HKDF-SHA256 (RFC 5869) and HPKE (RFC 9180), base mode ----


def _hmac_sha256(key, data):
    return _hmac.digest(key, data, "sha256")


def _expand(prk, info, length):
    """HKDF-Expand for up to 32 bytes, the most that is asked for here: one block."""
    return _hmac_sha256(prk, info + b"\x01")[:length]


def _hkdf(secret, info):
    return _expand(_hmac_sha256(b"", secret), info, 32)


def _labeled_extract(salt, suite, label, secret):
    return _hmac_sha256(salt, b"HPKE-v1" + suite + label + secret)


def _labeled_expand(prk, suite, label, info, length):
    return _expand(prk, struct.pack(">H", length) + b"HPKE-v1" + suite + label + info, length)


def _dhkem_secret(dh, enc, public_key):
    suite = b"KEM" + struct.pack(">H", 0x0020)
    prk = _labeled_extract(b"", suite, b"eae_prk", dh)
    return _labeled_expand(prk, suite, b"shared_secret", enc + public_key, 32)


KEM_IDS = {"xwing": 0x647A, "x25519": 0x0020}
_ENC_BYTES = {"xwing": MLKEM_CT_BYTES + 32, "x25519": 32}


def _kem_named(kem):
    if kem not in KEM_IDS:
        raise _malformed("the KEM is neither xwing nor x25519")
    return kem


def public_key_of(kem, seed):
    """The public key, as bytes, of a seed under a KEM."""
    return xwing_public_key(seed) if _kem_named(kem) == "xwing" else _x25519_public(seed)


def hpke_encap(kem, public_key, randomness=None):
    """(shared secret, enc)."""
    if _kem_named(kem) == "xwing":
        return xwing_encaps(public_key, randomness)
    if len(public_key) != 32:
        raise _malformed("a public key of x25519 has 32 bytes")
    scalar = randomness or secrets.token_bytes(32)
    enc = _x25519_public(scalar)
    return _dhkem_secret(_x25519_checked(scalar, public_key), enc, public_key), enc


def hpke_decap(kem, seed, enc):
    """The shared secret."""
    if _kem_named(kem) == "xwing":
        return xwing_decaps(seed, enc)
    return _dhkem_secret(_x25519_checked(seed, enc), enc, _x25519_public(seed))


def hpke_key_schedule(kem_id, aead_id, secret, info):
    """RFC 9180 5.1 with HKDF-SHA256: (key, base nonce)."""
    suite = b"HPKE" + struct.pack(">HHH", kem_id, 0x0001, aead_id)
    context = b"\x00" + _labeled_extract(b"", suite, b"psk_id_hash", b"")
    context += _labeled_extract(b"", suite, b"info_hash", info)
    prk = _labeled_extract(secret, suite, b"secret", b"")
    key = _labeled_expand(prk, suite, b"key", context, 16 if aead_id == 1 else 32)
    return key, _labeled_expand(prk, suite, b"base_nonce", context, 12)


def hpke_seal(kem, public_key, info, aad, plaintext, aead_id=2, randomness=None):
    """RFC 9180 6.1, SealBase: (enc, ciphertext)."""
    secret, enc = hpke_encap(kem, public_key, randomness)
    key, nonce = hpke_key_schedule(KEM_IDS[kem], aead_id, secret, info)
    return enc, AESGCM(key).encrypt(nonce, plaintext, aad)


def hpke_open(kem, seed, info, aad, enc, ct, aead_id=2):
    """RFC 9180 6.1, OpenBase."""
    if len(enc) != _ENC_BYTES[_kem_named(kem)] or len(ct) < 16:
        raise _malformed("the envelope is cut")
    key, nonce = hpke_key_schedule(KEM_IDS[kem], aead_id, hpke_decap(kem, seed, enc), info)
    try:
        return AESGCM(key).decrypt(nonce, ct, aad)
    except InvalidTag:
        raise MemoError("wrong-key") from None


# ---- Argon2id (RFC 9106) ----

_WORD = (1 << 64) - 1


def _long_blake2b(data, length):
    """H' (RFC 9106 3.3)."""
    data = struct.pack("<I", length) + data
    if length <= 64:
        return hashlib.blake2b(data, digest_size=length).digest()
    out = b""
    block = hashlib.blake2b(data).digest()
    while length - len(out) > 64:
        out += block[:32]
        block = hashlib.blake2b(block, digest_size=min(64, length - len(out))).digest()
    return out + block


def _blamka(v, a, b, c, d):
    """GB (RFC 9106 3.6)."""
    va, vb, vc, vd = v[a], v[b], v[c], v[d]
    low = 0xFFFFFFFF
    va = (va + vb + 2 * (va & low) * (vb & low)) & _WORD
    vd ^= va
    vd = vd >> 32 | vd << 32 & _WORD
    vc = (vc + vd + 2 * (vc & low) * (vd & low)) & _WORD
    vb ^= vc
    vb = vb >> 24 | vb << 40 & _WORD
    va = (va + vb + 2 * (va & low) * (vb & low)) & _WORD
    vd ^= va
    vd = vd >> 16 | vd << 48 & _WORD
    vc = (vc + vd + 2 * (vc & low) * (vd & low)) & _WORD
    vb ^= vc
    v[a], v[b], v[c], v[d] = va, vb >> 63 | vb << 1 & _WORD, vc, vd


def _permutation(words):
    """P's eight calls of GB on sixteen words, by their places in the block."""
    w = words
    return [(w[0], w[4], w[8], w[12]), (w[1], w[5], w[9], w[13]), (w[2], w[6], w[10], w[14]),
            (w[3], w[7], w[11], w[15]), (w[0], w[5], w[10], w[15]), (w[1], w[6], w[11], w[12]),
            (w[2], w[7], w[8], w[13]), (w[3], w[4], w[9], w[14])]


_ROUNDS = [call for row in range(8) for call in _permutation([16 * row + i for i in range(16)])]
_ROUNDS += [call for column in range(8)
            for call in _permutation([2 * column + 16 * (i // 2) + i % 2 for i in range(16)])]


def _compress_block(x, y):
    """G (RFC 9106 3.5)."""
    r = [a ^ b for a, b in zip(x, y)]
    z = list(r)
    for a, b, c, d in _ROUNDS:
        _blamka(z, a, b, c, d)
    return [a ^ b for a, b in zip(r, z)]


def argon2id_plain(password, salt, m_kib, t, p, length, secret=b"", data=b""):
    """Argon2id, version 0x13 (RFC 9106 3), in plain Python: a fifth of a second to a second for each MiB
    and pass."""
    def field(value):
        return struct.pack("<I", len(value)) + value

    h0 = hashlib.blake2b(struct.pack("<6I", p, length, m_kib, t, 0x13, 2)
                         + field(password) + field(salt) + field(secret) + field(data)).digest()
    segment = m_kib // (4 * p)
    lane = 4 * segment
    if segment < 2:
        raise _malformed("Argon2 needs 8 KiB a lane")
    memory = [[None] * lane for _ in range(p)]
    for l in range(p):
        for column in range(2):
            block = _long_blake2b(h0 + struct.pack("<2I", column, l), 1024)
            memory[l][column] = list(struct.unpack("<128Q", block))
    zeros = [0] * 128
    for n in range(t):
        for s in range(4):
            for l in range(p):
                independent = n == 0 and s < 2
                counter, addresses = 0, zeros
                for i in range(2 if n == 0 and s == 0 else 0, segment):
                    column = s * segment + i
                    previous = memory[l][column - 1]
                    if independent:
                        if i // 128 + 1 > counter:
                            counter = i // 128 + 1
                            given = [n, l, s, p * lane, t, 2, counter] + [0] * 121
                            addresses = _compress_block(zeros, _compress_block(zeros, given))
                        word = addresses[i % 128]
                    else:
                        word = previous[0]
                    j1, j2 = word & 0xFFFFFFFF, word >> 32
                    other = l if n == 0 and s == 0 else j2 % p
                    # 3.4.2: the window of blocks that may be referred to.
                    finished = s * segment if n == 0 else lane - segment
                    window = finished + i - 1 if other == l else finished - (i == 0)
                    start = 0 if n == 0 or s == 3 else (s + 1) * segment
                    x = j1 * j1 >> 32
                    reference = (start + window - 1 - (window * x >> 32)) % lane
                    block = _compress_block(previous, memory[other][reference])
                    old = memory[l][column]
                    memory[l][column] = block if n == 0 else [a ^ b for a, b in zip(old, block)]
    last = [0] * 128
    for l in range(p):
        last = [a ^ b for a, b in zip(last, memory[l][lane - 1])]
    return _long_blake2b(struct.pack("<128Q", *last), length)


def argon2id(password, salt, m_kib, t, p, length):
    """Argon2id, by `cryptography` where that has it."""
    if _NativeArgon2id is not None:
        try:
            return _NativeArgon2id(salt=salt, length=length, iterations=t, lanes=p, memory_cost=m_kib).derive(password)
        except Exception:  # noqa: BLE001: the module may be there and its OpenSSL too old
            pass
    return argon2id_plain(password, salt, m_kib, t, p, length)


# ---- Memos ----

_ACCESS_INFO = b"voice-federation/1.1 access"
_JOURNAL_INFO = b"voice-memo/1 journal"
_FRAME_BYTES = 16000


def access_token(key):
    """The access token T of a key, 32 bytes; `secret_text` gives what stands after `Bearer`."""
    return _hkdf(_secret_bytes(key), _ACCESS_INFO)


def seal_memo(audio):
    """Seals an audio file as a new memo with a new key: a dictionary. Hand out `key` in a link; the rest may go to a
    server."""
    key, iv = secrets.token_bytes(32), secrets.token_bytes(12)
    return {
        "id": base64url(secrets.token_bytes(16)),
        "key": key,
        "iv": base64url(iv),
        "ciphertext": AESGCM(key).encrypt(iv, audio, None),
        "access_key_hash": sha256hex(key),
        "access_token_hash": sha256hex(access_token(key)),
    }


def _iv_bytes(iv):
    try:
        data = from_base64(iv) if isinstance(iv, str) else iv
    except MemoError:
        data = b""
    if data is None or len(data) != 12:
        raise MemoError("damaged", "the memo's IV is malformed")
    return data


def _gcm_open(key, iv, ciphertext, aad=None):
    if len(ciphertext) < 16:
        raise MemoError("damaged")
    try:
        return AESGCM(key).decrypt(iv, ciphertext, aad)
    except InvalidTag:
        raise MemoError("damaged") from None


def open_memo(key, iv, ciphertext, encryption="aes-256-gcm"):
    """Opens a memo: (audio, complete). Of an `aes-256-gcm-stream` the audio is a WAV file, and not complete unless its
    last frame says so. Whatever does not open is `damaged`: of a wrong key, GCM cannot tell."""
    key, iv = _secret_bytes(key), _iv_bytes(iv)
    if encryption == "aes-256-gcm":
        return _gcm_open(key, iv, ciphertext), True
    if encryption != "aes-256-gcm-stream":
        raise MemoError("damaged", "an encryption that this program does not know")
    pcm, complete = _open_stream(key, iv, ciphertext)
    return wav_of(pcm, 8000), complete


def _stream_nonce(iv, counter, last):
    """STREAM (the `aead` crate's StreamBE32): prefix, counter, last flag."""
    return iv[:7] + struct.pack(">IB", counter, last)


def _open_stream(key, iv, body):
    cipher_key = _hkdf(key, _JOURNAL_INFO)
    pcm, complete, at, counter = b"", False, 0, 0
    while at < len(body):
        length = struct.unpack_from("<I", body, at)[0] if len(body) - at >= 12 else 0
        if complete or not 16 <= length <= _FRAME_BYTES + 16 or length > len(body) - at - 12:
            raise MemoError("damaged", "the recording is cut within a frame, or goes on behind its end")
        checksum, sealed = body[at + 4:at + 12], body[at + 12:at + 12 + length]
        if hashlib.sha256(sealed).digest()[:8] != checksum:
            raise MemoError("damaged", "a frame's checksum is wrong")
        at += 12 + length
        try:
            plain = _gcm_open(cipher_key, _stream_nonce(iv, counter, 0), sealed)
        except MemoError:
            if at != len(body):
                raise
            plain = _gcm_open(cipher_key, _stream_nonce(iv, counter, 1), sealed)
            complete = True
        if len(plain) % 2:
            raise MemoError("damaged", "half a sample")
        pcm += plain
        counter += 1
    return pcm, complete


def seal_stream(key, iv, pcm, ended=False):
    """Seals PCM (16-bit, 8 kHz, mono, little-endian) as a recording does as it goes; `ended` marks the last frame."""
    cipher_key, iv = _hkdf(_secret_bytes(key), _JOURNAL_INFO), _iv_bytes(iv)
    seconds = [pcm[at:at + _FRAME_BYTES] for at in range(0, len(pcm), _FRAME_BYTES)] or ([b""] if ended else [])
    frames = b""
    for counter, plain in enumerate(seconds):
        last = int(ended and counter == len(seconds) - 1)
        sealed = AESGCM(cipher_key).encrypt(_stream_nonce(iv, counter, last), plain, None)
        frames += struct.pack("<I", len(sealed)) + hashlib.sha256(sealed).digest()[:8] + sealed
    return frames


def wav_of(pcm, rate=8000):
    """A WAV file of 16-bit mono PCM: a header of 44 bytes, then the samples."""
    return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(pcm), b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16,
                       b"data", len(pcm)) + pcm


# ---- Owners and envelopes ----

_LISTING_INFO = b"voice-memo/1 listing"
_ENVELOPE_INFO = b"voice-memo/1 envelope"


def make_owner(kem="xwing"):
    """A new owner key pair: {kem, seed, public_key}."""
    seed = secrets.token_bytes(32)
    return {"kem": kem, "seed": seed, "public_key": base64url(public_key_of(kem, seed))}


def owner_of(seed, kem="xwing"):
    """What follows from an owner's seed: {kem, public_key, listing_token, listing_token_hash}."""
    seed = _secret_bytes(seed)
    token = _hkdf(seed, _LISTING_INFO)
    return {
        "kem": kem,
        "public_key": base64url(public_key_of(kem, seed)),
        "listing_token": secret_text(token),
        "listing_token_hash": sha256hex(token),
    }


def seal_envelope(kem, public_key, memo_id, contents, randomness=None):
    """Seals a memo's contents (a dictionary) to a mailbox's owner: {kem, enc, ct}."""
    if isinstance(public_key, str):
        public_key = from_base64(public_key)
    plain = json.dumps(contents, ensure_ascii=False, separators=(",", ":")).encode()
    enc, ct = hpke_seal(kem, public_key, _ENVELOPE_INFO, memo_id.encode(), plain, randomness=randomness)
    return {"kem": kem, "enc": base64url(enc), "ct": base64url(ct)}


def open_envelope(seed, memo_id, envelope):
    """Opens an envelope with an owner's seed, or the first of several that fits; `wrong-key` where none does."""
    seeds = seed if isinstance(seed, (list, tuple)) else [seed]
    enc, ct = from_base64(envelope.get("enc")), from_base64(envelope.get("ct"))
    for each in seeds:
        try:
            plain = hpke_open(envelope.get("kem"), _secret_bytes(each), _ENVELOPE_INFO, memo_id.encode(), enc, ct)
        except MemoError as error:
            if error.kind != "wrong-key":
                raise
            continue
        try:
            contents = json.loads(plain)
        except ValueError:
            contents = None
        if not isinstance(contents, dict):
            raise MemoError("damaged", "the envelope holds something else than an object")
        return contents
    raise MemoError("wrong-key")


# ---- Telephone locks ----

LOCK_PARAMS = {"m_kib": 65536, "t": 3, "p": 1}
_LOCK_BOUNDS = {"m_kib": (8192, 262144), "t": (1, 10), "p": (1, 4)}


def random_digits(count):
    return "".join(str(secrets.randbelow(10)) for _ in range(count))


def telephone_proof(secret, lock):
    """W and P of a code under a lock's salt and parameters: what wraps, and what is shown to the home server."""
    if not re.fullmatch(r"[0-9]{16,32}", secret):
        raise _malformed("a telephone code has 16 to 32 digits")
    for name, (least, most) in _LOCK_BOUNDS.items():
        value = lock.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise _malformed(f"the lock's {name} is out of bounds")
    out = argon2id(secret.encode(), from_base64(lock["salt"]), lock["m_kib"], lock["t"], lock["p"], 64)
    return out[:32], out[32:]


def telephone_lock(secret, plaintext, aad, locator=None, params=None, salt=None, iv=None):
    """Wraps a memo's key or an owner's seed under a telephone code's secret digits; `aad` is the memo's id or the
    mailbox's name. `salt` and `iv` are random, but for vectors."""
    if locator is not None and not re.fullmatch(r"[0-9]{6}", locator):
        raise _malformed("a locator has six digits")
    params = params or LOCK_PARAMS
    salt, iv = salt or secrets.token_bytes(16), iv or secrets.token_bytes(12)
    lock = {"v": 1, "locator": locator, "salt": base64url(salt),
            "m_kib": params["m_kib"], "t": params["t"], "p": params["p"], "iv": base64url(iv)}
    if locator is None:
        del lock["locator"]
    wrap, proof = telephone_proof(secret, lock)
    lock["ct"] = base64url(AESGCM(wrap).encrypt(iv, _secret_bytes(plaintext), aad.encode()))
    lock["proof_hash"] = sha256hex(proof)
    return lock


def open_telephone_lock(secret, lock, aad):
    """Opens a lock: (plaintext, proof). Another code is `wrong-code`; another memo or an altered lock, `damaged`."""
    if lock.get("v") != 1:
        raise _malformed("a lock of another version")
    wrap, proof = telephone_proof(secret, lock)
    if not _hmac.compare_digest(sha256hex(proof), str(lock.get("proof_hash"))):
        raise MemoError("wrong-code")
    plaintext = _gcm_open(wrap, _iv_bytes(lock["iv"]), from_base64(lock["ct"]), aad.encode())
    if len(plaintext) != 32:
        raise MemoError("damaged", "the lock holds no secret of 32 bytes")
    return plaintext, proof


# ---- Links ----


def memo_link(base, memo_id, key):
    return f"{base.rstrip('/')}/voice/{memo_id}#{secret_text(_secret_bytes(key))}"


def inbox_link(base, mailbox, seed):
    seeds = seed if isinstance(seed, (list, tuple)) else [seed]
    text = ",".join(secret_text(_secret_bytes(each)) for each in seeds)
    # What a path takes as it is (RFC 3986 3.3) stays so: mailboxes have names like 100@default.
    name = urllib.parse.quote(mailbox, safe="!'()*@:,;=+&$")
    return f"{base.rstrip('/')}/inbox/{name}#{text}"


def _split_address(address, folder):
    base, found, name = address.rpartition(folder)
    host = base.split("://", 1)[-1]
    if not found or not host or host.startswith("/") or re.search(r"[@\s]", host):
        raise MemoError("not-a-link", f"no domain and {folder} in it")
    return base, name.rstrip("/")


@dataclasses.dataclass
class MemoLink:
    """A memo's link, taken apart. Its text, which `repr` would show, is a secret: hence no `repr` of the key."""

    base: str
    id: str
    key: bytes = dataclasses.field(repr=False)


def parse_link(text):
    """Takes a memo's link apart; `?key=K` of old links counts like `#K`."""
    text = text.strip()
    address, hash_mark, key = text.partition("#")
    if not hash_mark:
        address, _, key = text.partition("?key=")
        key = key.split("&")[0]
    base, memo_id = _split_address(address.split("?")[0], "/voice/")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", memo_id):
        raise MemoError("not-a-link", "the memo's id in this link is malformed")
    if not key:
        raise MemoError("no-key", "this link has no key: the part behind # is missing")
    return MemoLink(base, memo_id, parse_secret(re.sub("%3d", "=", key, flags=re.I)))


def parse_inbox_link(text):
    """Takes an inbox link apart: (base, mailbox, seeds)."""
    address, _, fragment = text.strip().partition("#")
    base, name = _split_address(address.split("?")[0], "/inbox/")
    try:
        mailbox = urllib.parse.unquote(name, errors="strict")
    except UnicodeDecodeError:
        mailbox = ""
    if not mailbox or "/" in mailbox or re.search("%(?![0-9A-Fa-f]{2})", name):
        raise MemoError("not-a-link", "the mailbox in this link is malformed")
    if not fragment:
        raise MemoError("no-key", "this link has no secret: the part behind # is missing")
    return base, mailbox, [parse_secret(each) for each in re.sub("%3d", "=", fragment, flags=re.I).split(",")]


# ---- HTTP: bounded, without redirects, and not into private networks ----

_ANSWER_BYTES = 96 * 1024 * 1024
# Longest that nothing comes, and longest in all.
_IDLE_SECS, _ANSWER_SECS = 60, 600


def _origin_of(base):
    url = base if "://" in base else f"https://{base}"
    if not re.match(r"https?://", url, re.I):
        raise MemoError("not-a-link", "a link of another kind than http and https")
    return url.rstrip("/")


def _embedded(ip):
    """An address, and the IPv4 address that it stands for, where it does (RFC 4291 2.5.5.2, RFC 3056, RFC 6052)."""
    if ip.version == 4:
        return [ip]
    if ip.ipv4_mapped:
        return [ip.ipv4_mapped]
    inner = ip.sixtofour
    if ip in ipaddress.ip_network("64:ff9b::/96"):
        inner = ipaddress.IPv4Address(ip.packed[-4:])
    return [ip, inner] if inner else [ip]


def _public_only(address, timeout=None, source_address=None, **_):
    """`socket.create_connection` to public addresses alone: a stranger's link must not reach into our network. The
    address that was looked at is the one that is connected to."""
    host, port = address
    failure = MemoError("unreachable", f"{host} has no address")
    for family, kind, protocol, _name, target in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        ip = ipaddress.ip_address(target[0].split("%")[0])
        if not all(each.is_global and not each.is_multicast for each in _embedded(ip)):
            failure = MemoError("refused", f"{host} is not a public address")
            continue
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(timeout)
        try:
            connection.connect(target)
            return connection
        except OSError as error:
            connection.close()
            failure = error
    raise failure


@dataclasses.dataclass
class Answer:
    """An HTTP answer. Field names are in lower case."""

    status: int
    fields: dict
    body: bytes

    def json(self):
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


def ask(method, url, fields=None, body=None, allow_private=False):
    """One request and its answer. Follows no redirect; a redirect is an answer like any other, with its status."""
    parts = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme.lower() == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_IDLE_SECS)
    if not allow_private:
        connection._create_connection = _public_only
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    ends_at = time.monotonic() + _ANSWER_SECS
    try:
        connection.request(method, target, body, {"user-agent": "voice_memo.py", **(fields or {})})
        response = connection.getresponse()
        data = b""
        while chunk := response.read(65536):
            data += chunk
            if len(data) > _ANSWER_BYTES:
                raise MemoError("server", "the answer is larger than any memo")
            if time.monotonic() > ends_at:
                raise MemoError("unreachable", "the answer takes too long")
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, data)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise MemoError("unreachable", f"{parts.hostname}: {error}") from None
    finally:
        connection.close()


_STATUS_KINDS = {401: "wrong-key", 403: "refused", 404: "wrong-key", 410: "expired", 429: "too-many", 503: "too-many"}


def _failure(answer):
    kind = _STATUS_KINDS.get(answer.status, "server")
    said = answer.json().get("error")
    retry_after = answer.fields.get("retry-after", "")
    return MemoError(kind, said[:200] if isinstance(said, str) else f"{kind} (status {answer.status})",
                     int(retry_after) if retry_after.isdigit() else 0)


# ---- HTTP Message Signatures (RFC 9421) with Ed25519, as voice federation 1.1 wants them ----

SIGNATURE_TAG = "voice-federation/1.1"
SIGNATURE_SECS = 60
_COMPONENTS = '("@method" "@target-uri" "content-digest")'


def signing_jwk(seed):
    """The public half of a signing key as a JWK (RFC 8037 2), as it stands in `signature_keys`."""
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": base64url(raw)}
    return {**jwk, "kid": jwk_thumbprint(jwk)}


def jwk_thumbprint(jwk):
    """RFC 7638 3 and RFC 8037 2: SHA-256 over the required members, sorted, without white space."""
    required = {name: jwk[name] for name in ("crv", "kty", "x")}
    return base64url(hashlib.sha256(json.dumps(required, separators=(",", ":")).encode()).digest())


def content_digest(body):
    """The field Content-Digest (RFC 9530 2)."""
    return f"sha-256=:{base64(hashlib.sha256(body).digest())}:"


def signature_base(method, target_uri, digest, parameters):
    """RFC 9421 2.5: what is signed. `parameters` is the text of @signature-params."""
    return (f'"@method": {method}\n"@target-uri": {target_uri}\n"content-digest": {digest}\n'
            f'"@signature-params": {parameters}').encode("ascii")


def sign_request(seed, method, url, body, now=None, nonce=None, lifetime_secs=SIGNATURE_SECS):
    """The fields Content-Digest, Signature-Input and Signature of a request."""
    created = int(time.time()) if now is None else now
    nonce = nonce or base64url(secrets.token_bytes(16))
    parameters = (f'{_COMPONENTS};created={created};expires={created + lifetime_secs};nonce="{nonce}"'
                  f';keyid="{signing_jwk(seed)["kid"]}";tag="{SIGNATURE_TAG}"')
    digest = content_digest(body)
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(signature_base(method, url, digest, parameters))
    return {"content-digest": digest, "signature-input": f"sig1={parameters}",
            "signature": f"sig1=:{base64(signature)}:"}


# Of structured fields (RFC 8941) what a signature needs: members `label=(items);parameters` and `label=:bytes:`.
_STRING = r'"(?:[ !#-\[\]-~]|\\["\\])*"'
_VALUE = rf'(?:-?\d{{1,15}}|{_STRING})'
_NAME = r'[a-z*][a-z0-9_.*-]*'
_END = r'(?:[ \t]*,[ \t]*|$)'
_LIST = re.compile(rf'({_NAME})=(\((?: *{_STRING})* *\)(?:; *{_NAME}={_VALUE})*){_END}')
_PARAMETER = re.compile(rf'; *({_NAME})=({_VALUE})')
_BYTES = re.compile(rf'({_NAME})=:([A-Za-z0-9+/]*={{0,2}}):{_END}')


def _members(pattern, field):
    """The members of a dictionary, all of which must be of this pattern."""
    found, at = {}, 0
    while at < len(field):
        match = pattern.match(field, at)
        if match is None:
            raise MemoError("refused", "a field of the request's signature is malformed")
        found[match[1]] = match[2]
        at = match.end()
    return found


def verify_request(method, url, fields, body, keys, now=None, seen=None, skew_secs=30):
    """Checks a signed request against JWKs; gives the thumbprint of the key that signed it.

    `fields` are its header fields with names in lower case; `seen` is a set of (keyid, nonce) that were taken, in which
    this one is put. Components and parameters may stand in any order, `alg` may be given where it is `ed25519`, and
    signatures with other tags are not looked at.
    """
    now = int(time.time()) if now is None else now
    refused = MemoError("refused", "the request's signature is not valid")
    ours = {label: text for label, text in _members(_LIST, fields.get("signature-input", "")).items()
            if f'tag="{SIGNATURE_TAG}"' in text}
    if len(ours) != 1:
        raise MemoError("refused", "the request is not signed, or twice")
    label, parameters = ours.popitem()
    signature = _members(_BYTES, fields.get("signature", "")).get(label)
    listed, _, rest = parameters.partition(")")
    components = re.findall(_STRING, listed)
    given = dict(_PARAMETER.findall(rest))
    wanted = {"created", "expires", "nonce", "keyid", "tag"}
    if (signature is None or sorted(components) != sorted(re.findall(_STRING, _COMPONENTS))
            or set(given) - {"alg"} != wanted or given.get("alg", '"ed25519"') != '"ed25519"'
            or not given["created"].isdigit() or not given["expires"].isdigit()
            or not 18 <= len(given["nonce"]) <= 258):
        raise refused
    created, expires = int(given["created"]), int(given["expires"])
    if not created < expires <= created + SIGNATURE_SECS or created > now + skew_secs or expires <= now:
        raise MemoError("refused", "the request's signature has expired, or is not valid yet")
    digest = fields.get("content-digest", "")
    if _members(_BYTES, digest).get("sha-256") != base64(hashlib.sha256(body).digest()):
        raise MemoError("refused", "the request's body is not what was signed")
    keyid = given["keyid"].strip('"')
    key = next((key for key in keys if key.get("kty") == "OKP" and key.get("crv") == "Ed25519"
                and isinstance(key.get("x"), str) and jwk_thumbprint(key) == keyid), None)
    if key is None:
        raise MemoError("refused", "the request is signed with a key that its domain does not name")
    values = {'"@method"': method, '"@target-uri"': url, '"content-digest"': digest}
    try:
        base = "".join(f"{name}: {values[name]}\n" for name in components) + f'"@signature-params": {parameters}'
        public = Ed25519PublicKey.from_public_bytes(from_base64(key["x"]))
        public.verify(from_base64(signature), base.encode("ascii"))
    except (InvalidSignature, ValueError, MemoError):
        raise refused from None
    if seen is not None:
        if (keyid, given["nonce"]) in seen:
            raise MemoError("refused", "the request was seen before")
        seen.add((keyid, given["nonce"]))
    return keyid


# ---- Voice federation ----

DISCOVERY_PATH = "/.well-known/voice-federation"
FETCH_PATH = "/api/federation/voice/fetch"
VERIFY_PATH = "/api/federation/voice/verify"
AUDIO_PATH = "/voice/{id}/audio"


@dataclasses.dataclass
class Identity:
    """Who asks, in a signed request: a domain whose discovery document names the key of this seed."""

    domain: str
    seed: bytes = dataclasses.field(repr=False)


@dataclasses.dataclass
class Domain:
    """What a domain says of its federation."""

    base: str
    version: str
    fetch: str
    verify: str
    token: bool
    signature_keys: list
    audio: str
    telephone: str | None


@dataclasses.dataclass
class Memo:
    """A memo as it was fetched, sealed."""

    id: str
    iv: str
    ciphertext: bytes = dataclasses.field(repr=False)
    encryption: str = "aes-256-gcm"
    format: str = "audio/wav"
    created_at: str | None = None
    complete: bool = True


def discover(domain, allow_private=False):
    """Reads a domain's discovery document. Fields that it lacks have their usual values."""
    base = _origin_of(domain)
    answer = ask("GET", base + DISCOVERY_PATH, allow_private=allow_private)
    if answer.status != 200:
        raise _failure(answer)
    document = answer.json()

    def section(of, name):
        value = of.get(name)
        return value if isinstance(value, dict) else {}

    def endpoint(given, path):
        url = urllib.parse.urljoin(base + "/", given) if isinstance(given, str) else base + path
        parts = urllib.parse.urlsplit(url)
        # A key must not go over plain HTTP because a document says so: servers behind a proxy that speaks TLS for them
        # often do not know that it does.
        if parts.scheme == "http" and not base.lower().startswith("http://"):
            authority = parts.netloc.removesuffix(":80").removesuffix(":443")
            parts = parts._replace(scheme="https", netloc=authority)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise MemoError("server", "the discovery document names an endpoint that is no web address")
        return parts.geturl()

    version_1_1 = section(section(document, "extensions"), "1.1")
    endpoints = section(document, "endpoints")
    keys, telephone = version_1_1.get("signature_keys"), version_1_1.get("telephone")
    return Domain(base, str(document.get("version", "1.0")), endpoint(endpoints.get("fetch"), FETCH_PATH),
                  endpoint(endpoints.get("verify"), VERIFY_PATH), version_1_1.get("access_token") is True,
                  [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else [],
                  endpoint(version_1_1.get("audio"), AUDIO_PATH),
                  endpoint(telephone, "") if isinstance(telephone, str) else None)


def _post(url, value, identity, allow_private):
    body = json.dumps(value).encode()
    fields = {"content-type": "application/json"}
    if identity is not None:
        fields |= sign_request(identity.seed, "POST", url, body)
    return ask("POST", url, fields, body, allow_private)


def _memo_of_fields(answer, memo_id):
    fields = answer.fields
    return Memo(memo_id, fields.get("memo-iv", ""), answer.body, fields.get("memo-encryption", "aes-256-gcm"),
                fields.get("memo-audio-format", "audio/wav"), fields.get("memo-created-at"),
                fields.get("memo-complete") != "false")


def _memo_of_json(answer, memo_id):
    """An answer of fetch. Peers leave out `success`, `duration_seconds` and `metadata`."""
    if answer.status != 200:
        raise _failure(answer)
    document = answer.json()
    audio, said = document.get("encrypted_audio_b64"), document.get("error")
    if document.get("success") is False or not isinstance(audio, str):
        if isinstance(said, str):
            raise MemoError("wrong-key", said[:200])
        raise MemoError("server", "an answer that is no memo")
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    try:
        ciphertext = from_base64(re.sub(r"\s+", "", audio))
    except MemoError:
        raise MemoError("damaged", "the audio is no base64") from None
    encryption = document.get("encryption") or metadata.get("encryption") or "aes-256-gcm"
    return Memo(memo_id, document.get("encryption_iv", ""), ciphertext, encryption,
                document.get("audio_format") or "audio/wav", metadata.get("created_at"),
                document.get("complete") is not False)


def _proof(link, domain, identity, allow_key):
    """What is shown to a domain for a memo: T in a signed request to a 1.1 peer, else K, where that is agreed to."""
    request = {"memo_id": link.id}
    if identity is not None and domain.token:
        return {**request, "access_token": secret_text(access_token(link.key)), "requesting_domain": identity.domain}
    if not allow_key:
        raise MemoError("needs-key", "this domain takes the key alone: agree to show it the key")
    return {**request, "access_key": secret_text(link.key), "requesting_domain": identity.domain if identity else ""}


def fetch_memo(link, allow_key=False, identity=None, allow_private=False, via=None):
    """Fetches a memo's ciphertext by its link (a text, or parsed).

    With an `identity` the fetch endpoint of a 1.1 peer is asked by a signed request; without one its
    `/voice/{id}/audio`, which takes the token as well. A 1.0 peer knows only keys: then this fails with `needs-key`,
    unless `allow_key` says that whoever holds the link has agreed to show the key to that domain. `via` is the address
    of a server of ours that asks the memo's domain in our place.
    """
    link = parse_link(link) if isinstance(link, str) else link
    if via is not None:
        return _fetch_via(via, link, allow_key, allow_private)
    if identity is not None:
        domain = discover(link.base, allow_private)
        request = _proof(link, domain, identity, allow_key)
        signer = identity if "access_token" in request else None
        return _memo_of_json(_post(domain.fetch, request, signer, allow_private), link.id)
    usual = (_origin_of(link.base) + AUDIO_PATH).replace("{id}", link.id)
    memo, refused = _fetch_by_token(usual, link, allow_private)
    if memo is not None:
        return memo
    if refused.kind in ("expired", "too-many"):
        raise refused
    # Perhaps the resource is elsewhere, or the domain speaks 1.0 alone: it says so.
    try:
        domain = discover(link.base, allow_private)
    except MemoError:
        raise refused from None
    if domain.token:
        announced = domain.audio.replace("{id}", link.id)
        if announced != usual:
            memo, refused = _fetch_by_token(announced, link, allow_private)
        if memo is None:
            raise refused
        return memo
    return _memo_of_json(_post(domain.fetch, _proof(link, domain, None, allow_key), None, allow_private), link.id)


def _fetch_by_token(url, link, allow_private):
    """The memo at an address that takes tokens, or the error that came of it."""
    token = secret_text(access_token(link.key))
    try:
        answer = ask("GET", url, {"authorization": f"Bearer {token}"}, allow_private=allow_private)
    except MemoError as error:
        if error.kind != "unreachable":
            raise
        return None, error
    if answer.status == 200 and "memo-iv" in answer.fields:
        return _memo_of_fields(answer, link.id), None
    return None, _failure(answer)


def _fetch_via(via, link, allow_key, allow_private):
    """Through `/api/open` of a server of ours, which is shown the key only for a 1.0 peer, and where that is agreed."""
    url, request = f"{_origin_of(via)}/api/open", {"domain": link.base, "memo_id": link.id}
    answer = _post(url, {**request, "access_token": secret_text(access_token(link.key))}, None, allow_private)
    if answer.status == 409 and answer.json().get("needs_key") is True:
        if not allow_key:
            raise MemoError("needs-key", "this domain takes the key alone: agree to show it the key")
        answer = _post(url, {**request, "access_key": secret_text(link.key)}, None, allow_private)
    if answer.status == 502:
        raise MemoError("unreachable", str(_failure(answer)))
    if answer.status != 200:
        raise _failure(answer)
    return _memo_of_fields(answer, link.id)


def open_by_code(domain, code, identity, allow_private=False):
    """Opens a memo of another domain by its telephone code, 22 digits, as a server does for a caller: (audio, media
    type, complete). That domain is shown what the code's secret becomes, and neither the secret nor the key; it counts
    what is wrong, which is `wrong-key`."""
    code = re.sub(r"[ -]", "", code)
    if not re.fullmatch(r"[0-9]{22}", code):
        raise _malformed("a memo's telephone code has 22 digits")
    locator, secret = code[:6], code[6:]
    found = discover(domain, allow_private)
    if found.telephone is None:
        raise MemoError("refused", "this domain opens no memos by telephone codes")

    def told(request):
        request = {**request, "requesting_domain": identity.domain}
        answer = _post(found.telephone, request, identity, allow_private)
        if answer.status != 200:
            raise _failure(answer)
        return answer

    lock = told({"locator": locator}).json()
    if not isinstance(lock.get("salt"), str):
        raise MemoError("server", "an answer that is no lock")
    wrap, proof = telephone_proof(secret, lock)
    answer = told({"locator": locator, "proof": secret_text(proof)})
    document = answer.json()
    memo_id, iv, ct = (document.get(name) for name in ("memo_id", "iv", "ct"))
    if not all(isinstance(each, str) for each in (memo_id, iv, ct)):
        raise MemoError("server", "an answer that is no memo")
    key = _gcm_open(wrap, _iv_bytes(iv), from_base64(ct), memo_id.encode())
    memo = _memo_of_json(answer, memo_id)
    audio, complete = open_memo(key, memo.iv, memo.ciphertext, memo.encryption)
    return audio, memo.format, complete and memo.complete


def verify_memo(link, allow_key=False, identity=None, allow_private=False):
    """Asks whether a link's memo is there: {valid, reason, expires_at}."""
    link = parse_link(link) if isinstance(link, str) else link
    domain = discover(link.base, allow_private)
    request = _proof(link, domain, identity, allow_key)
    answer = _post(domain.verify, request, identity if "access_token" in request else None, allow_private)
    if answer.status != 200:
        raise _failure(answer)
    document = answer.json()
    return {"valid": document.get("valid") is True, "reason": document.get("reason"),
            "expires_at": document.get("expires_at")}


def open_link(link, **options):
    """Fetches and opens a memo: (audio, media type, complete). Options as of `fetch_memo`."""
    link = parse_link(link) if isinstance(link, str) else link
    memo = fetch_memo(link, **options)
    audio, complete = open_memo(link.key, memo.iv, memo.ciphertext, memo.encryption)
    return audio, memo.format, complete and memo.complete


# ---- Command line ----


def _is_own(link):
    """Whether a link's host can only be this machine: whoever types that means it."""
    host = urllib.parse.urlsplit(_origin_of(link.base)).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _read(path):
    if path == "-":
        return sys.stdin.buffer.read()
    with open(path, "rb") as file:
        return file.read()


def _command_open(arguments):
    link = parse_link(arguments.link)
    audio, _, complete = open_link(link, allow_key=arguments.allow_key,
                                   allow_private=arguments.allow_private or _is_own(link))
    if arguments.output == "-":
        sys.stdout.buffer.write(audio)
    else:
        with open(arguments.output, "wb") as file:
            file.write(audio)
    if not complete:
        print("this recording was interrupted: its end is missing", file=sys.stderr)


def _command_verify(arguments):
    link = parse_link(arguments.link)
    found = verify_memo(link, allow_key=arguments.allow_key, allow_private=arguments.allow_private or _is_own(link))
    print(json.dumps(found))


def _command_seal(arguments):
    memo = seal_memo(_read(arguments.file))
    print(memo_link(arguments.base, memo["id"], memo["key"]), file=sys.stderr)
    print(json.dumps({
        "id": memo["id"], "encryption_iv": memo["iv"], "access_key_hash": memo["access_key_hash"],
        "access_token_hash": memo["access_token_hash"], "audio_format": "audio/wav",
        "encrypted_audio_b64": base64(memo["ciphertext"]),
    }))


def _command_owner(arguments):
    owner = make_owner(arguments.kem)
    described = owner_of(owner["seed"], arguments.kem)
    del described["listing_token"]
    print(json.dumps({"seed": secret_text(owner["seed"]), **described}))


def _command_envelope(arguments):
    _, _, seeds = parse_inbox_link(arguments.inbox_link)
    try:
        document = json.loads(_read(arguments.file))
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise _malformed("the file holds no JSON object")
    envelope = document.get("sealed_envelope") or document.get("envelope") or document
    memo_id = arguments.id or document.get("memo_id") or document.get("id")
    if not isinstance(memo_id, str):
        raise _malformed("the file does not say which memo it is of: give --id")
    print(json.dumps(open_envelope(seeds, memo_id, envelope), indent=2, ensure_ascii=False))


def main():
    parser = argparse.ArgumentParser(description="Encrypted voice memos: open, seal, envelopes.")
    commands = parser.add_subparsers(dest="command", required=True)
    asking = argparse.ArgumentParser(add_help=False)
    asking.add_argument("link", metavar="LINK")
    asking.add_argument("--allow-key", action="store_true",
                        help="show the key itself to a domain that takes nothing else (voice federation 1.0)")
    asking.add_argument("--allow-private", action="store_true", help="ask addresses of private networks, too")
    opening = commands.add_parser("open", parents=[asking], help="fetch a memo and write its audio")
    opening.add_argument("-o", "--output", metavar="FILE", required=True, help="- for standard output")
    opening.set_defaults(run=_command_open)
    commands.add_parser("verify", parents=[asking], help="ask whether a link's memo is there") \
        .set_defaults(run=_command_verify)
    sealing = commands.add_parser("seal", help="seal a file: its link on standard error, JSON to upload on output")
    sealing.add_argument("file", metavar="FILE")
    sealing.add_argument("--base", required=True, help="what stands before /voice/ in links")
    sealing.set_defaults(run=_command_seal)
    owner = commands.add_parser("owner", help="make a mailbox's key pair; the seed is a secret")
    owner.add_argument("--kem", choices=sorted(KEM_IDS), default="xwing")
    owner.set_defaults(run=_command_owner)
    envelope = commands.add_parser("envelope", help="open an envelope with an inbox link")
    envelope.add_argument("inbox_link", metavar="INBOX_LINK")
    envelope.add_argument("file", metavar="FILE", help="JSON: an envelope, or what holds one; - for standard input")
    envelope.add_argument("--id", help="the memo's id, where the file does not say it")
    envelope.set_defaults(run=_command_envelope)
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except (MemoError, OSError) as error:
        sys.exit(f"{parser.prog}: {error}")


if __name__ == "__main__":
    main()
