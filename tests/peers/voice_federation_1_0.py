#!/usr/bin/env python3
"""A peer of voice federation 1.0, written from docs/voice-federation.md, sharing no code with Obelus.

usage: voice_federation_1_0.py serve ADDRESS          holds one memo; prints {"domain", "memo_id", "key", "audio_b64"} and serves
       voice_federation_1_0.py fetch URL ID KEY       asks the fetch endpoint of the domain at URL; prints what came, opened

It has the quirks of peers in the field: its answers lack success, duration_seconds and metadata, its failures are
{"error"} alone, and its decoder takes keys with their padding only.
"""

import base64
import hashlib
import hmac
import http.server
import json
import os
import sys
import urllib.error
import urllib.request

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

AUDIO = b"RIFF....WAVE a memo of a 1.0 peer"


class Peer(http.server.BaseHTTPRequestHandler):
    memo_id = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
    key = AESGCM.generate_key(256)
    iv = os.urandom(12)
    domain = ""

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path != "/.well-known/voice-federation":
            return self.answer(404, {"error": "not found"})
        base = f"http://{self.domain}/api/federation/voice"
        self.answer(200, {
            "version": "1.0",
            "endpoints": {"fetch": f"{base}/fetch", "verify": f"{base}/verify"},
            "encryption": ["aes-256-gcm"],
            "access_methods": ["qr"],
            "trusted_domains": [],
        })

    def do_POST(self):
        ask = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/api/federation/voice/fetch":
            return self.answer(404, {"error": "not found"})
        if "access_key" not in ask:
            return self.answer(400, {"error": "access_key is missing"})
        try:
            key = base64.b64decode(ask["access_key"], altchars=b"-_", validate=True)
        except ValueError:
            return self.answer(400, {"error": "access_key is no base64"})
        right = hmac.compare_digest(hashlib.sha256(key).digest(), hashlib.sha256(self.key).digest())
        if ask.get("memo_id") != self.memo_id or not right:
            return self.answer(404, {"error": "no such memo"})
        sealed = AESGCM(self.key).encrypt(self.iv, AUDIO, None)
        self.answer(200, {
            "memo_id": self.memo_id,
            "encrypted_audio_b64": base64.b64encode(sealed).decode(),
            "encryption_iv": base64.urlsafe_b64encode(self.iv).decode(),
            "audio_format": "audio/wav",
        })


def serve(address):
    server = http.server.ThreadingHTTPServer((address, 0), Peer)
    Peer.domain = f"{address}:{server.server_address[1]}"
    print(json.dumps({
        "domain": Peer.domain,
        "memo_id": Peer.memo_id,
        "key": base64.urlsafe_b64encode(Peer.key).decode(),
        "audio_b64": base64.b64encode(AUDIO).decode(),
    }), flush=True)
    server.serve_forever()


def fetch(url, memo_id, key):
    with urllib.request.urlopen(url + "/.well-known/voice-federation", timeout=10) as response:
        endpoint = json.load(response)["endpoints"]["fetch"]
    body = json.dumps({"memo_id": memo_id, "access_key": key, "requesting_domain": "peer.example.org"}).encode()
    request = urllib.request.Request(endpoint, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        print(json.dumps({"status": error.code, "error": json.load(error)["error"]}))
        return
    sealed = base64.b64decode(answer["encrypted_audio_b64"], validate=True)
    iv = base64.urlsafe_b64decode(answer["encryption_iv"])
    audio = AESGCM(base64.urlsafe_b64decode(key)).decrypt(iv, sealed, None)
    print(json.dumps({"status": 200, "audio_b64": base64.b64encode(audio).decode()}))


def main():
    if sys.argv[1:2] == ["serve"] and len(sys.argv) == 3:
        serve(sys.argv[2])
    elif sys.argv[1:2] == ["fetch"] and len(sys.argv) == 5:
        fetch(*sys.argv[2:])
    else:
        sys.exit(__doc__)


main()
