#!/usr/bin/env python3
"""Makes tests/vectors/memo.json from docs/memo-format.md, with Python's cryptography alone.

The file is frozen: run this only to check that it still comes out the same (--check), or to add a vector.
"""

import base64
import hashlib
import json
import math
import pathlib
import struct
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FILE = pathlib.Path(__file__).parent.parent / "vectors" / "memo.json"


def wav(samples):
    data = struct.pack(f"<{len(samples)}h", *samples)
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16,
                       b"data", len(data))
    return head + data


def vector(name, key, iv, memo_id, samples, base):
    plain = wav(samples)
    token = HKDF(SHA256(), 32, salt=None, info=b"voice-federation/1.1 access").derive(key)
    key_text = base64.urlsafe_b64encode(key).decode()
    id_text = base64.urlsafe_b64encode(memo_id).decode().rstrip("=")
    return {
        "name": name,
        "key": key_text,
        "memo_id": id_text,
        "link_base": base,
        "link": f"{base}/voice/{id_text}#{key_text}",
        "encryption_iv": base64.urlsafe_b64encode(iv).decode(),
        "access_key_hash": hashlib.sha256(key).hexdigest(),
        "access_token": base64.urlsafe_b64encode(token).decode(),
        "access_token_hash": hashlib.sha256(token).hexdigest(),
        "samples": samples,
        "audio_b64": base64.b64encode(plain).decode(),
        "encrypted_audio_b64": base64.b64encode(AESGCM(key).encrypt(iv, plain, None)).decode(),
        "duration_millis": len(samples) * 1000 // 8000,
    }


def vectors():
    tone = [round(8000 * math.sin(2 * math.pi * 440 * n / 8000)) for n in range(80)]
    counted = bytes(range(32))
    return {
        "description": "Memos as docs/memo-format.md has them: what a key, an IV and samples come to, and texts that are "
                       "no keys. Every memo of \"memos\" opens; every text of \"refused_keys\" is refused.",
        "memos": [
            vector("ten milliseconds of 440 Hz", counted, bytes(range(0xa0, 0xac)), bytes(range(0x10, 0x20)), tone,
                   "https://memo.example.org"),
            vector("extreme samples, and a key whose text has both - and _", b"\xfb\xff" * 16, b"\xff" * 12, b"\xfb" * 16,
                   [0, 32767, -32768, -1, 1], "http://localhost:5001"),
            vector("no samples at all", b"\x00" * 31 + b"\x01", b"\x00" * 12, b"\x00" * 15 + b"\x01", [],
                   "memo.example.org"),
        ],
        "accepted_keys": [
            {"comment": "base64url with padding", "text": base64.urlsafe_b64encode(b"\xfb\xff" * 16).decode()},
            {"comment": "base64url without padding", "text": base64.urlsafe_b64encode(b"\xfb\xff" * 16).decode().rstrip("=")},
            {"comment": "standard base64 with padding", "text": base64.b64encode(b"\xfb\xff" * 16).decode()},
            {"comment": "standard base64 without padding", "text": base64.b64encode(b"\xfb\xff" * 16).decode().rstrip("=")},
        ],
        "refused_keys": [
            {"comment": "spare bits set in the last character (8 would be right)", "text": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9="},
            {"comment": "the same without padding", "text": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9"},
            {"comment": "one character short", "text": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh"},
            {"comment": "33 bytes", "text": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A"},
            {"comment": "a character outside both alphabets", "text": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdH.8="},
            {"comment": "two paddings", "text": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=="},
            {"comment": "white space", "text": " AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"},
            {"comment": "nothing", "text": ""},
        ],
    }


def main():
    text = json.dumps(vectors(), indent=2, ensure_ascii=False) + "\n"
    if "--check" in sys.argv:
        if FILE.read_text() != text:
            sys.exit(f"{FILE} is not what this script makes")
        return
    FILE.write_text(text)


main()
