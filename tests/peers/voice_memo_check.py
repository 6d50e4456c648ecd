#!/usr/bin/env python3
"""Checks contrib/voice_memo.py, and makes cases for its twin.

usage: voice_memo_check.py check FILE...   every case of these vector files ends as it says
       voice_memo_check.py make FOLDER     random cases, as files of the same form
       voice_memo_check.py sign            signed requests (RFC 9421): made, taken, and refused
       voice_memo_check.py fetch           fetching, against domains that this program plays on loopback
       voice_memo_check.py pair FILE       two running switches, and what each case in the file is to come to
"""

import base64
import contextlib
import functools
import hashlib
import http.server
import json
import os
import pathlib
import random
import secrets
import struct
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent.parent / "contrib"))

import voice_memo as memo  # noqa: E402


def verdict(run):
    """What a case came to: `ok`, or the kind of the refusal."""
    try:
        run()
        return "ok"
    except memo.MemoError as error:
        return error.kind


def equal(found, wanted, what=""):
    if found != wanted:
        raise AssertionError(f"{what}: {found!r:.300} is not {wanted!r:.300}")


# Several cases share a code and a salt, and plain Python takes seconds for each.
memo.argon2id = functools.lru_cache(memo.argon2id)

# ---- Vectors ----

unhex = bytes.fromhex


def check_memo(file):
    for each in file["memos"]:
        link = memo.parse_link(each["link"])
        equal((link.base, link.id, memo.secret_text(link.key)), (each["link_base"], each["memo_id"], each["key"]))
        equal(memo.memo_link(link.base, link.id, link.key), each["link"])
        token = memo.access_token(link.key)
        equal(memo.secret_text(token), each["access_token"])
        equal(memo.sha256hex(token), each["access_token_hash"])
        equal(memo.sha256hex(link.key), each["access_key_hash"])
        ciphertext = memo.from_base64(each["encrypted_audio_b64"])
        audio, complete = memo.open_memo(link.key, each["encryption_iv"], ciphertext)
        equal((memo.base64(audio), complete), (each["audio_b64"], True))
        equal(memo.base64(memo.wav_of(struct.pack(f"<{len(each['samples'])}h", *each["samples"]))), each["audio_b64"])
        altered = ciphertext[:-1] + bytes([ciphertext[-1] ^ 1])
        equal(verdict(lambda: memo.open_memo(link.key, each["encryption_iv"], altered)), "damaged")
    for each in file.get("accepted_keys", []):
        equal(memo.secret_text(memo.parse_secret(each["text"])), file["accepted_keys"][0]["text"])
    for each in file.get("refused_keys", []):
        equal(verdict(lambda: memo.parse_secret(each["text"])), "wrong-key", each["text"])


def check_sha3(each, _):
    """Of hashlib, not of us: this is what our ML-KEM stands on."""
    message, length = unhex(each["message"]), len(each["output"]) // 2
    name = each["function"].lower().replace("shake", "shake_").replace("-", "_")
    digest = hashlib.new(name, message)
    equal((digest.hexdigest(length) if name.startswith("shake") else digest.hexdigest()), each["output"])


def check_mlkem768(each, _):
    ek, dk = memo.mlkem_keygen(unhex(each["d"]), unhex(each["z"]))
    if "ek_sha3_256" in each:
        equal(hashlib.sha3_256(ek).hexdigest(), each["ek_sha3_256"])
        return
    equal((ek.hex(), dk.hex()), (each["ek"], each["dk"]))
    key, ct = memo.mlkem_encaps(ek, unhex(each["m"]))
    equal((key.hex(), ct.hex()), (each["key"], each["ct"]))
    equal(memo.mlkem_decaps(dk, ct).hex(), each["key"])
    equal(memo.mlkem_decaps(dk, unhex(each["rejected_ct"])).hex(), each["rejected_key"])
    equal(verdict(lambda: memo.mlkem_encaps(b"\xff\xff\xff" + ek[3:], unhex(each["m"]))), "malformed")


