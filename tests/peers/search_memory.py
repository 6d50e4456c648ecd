"""Looks for secrets in all memory of a process and in all files of a folder.

    search_memory.py PID FOLDER

Takes requests as lines of JSON on standard input, answers each by one line on standard output:

    {"snapshot": NAME}                          stops the process, copies its memory and the files, lets it go on
    {"search": NAME, "for": {LABEL: SECRET}}    where in that snapshot anything of a secret is

A secret is {"hex": its bytes, "run": how many of its bytes in a row count as found}. It is looked for as it is, in hex, and
in base64 of both alphabets at each of the three alignments. The answer to a search names at most a few places for each label
and writing. The first line says {"ready": true}, or {"error": …} where the memory may not be read.

Copies are taken while the process stands, so that nothing moves from what is not copied yet to what is.
"""

import base64
import json
import os
import pathlib
import signal
import sys

CHUNK = 1 << 20
OVERLAP = 1 << 12
ZEROS = bytes(CHUNK + OVERLAP)
PLACES = 4


def stand_still(pid):
    os.kill(pid, signal.SIGSTOP)
    while True:
        states = []
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            states.append((task / "stat").read_text().rsplit(")", 1)[1].split()[0])
        if all(state in "Tt" for state in states):
            return


def memory(pid):
    """Every readable piece of memory that is not all zero: (where, bytes)."""
    pieces = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            fields = line.split(maxsplit=5)
            name = fields[5].strip() if len(fields) > 5 else "anonymous"
            if "r" not in fields[1] or name in ("[vvar]", "[vsyscall]", "[vvar_vclock]"):
                continue
            start, end = (int(text, 16) for text in fields[0].split("-"))
            for at in range(start, end, CHUNK):
                try:
                    piece = os.pread(mem.fileno(), min(CHUNK + OVERLAP, end - at), at)
                except OSError:
                    # A mapping beyond the end of its file, say: nothing is there to be read by anybody.
                    continue
                if piece != ZEROS[: len(piece)]:
                    pieces.append((f"{at:x} {name}", piece))
    return pieces


def files(folder):
    pieces = []
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            for at in range(0, len(content), CHUNK):
                pieces.append((str(path), content[at : at + CHUNK + OVERLAP]))
    return pieces


def writings(secret, run):
    """(how, text, how many of its bytes in a row count)."""
    yield "raw", secret, run
    yield "hex", secret.hex().encode(), 2 * run
    yield "HEX", secret.hex().upper().encode(), 2 * run
    for alignment in range(3):
        part = secret[alignment:]
        part = part[: len(part) // 3 * 3]
        yield "base64", base64.b64encode(part), run * 4 // 3
        yield "base64url", base64.urlsafe_b64encode(part), run * 4 // 3


def run_around(piece, at, text, offset):
    """How many bytes in a row around these two places are equal, and from which place of the piece on."""
    begin = 0
    while at - begin > 0 and offset - begin > 0 and piece[at - begin - 1] == text[offset - begin - 1]:
        begin += 1
    end = 0
    while at + end < len(piece) and offset + end < len(text) and piece[at + end] == text[offset + end]:
        end += 1
    return begin + end, at - begin


def search(pieces, secrets):
    """A run of 16 bytes or more holds an aligned word of 8; all words of all writings at all places are looked up."""
    words = {}
    for label, secret in secrets.items():
        for how, text, run in writings(bytes.fromhex(secret["hex"]), secret["run"]):
            assert run >= 16, "a shorter run may lie between two words"
            for offset in range(len(text) - 7):
                word = text[offset : offset + 8]
                if len(set(word)) > 1:
                    words.setdefault(int.from_bytes(word, sys.byteorder), []).append((label, how, text, offset, run))
    known = set(words)
    found = {}
    for where, piece in pieces:
        whole = len(piece) // 8 * 8
        view = memoryview(piece)[:whole].cast("Q")
        for hit in known.intersection(view):
            word = hit.to_bytes(8, sys.byteorder)
            at = piece.find(word)
            while at >= 0:
                if at % 8 == 0:
                    for label, how, text, offset, run in words[hit]:
                        places = found.setdefault(label, {}).setdefault(how, [])
                        if len(places) >= PLACES:
                            continue
                        length, begin = run_around(piece, at, text, offset)
                        place = f"{where} +{begin:x}, {length} bytes from {offset - at + begin} on"
                        if length >= run and place not in places:
                            places.append(place)
                at = piece.find(word, at + 1)
    tidied = {label: {how: places for how, places in by.items() if places} for label, by in found.items()}
    return {label: by for label, by in tidied.items() if by}


def answer(value):
    print(json.dumps(value), flush=True)


def main():
    pid, folder = int(sys.argv[1]), sys.argv[2]
    try:
        open(f"/proc/{pid}/mem", "rb", 0).close()
    except OSError as error:
        answer({"error": str(error)})
        return
    answer({"ready": True})
    snapshots = {}
    for line in sys.stdin:
        request = json.loads(line)
        if "snapshot" in request:
            stand_still(pid)
            try:
                pieces = memory(pid)
                kept = files(folder)
            finally:
                os.kill(pid, signal.SIGCONT)
            snapshots[request["snapshot"]] = pieces + kept
            answer({"memory": sum(len(piece) for _, piece in pieces), "files": len(kept)})
        else:
            answer(search(snapshots[request["search"]], request["for"]))


main()
