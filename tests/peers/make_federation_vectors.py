#!/usr/bin/env python3
"""Makes tests/vectors/federation_signature.json from docs/voice-federation.md, with Python's cryptography alone.

The file is frozen: run this only to check that it still comes out the same (--check), or to add a vector.
"""

import base64
import hashlib
import json
import pathlib
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

FILE = pathlib.Path(__file__).parent.parent / "vectors" / "federation_signature.json"
NOW = 1_800_000_000
URI = "https://memo.example.org/api/federation/voice/fetch"
BODY = ('{"memo_id":"EBESExQVFhcYGRobHB0eHw","access_token":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",'
        '"requesting_domain":"peer.example.net"}')
PARTS = ['"@method"', '"@target-uri"', '"content-digest"']


def b64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def sf(data):
    return f":{base64.b64encode(data).decode()}:"


SEED = bytes(range(32))
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
X = b64url(KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
KEYID = b64url(hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{X}"}}'.encode()).digest())
OTHER = Ed25519PrivateKey.from_private_bytes(bytes([9] * 32))


def digest(body):
    return "sha-256=" + sf(hashlib.sha256(body.encode()).digest())


def signed(name, verdict="accepted", *, parts=PARTS, created=NOW, expires=NOW + 60, nonce="AAECAwQFBgcICQoLDA0ODw",
           keyid=KEYID, tag="voice-federation/1.1", order=("created", "expires", "nonce", "keyid", "tag"), extra="",
           key=KEY, label="sig1", method="POST", uri=URI, body=BODY, now=NOW, change=None):
    values = {"created": f"created={created}", "expires": f"expires={expires}", "nonce": f'nonce="{nonce}"',
              "keyid": f'keyid="{keyid}"', "tag": f'tag="{tag}"'}
    params = f"({' '.join(parts)})" + "".join(";" + values[name] for name in order) + extra
    content_digest = digest(body)
    known = {'"@method"': method, '"@target-uri"': uri, '"content-digest"': content_digest}
    base = "".join(f"{part}: {known.get(part, '')}\n" for part in parts) + f'"@signature-params": {params}'
    vector = {
        "name": name,
        "verdict": verdict,
        "now": now,
        "method": method,
        "target_uri": uri,
        "body": body,
        "content_digest": content_digest,
        "signature_input": f"{label}={params}",
        "signature": f"{label}={sf(key.sign(base.encode()))}",
        "signature_base": base,
    }
    if change:
        change(vector)
    return vector


def setting(field, value):
    return lambda vector: vector.update({field: value})


def replacing(field, old, new):
    return lambda vector: vector.update({field: vector[field].replace(old, new, 1)})


def vectors():
    without = lambda name: [n for n in ("created", "expires", "nonce", "keyid", "tag") if n != name]
    return {
        "description": "Signed requests as docs/voice-federation.md has them. A vector is accepted, or refused for the "
                       "reason that its verdict names; seconds are counted from 1970. signature_base is what was signed.",
        "seed_b64url": b64url(SEED),
        "jwk": {"kty": "OKP", "crv": "Ed25519", "x": X, "kid": KEYID},
        "vectors": [
            signed("a request as Obelus signs it"),
            signed("components in another order", parts=PARTS[::-1]),
            signed("parameters in another order", order=("tag", "keyid", "nonce", "expires", "created")),
            signed("alg says ed25519", extra=';alg="ed25519"'),
            signed("another label", label="voice"),
            signed("in its last second", now=NOW + 59),
            signed("from a clock 30 seconds ahead", created=NOW + 30, expires=NOW + 90),
            signed("beside somebody else's signature",
                   change=lambda v: v.update({
                       "signature_input": 'proxy=("@authority");created=1;keyid="x", ' + v["signature_input"],
                       "signature": "proxy=:AAAA:, " + v["signature"]})),
            signed("only somebody else's signature", "unsigned", tag="other"),
            signed("expired", "expired", now=NOW + 60),
            signed("from a clock 31 seconds ahead", "future", created=NOW + 31, expires=NOW + 60),
            signed("good for longer than a minute", "lifetime", expires=NOW + 61),
            signed("expires when it is created", "lifetime", expires=NOW),
            signed("signed with another key", "forged", key=OTHER),
            signed("sent to another address", "forged", change=setting("target_uri", URI.replace("memo", "other"))),
            signed("sent with another method", "forged", change=setting("method", "PUT")),
            signed("expiry moved", "forged", change=replacing("signature_input", str(NOW + 60), str(NOW + 59))),
            signed("another body with its own digest", "forged",
                   change=lambda v: v.update({"body": "{}", "content_digest": digest("{}")})),
            signed("another body", "digest", change=setting("body", "{}")),
            signed("no sha-256 digest", "digest", change=replacing("content_digest", "sha-256", "sha-512")),
            signed("the digest is not covered", "components", parts=PARTS[:2]),
            signed("a component more", "components", parts=PARTS + ['"@authority"']),
            signed("a component with a parameter", "components", parts=['"@method";req'] + PARTS[1:]),
            signed("no nonce", "parameters", order=without("nonce")),
            signed("no expiry", "parameters", order=without("expires")),
            signed("no key", "parameters", order=without("keyid")),
            signed("a nonce that is too short", "parameters", nonce="short"),
            signed("another algorithm", "parameters", extra=';alg="rsa-v1_5-sha256"'),
            signed("a parameter that nobody knows", "parameters", extra=";x=1"),
            signed("no signature of that label", "missing", change=replacing("signature", "sig1", "sig2")),
            signed("half a signature", "missing", change=setting("signature", "sig1=:AAAA:")),
            signed("no structured field", "malformed", change=setting("signature_input", "sig1=(\"@method\"")),
            signed("two signatures with the tag", "malformed",
                   change=lambda v: v.update({"signature_input": v["signature_input"] + ", b" +
                                              v["signature_input"][4:]})),
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