def check_xwing(each, _):
    equal(memo.xwing_public_key(unhex(each["seed"])).hex(), each["pk"])
    key, ct = memo.xwing_encaps(unhex(each["pk"]), unhex(each["eseed"]))
    equal((key.hex(), ct.hex()), (each["ss"], each["ct"]))
    equal(memo.xwing_decaps(unhex(each["seed"]), ct).hex(), each["ss"])


def check_hpke(each, _):
    secret, enc = memo.hpke_encap(each["kem"], unhex(each["pkR"]), unhex(each["randomness"]))
    equal((secret.hex(), enc.hex()), (each["shared_secret"], each["enc"]))
    equal(memo.hpke_decap(each["kem"], unhex(each["skR"]), enc), secret)
    key, nonce = memo.hpke_key_schedule(memo.KEM_IDS[each["kem"]], each["aead_id"], secret, unhex(each["info"]))
    equal((key.hex(), nonce.hex()), (each["key"], each["base_nonce"]))
    if "ciphertext" in each:
        info, aad, plaintext = (unhex(each[name]) for name in ("info", "aad", "plaintext"))
        sealed = memo.hpke_seal(each["kem"], unhex(each["pkR"]), info, aad, plaintext, each["aead_id"],
                                unhex(each["randomness"]))
        equal(sealed[1].hex(), each["ciphertext"])
        equal(memo.hpke_open(each["kem"], unhex(each["skR"]), info, aad, *sealed, each["aead_id"]), plaintext)


def check_argon2id(each, _):
    password, salt, secret, data = (unhex(each[name]) for name in ("password", "salt", "secret", "data"))
    out = memo.argon2id_plain(password, salt, each["m_kib"], each["t"], each["p"], each["length"], secret, data)
    equal(out.hex(), each["output"])


def check_owner(each, _):
    owner = memo.owner_of(each["seed"], each["kem"])
    equal(owner, {name: each[name] for name in owner})


def check_envelope(each, _):
    contents = memo.open_envelope(each["seeds"], each["memo_id"], each["envelope"])
    equal(contents, json.loads(each["plaintext"]))
    if "randomness" in each:
        enc, ct = memo.hpke_seal(each["kem"], memo.from_base64(each["public_key"]), b"voice-memo/1 envelope",
                                 each["memo_id"].encode(), each["plaintext"].encode(),
                                 randomness=memo.from_base64(each["randomness"]))
        equal((memo.base64url(enc), memo.base64url(ct)), (each["envelope"]["enc"], each["envelope"]["ct"]))


def check_stream(each, file):
    whole = memo.from_base64(file["streams"][each["stream"]])
    body = bytearray(b"".join(whole[start:end] for start, end in each["parts"]))
    if "flip" in each:
        body[each["flip"]] ^= 1
    audio, complete = memo.open_memo(each["key"], each["encryption_iv"], bytes(body), "aes-256-gcm-stream")
    equal((complete, len(audio)), (each["complete"], 44 + 2 * each["samples"]))
    equal(memo.sha256hex(audio), each["audio_sha256"])


def check_telephone(each, _):
    if each.get("slow") and memo._NativeArgon2id is None:
        return
    plaintext, proof = memo.open_telephone_lock(each["secret"], each["lock"], each["aad"])
    equal((memo.secret_text(plaintext), memo.base64url(proof)), (each["plaintext"], each["proof"]))


def check_federation_endpoints(each, _):
    own, document = memo.ask, json.dumps(each["document"]).encode()
    memo.ask = lambda *_, **__: memo.Answer(200, {}, document)
    try:
        found = memo.discover(each["base"])
    finally:
        memo.ask = own
    # A program in Python asks for no audio but at its usual place.
    equal((found.fetch, found.verify), (each["fetch"], each["verify"]))


def check_inbox_link(each):
    base, mailbox, seeds = memo.parse_inbox_link(each["link"])
    equal((base, mailbox, [memo.secret_text(seed) for seed in seeds]), (each["base"], each["mailbox"], each["seeds"]))
    equal(memo.inbox_link(base, mailbox, seeds), each["link"])


