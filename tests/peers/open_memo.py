#!/usr/bin/env python3
"""Opens a memo with Python's cryptography, sharing no code with Obelus.

usage: open_memo.py KEY OUT.wav < fetch-answer.json

KEY is the text behind the # of the link; the JSON on standard input is the answer of the fetch endpoint. Exit code 3
where the key does not open the memo.
"""

import base64
import json
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    answer = json.load(sys.stdin)
    if answer.get("success") is False or "encrypted_audio_b64" not in answer:
        sys.exit(f"the fetch failed: {answer.get('error')}")
    key = base64.urlsafe_b64decode(sys.argv[1])
    iv = base64.urlsafe_b64decode(answer["encryption_iv"])
    ciphertext = base64.b64decode(answer["encrypted_audio_b64"], validate=True)
    try:
        audio = AESGCM(key).decrypt(iv, ciphertext, None)
    except InvalidTag:
        print("the key does not open this memo", file=sys.stderr)
        sys.exit(3)
    with open(sys.argv[2], "wb") as out:
        out.write(audio)


main()