def check(paths):
    count = 0
    for path in map(pathlib.Path, paths):
        file = json.loads(path.read_text())
        if path.stem == "memo":
            check_memo(file)
            count += len(file["memos"])
            continue
        for each in file["cases"]:
            name = f"{path}: {each.get('name', '')}"
            equal(verdict(lambda: globals()[f"check_{path.stem}"](each, file)), each["expect"], name)
            count += 1
        for each in file.get("inbox_links", []):
            equal(verdict(lambda: check_inbox_link(each)), each["expect"], each["name"])
    print(f"{count} cases")


# ---- Random cases ----


def make_memo():
    memos = []
    for count in [0, 1, 7, 8000, 1 + secrets.randbelow(20000)]:
        samples = [secrets.randbelow(65536) - 32768 for _ in range(count)]
        audio = memo.wav_of(struct.pack(f"<{count}h", *samples))
        sealed = memo.seal_memo(audio)
        token = memo.access_token(sealed["key"])
        base = "https://memo.example.org"
        memos.append({
            "key": memo.secret_text(sealed["key"]), "memo_id": sealed["id"], "link_base": base,
            "link": memo.memo_link(base, sealed["id"], sealed["key"]), "encryption_iv": sealed["iv"],
            "access_key_hash": sealed["access_key_hash"], "access_token": memo.secret_text(token),
            "access_token_hash": sealed["access_token_hash"], "samples": samples, "audio_b64": memo.base64(audio),
            "encrypted_audio_b64": memo.base64(sealed["ciphertext"]),
        })
    return {"memos": memos}


def make_owner():
    cases = []
    for kem in ("xwing", "x25519"):
        for _ in range(3):
            owner = memo.make_owner(kem)
            cases.append({"seed": memo.secret_text(owner["seed"]), **memo.owner_of(owner["seed"], kem), "expect": "ok"})
    return {"cases": cases}


def make_envelope():
    cases = []
    for kem in ("xwing", "x25519"):
        for _ in range(5):
            owner, stranger = memo.make_owner(kem), memo.make_owner(kem)
            memo_id = memo.base64url(secrets.token_bytes(16))
            contents = {"key": memo.secret_text(secrets.token_bytes(32)),
                        "transcript": "ö€𝄞" * random.randrange(500), "duration_seconds": random.randrange(1000) / 8}
            case = {"kem": kem, "memo_id": memo_id, "plaintext": json.dumps(contents),
                    "envelope": memo.seal_envelope(kem, owner["public_key"], memo_id, contents)}
            seeds = [memo.secret_text(each["seed"]) for each in (stranger, owner)]
            cases.append({**case, "seeds": seeds, "expect": "ok"})
            cases.append({**case, "seeds": seeds[:1], "expect": "wrong-key"})
    return {"cases": cases}


def make_stream():
    streams, cases = {}, []
    # Every edge of a frame of 8,000 samples.
    for count in [0, 1, 7999, 8000, 8001, 15999, 16000, 16001, random.randrange(24000)]:
        for ended in (False, True):
            key, iv, pcm = secrets.token_bytes(32), secrets.token_bytes(12), os.urandom(2 * count)
            body = memo.seal_stream(key, iv, pcm, ended)
            name = f"{count} samples, {'ended' if ended else 'cut'}"
            streams[name] = memo.base64(body)
            case = {"name": name, "key": memo.secret_text(key), "encryption_iv": memo.base64url(iv), "stream": name,
                    "parts": [[0, len(body)]], "complete": ended, "samples": count,
                    "audio_sha256": memo.sha256hex(memo.wav_of(pcm))}
            cases.append({**case, "expect": "ok"})
            if body:
                cases.append({**case, "flip": random.randrange(len(body)), "expect": "damaged"})
                cases.append({**case, "parts": [[0, len(body) - 1]], "expect": "damaged"})
    return {"streams": streams, "cases": cases}


def make_telephone():
    cases = []
    for params in ({"m_kib": 8192, "t": 1, "p": 1}, {"m_kib": 8195 + random.randrange(200), "t": 1, "p": 2}):
        secret, aad = memo.random_digits(16 + random.randrange(17)), memo.base64url(secrets.token_bytes(16))
        plaintext = secrets.token_bytes(32)
        lock = memo.telephone_lock(secret, plaintext, aad, memo.random_digits(6), params)
        proof = memo.telephone_proof(secret, lock)[1]
        cases.append({"secret": secret, "aad": aad, "lock": lock, "plaintext": memo.secret_text(plaintext),
                      "proof": memo.base64url(proof), "expect": "ok"})
    return {"cases": cases}


def make(folder):
    for name in ("memo", "owner", "envelope", "stream", "telephone"):
        (pathlib.Path(folder) / f"{name}.json").write_text(json.dumps(globals()[f"make_{name}"]()))


# ---- Signed requests ----


def sign():
    # RFC 8037 A.1 and A.3: a key pair, and its thumbprint.
    seed = memo.from_base64("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
    jwk = memo.signing_jwk(seed)
    equal(jwk, {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"})
    # RFC 9421 B.2.6's shape: the base is lines, each component once, the parameters last and without an end of line.
    url, body, now = "https://peer.example/api/federation/voice/fetch", b'{"memo_id":"x"}', 1_800_000_000
    fields = memo.sign_request(seed, "POST", url, body, now=now, nonce="0123456789abcdef")
    parameters = ('("@method" "@target-uri" "content-digest");created=1800000000;expires=1800000060;'
                  'nonce="0123456789abcdef";keyid="kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";'
                  'tag="voice-federation/1.1"')
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    equal((fields["signature-input"], fields["content-digest"]), (f"sig1={parameters}", digest))
    equal(memo.signature_base("POST", url, digest, parameters).decode(),
          f'"@method": POST\n"@target-uri": {url}\n"content-digest": {digest}\n"@signature-params": {parameters}')

    def taken(method="POST", url=url, body=body, keys=(jwk,), at=now, seen=None, **changes):
        changed = {**fields, **{name.replace("_", "-"): value for name, value in changes.items()}}
        return verdict(lambda: memo.verify_request(method, url, changed, body, list(keys), now=at, seen=seen))

    equal(taken(), "ok")
    equal((taken(at=now + 59), taken(at=now - 30)), ("ok", "ok"))
    other = memo.signing_jwk(secrets.token_bytes(32))
    equal(taken(keys=[other, jwk]), "ok")
    # Another's signature beside ours is not looked at; ours twice is refused.
    beside = 'other=("@authority");created=1;tag="cdn"'
    with_other = {"signature_input": f'{beside}, {fields["signature-input"]}',
                  "signature": f'other=:AAAA:, {fields["signature"]}'}
    equal(taken(**with_other), "ok")
    equal(taken(signature_input=f'{fields["signature-input"]}, {fields["signature-input"].replace("sig1", "sig2")}'),
          "refused")
    # Another order, and the algorithm named: another program may sign so.
    reordered = ('("content-digest" "@target-uri" "@method");tag="voice-federation/1.1";alg="ed25519"'
                 ';nonce="0123456789abcdef";keyid="kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";created=1800000000'
                 ';expires=1800000030')
    text = f'"content-digest": {digest}\n"@target-uri": {url}\n"@method": POST\n"@signature-params": {reordered}'
    signature = memo.Ed25519PrivateKey.from_private_bytes(seed).sign(text.encode())
    equal(taken(signature_input=f"a={reordered}", signature=f"a=:{memo.base64(signature)}:"), "ok")
    seen = set()
    equal((taken(seen=seen), taken(seen=seen)), ("ok", "refused"), "a replay")
    for name, refused in {
        "another method": taken(method="GET"),
        "another path": taken(url=url + "x"),
        "another body": taken(body=b"{}"),
        "another key": taken(keys=[other]),
        "no key": taken(keys=[]),
        "too late": taken(at=now + 60),
        "too early": taken(at=now - 31),
        "a longer life": taken(signature_input=fields["signature-input"].replace("1800000060", "1800000061")),
        "another nonce": taken(signature_input=fields["signature-input"].replace("abcdef", "abcdee")),
        "another tag": taken(signature_input=fields["signature-input"].replace("1.1", "1.2")),
        "fewer components": taken(signature_input=fields["signature-input"].replace(' "content-digest"', "")),
        "another algorithm": taken(signature_input=fields["signature-input"] + ';alg="rsa-v1_5-sha256"'),
        "an unknown parameter": taken(signature_input=fields["signature-input"] + ";x=1"),
        "malformed fields": taken(signature_input=fields["signature-input"] + ";"),
        "no fields": taken(signature_input=""),
        "another digest": taken(content_digest=memo.content_digest(b"{}")),
        "no signature": taken(signature=""),
        "an altered signature": taken(signature="sig1=:" + "A" * 86 + "==:"),
    }.items():
        equal(refused, "refused", name)


# ---- Fetching ----


@contextlib.contextmanager
def domain(routes, asked):
    """A domain on loopback: `routes` maps "METHOD path" to (status, fields, body), or to a function of the request."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            request = {"method": self.command, "path": self.path, "body": body,
                       "fields": {name.lower(): value for name, value in self.headers.items()}}
            asked.append(request)
            answer = routes.get(f"{self.command} {self.path}", (404, {}, b'{"error": "Not found"}'))
            status, fields, body = answer(request) if callable(answer) else answer
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**fields, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def fetch():
    audio = memo.wav_of(os.urandom(200))
    sealed = memo.seal_memo(audio)
    memo_id, key = sealed["id"], sealed["key"]
    key_text, token_text = memo.secret_text(key), memo.secret_text(memo.access_token(key))
    in_json = {"encrypted_audio_b64": memo.base64(sealed["ciphertext"]), "encryption_iv": sealed["iv"],
               "audio_format": "audio/wav"}
    audio_route, discovery = f"GET /voice/{memo_id}/audio", "GET /.well-known/voice-federation"
    fetch_route, verify_route = "POST /api/federation/voice/fetch", "POST /api/federation/voice/verify"
    version_1_0, version_1_1 = {"version": "1.0"}, {"extensions": {"1.1": {"access_token": True}}}
    options = {"allow_private": True}

    def opened(base, **more):
        return memo.open_link(memo.memo_link(base, memo_id, key), **options, **more)

    # A 1.1 domain: the token, as any browser shows it.
    asked = []
    with domain({audio_route: (200, {"memo-iv": sealed["iv"]}, sealed["ciphertext"])}, asked) as base:
        equal(opened(base), (audio, "audio/wav", True))
        equal([each["fields"]["authorization"] for each in asked], [f"Bearer {token_text}"])
        # Loopback is not for strangers' links.
        equal(verdict(lambda: memo.open_link(memo.memo_link(base, memo_id, key))), "refused")
        local = base.replace("127.0.0.1", "localhost")
        equal(verdict(lambda: memo.open_link(memo.memo_link(local, memo_id, key))), "refused")
        # A redirect is not followed.
    with domain({audio_route: (302, {"location": "http://127.0.0.1:9/"}, b"")}, asked) as base:
        equal(verdict(lambda: opened(base)), "server")
    for status, kind in ((404, "wrong-key"), (410, "expired"), (429, "too-many"), (500, "server"), (403, "refused")):
        routes = {audio_route: (status, {"retry-after": "7"}, {"error": "no"}), discovery: (200, {}, version_1_1)}
        with domain(routes, asked) as base:
            equal(verdict(lambda: opened(base)), kind)

    # A 1.0 peer, with the quirks of peers' answers.
    quirks = [
        in_json,
        {"success": True, "memo_id": memo_id, **in_json, "duration_seconds": 1,
         "metadata": {"source": "sip_call", "created_at": "2027-01-15T08:00:00Z"}},
        {**in_json, "encryption_iv": base64.b64encode(memo.from_base64(sealed["iv"])).decode(), "metadata": None},
    ]
    for quirk in quirks:
        asked = []
        with domain({discovery: (200, {}, version_1_0), fetch_route: (200, {}, quirk)}, asked) as base:
            equal(verdict(lambda: opened(base)), "needs-key")
            assert not any(key_text in str(each) for each in asked), "the key was shown without leave"
            equal(opened(base, allow_key=True)[0], audio)
            equal(json.loads(asked[-1]["body"]), {"memo_id": memo_id, "access_key": key_text, "requesting_domain": ""})
    for answer, kind in (((200, {}, {"error": "unknown"}), "wrong-key"), ((200, {}, {"success": False}), "server"),
                         ((200, {}, []), "server"), ((200, {}, b"<html>"), "server"),
                         ((410, {}, {"error": "expired"}), "expired"),
                         ((200, {}, {**in_json, "encrypted_audio_b64": "?"}), "damaged")):
        with domain({discovery: (200, {}, version_1_0), fetch_route: answer}, asked) as base:
            equal(verdict(lambda: opened(base, allow_key=True)), kind, str(answer))

    # A 1.1 peer, asked by a server with a signing key: the key of the memo is not shown.
    identity = memo.Identity("ours.example", secrets.token_bytes(32))
    keys, seen = [memo.signing_jwk(identity.seed)], set()

    def signed(answer):
        def check_and_answer(request):
            url = f"http://{request['fields']['host']}{request['path']}"
            memo.verify_request(request["method"], url, request["fields"], request["body"], keys, seen=seen)
            equal(json.loads(request["body"]),
                  {"memo_id": memo_id, "access_token": token_text, "requesting_domain": "ours.example"})
            return 200, {}, answer
        return check_and_answer

    asked = []
    routes = {discovery: (200, {}, version_1_1), fetch_route: signed(in_json),
              verify_route: signed({"valid": True, "reason": None, "expires_at": None})}
    with domain(routes, asked) as base:
        equal(opened(base, identity=identity)[0], audio)
        found = memo.verify_memo(memo.memo_link(base, memo_id, key), identity=identity, **options)
        equal(found, {"valid": True, "reason": None, "expires_at": None})
        assert not any(key_text in str(each) for each in asked), "the key was shown to a 1.1 peer"
    # An interrupted recording.
    body = memo.seal_stream(key, sealed["iv"], audio[44:])
    fields = {"memo-iv": sealed["iv"], "memo-encryption": "aes-256-gcm-stream", "memo-complete": "false"}
    with domain({audio_route: (200, fields, body)}, asked) as base:
        equal(opened(base), (audio, "audio/wav", False))


# ---- Running switches ----


def pair(path):
    """Opens memos of running switches as the file's cases say: {name, expect, audio_sha256, link | code and domain, and
    how: via, seed and requesting_domain, altered}. `now` is what the switches' clocks say."""
    file = json.loads(pathlib.Path(path).read_text())
    memo.time.time = lambda: file["now"]
    for each in file["cases"]:
        options = {"allow_private": True}
        if "seed" in each:
            options["identity"] = memo.Identity(each["requesting_domain"], unhex(each["seed"]))
        if "via" in each:
            options["via"] = each["via"]
        signing, opened = memo.sign_request, []
        if each.get("altered"):
            # The signature of another request.
            memo.sign_request = lambda seed, method, url, body: signing(seed, method, url + "?", body)
        if each.get("late"):
            memo.sign_request = lambda seed, method, url, body: signing(seed, method, url, body, now=file["now"] - 60)
        if each.get("twice"):
            memo.sign_request = lambda seed, method, url, body: signing(seed, method, url, body, nonce="n" * 22)

        def run(each=each, options=options, opened=opened):
            if "code" in each:
                opened.append(memo.open_by_code(each["domain"], each["code"], **options))
            elif "verify" in each:
                equal(memo.verify_memo(each["link"], **options)["reason"], each["verify"], each["name"])
            else:
                opened.append(memo.open_link(each["link"], **options))

        if each.get("twice"):
            equal(verdict(run), "ok", each["name"])
        equal(verdict(run), each["expect"], each["name"])
        memo.sign_request = signing
        for audio, kind, complete in opened:
            equal((memo.sha256hex(audio), kind, complete), (each["audio_sha256"], "audio/wav", True), each["name"])
    for each in file["domains"]:
        found = memo.discover(each["base"], allow_private=True)
        equal((found.token, memo.jwk_thumbprint(found.signature_keys[0])), (True, each["keyid"]), each["base"])
        equal(found.audio, each["base"] + "/voice/{id}/audio", each["base"])


COMMANDS = {"check": lambda *paths: check(paths), "make": make, "sign": sign, "fetch": fetch, "pair": pair}

COMMANDS[sys.argv[1]](*sys.argv[2:])
