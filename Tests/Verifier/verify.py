#!/usr/bin/env python3
"""Checks what Errata says of its journal, with nothing but Python's standard library.

  verify.py checkpoint NOTE --key KEY            a signed checkpoint
  verify.py record FILE.tlog-proof --key KEY     a record and its proof, from 'errata proof REV --out FILE'
  verify.py since OLD NEW PROOF.json --key KEY   that NEW extends OLD; PROOF is a reply of /v1/proof/consistency
  verify.py cases CASES.json                     many of these at once, for the tests

Written from RFC 8032 (Ed25519), RFC 9162 sections 2.1.3.2 and 2.1.4.2, and C2SP signed-note, tlog-checkpoint
and tlog-proof, independently of the Swift code: what both accept is very likely what the texts mean.
"""

import base64
import binascii
import functools
import hashlib
import json
import sys


class Rejected(Exception):
    """What does not verify, and why."""


def check(condition, reason):
    if not condition:
        raise Rejected(reason)


# Ed25519, RFC 8032 section 5.1

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def point_add(p, q):
    """Adds points in extended coordinates (X, Y, Z, T)."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar > 0:
        if scalar & 1:
            result = point_add(result, point)
        point = point_add(point, point)
        scalar >>= 1
    return result


def point_equal(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def recover_x(y, sign):
    check(y < P, "a point is not reduced")
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        check(not sign, "a point has no such sign")
        return 0
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    check((x * x - x2) % P == 0, "bytes are not a point")
    return P - x if x & 1 != sign else x


def point_decompress(data):
    check(len(data) == 32, "a point does not have 32 bytes")
    number = int.from_bytes(data, "little")
    y = number & ((1 << 255) - 1)
    x = recover_x(y, number >> 255)
    return (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def ed25519_verifies(public, message, signature):
    check(len(signature) == 64, "a signature does not have 64 bytes")
    a = point_decompress(public)
    r = point_decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    check(s < L, "the signature is not reduced")
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(digest, "little") % L
    return point_equal(point_multiply(s, BASE), point_add(r, point_multiply(k, a)))


# Base64, keys and notes

def base64_bytes(text, what):
    """Decodes base64 in its one spelling."""
    check(isinstance(text, str), f"{what} is not a text")
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise Rejected(f"{what} is not base64") from None
    check(base64.b64encode(data).decode() == text, f"{what} is not base64 in its one spelling")
    return data


def decimal(text, what):
    check(text.isascii() and text.isdigit() and (text == "0" or text[0] != "0"),
          f"{what} is not a number")
    return int(text)


@functools.lru_cache(maxsize=None)
def read_key(text):
    """Returns name, key id and public key of `<name>+<id>+<base64 of 0x01 and the key>`."""
    parts = text.split("+", 2)
    check(len(parts) == 3 and parts[0], "the key is not name+id+base64")
    data = base64_bytes(parts[2], "the key")
    check(len(data) == 33 and data[0] == 1, "the key is not one of Ed25519")
    key_id = hashlib.sha256(parts[0].encode() + b"\n" + data).digest()[:4]
    check(parts[1] == key_id.hex(), "the key's id is not its own")
    return parts[0], key_id, data[1:]


@functools.lru_cache(maxsize=None)
def read_checkpoint(note, key):
    """Returns origin, size and root of a checkpoint that `key` signed under its own name."""
    try:
        return verify_checkpoint(note, key)
    except Rejected as error:
        # The cache keeps what is returned, and a false signature takes as long to find.
        return error


def verify_checkpoint(note, key):
    name, key_id, public = read_key(key)
    check(isinstance(note, str), "the note is not a text")
    check(all(c == "\n" or ord(c) >= 0x20 for c in note), "the note has a control character")
    text, empty, signatures = note.rpartition("\n\n")
    check(empty and signatures.endswith("\n"), "the note has no signatures")
    text += "\n"
    is_signed = False
    for line in signatures[:-1].split("\n"):
        parts = line.split(" ")
        check(len(parts) == 3 and parts[0] == "\u2014" and parts[1], "a line is not a signature")
        data = base64_bytes(parts[2], "a signature")
        check(len(data) > 4, "a signature is too short")
        if parts[1] == name and data[:4] == key_id:
            check(ed25519_verifies(public, text.encode(), data[4:]), "the signature is false")
            is_signed = True
    check(is_signed, "the note is not signed by the key")
    lines = text[:-1].split("\n")
    check(len(lines) >= 3 and all(lines), "the note is not a checkpoint")
    check(lines[0] == name, "the origin is not the key's name")
    root = base64_bytes(lines[2], "the root")
    check(len(root) == 32, "the root does not have 32 bytes")
    return lines[0], decimal(lines[1], "the size"), root


def checkpoint(note, key):
    result = read_checkpoint(note, key)
    if isinstance(result, Rejected):
        raise result
    return result


# The Merkle tree

def leaf_hash(record):
    return hashlib.sha256(b"\0" + record).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def is_size(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def verify_inclusion(index, size, leaf, hashes, root):
    """RFC 9162 section 2.1.3.2."""
    check(is_size(index) and is_size(size) and index < size, "the index is not below the size")
    fn, sn, r = index, size - 1, leaf
    for p in hashes:
        check(sn != 0, "the path is too long")
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            if not fn & 1:
                while not (fn & 1 or fn == 0):
                    fn >>= 1
                    sn >>= 1
        else:
            r = node_hash(r, p)
        fn >>= 1
        sn >>= 1
    check(sn == 0, "the path is too short")
    check(r == root, "the path does not lead to the root")


def verify_consistency(first, second, first_root, second_root, hashes):
    """RFC 9162 section 2.1.4.2."""
    check(is_size(first) and is_size(second) and 0 < first <= second, "the sizes are not in order")
    if first == second:
        check(not hashes and first_root == second_root, "the roots are not the same")
        return
    check(hashes, "the path is empty")
    path = ([first_root] if first & (first - 1) == 0 else []) + hashes
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    fr = sr = path[0]
    for c in path[1:]:
        check(sn != 0, "the path is too long")
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            if not fn & 1:
                while not (fn & 1 or fn == 0):
                    fn >>= 1
                    sn >>= 1
        else:
            sr = node_hash(sr, c)
        fn >>= 1
        sn >>= 1
    check(sn == 0, "the path is too short")
    check(fr == first_root and sr == second_root, "the path does not lead to the roots")


def hex_hashes(values):
    check(isinstance(values, list), "the hashes are not a list")
    hashes = []
    for value in values:
        check(isinstance(value, str) and len(value) == 64, "a hash does not have 64 digits")
        check(all(c in "0123456789abcdef" for c in value), "a hash is not lower-case hex")
        hashes.append(bytes.fromhex(value))
    return hashes


# What people ask

def check_record(reply, note, key):
    """Checks a reply of /v1/proof/inclusion against a checkpoint."""
    _, size, root = checkpoint(note, key)
    check(reply["size"] == size, "the proof is about another size than the checkpoint")
    leaf = leaf_hash(base64_bytes(reply["record"], "the record"))
    check(reply["leaf"] == leaf.hex(), "the record does not hash to the leaf")
    verify_inclusion(reply["operation"], size, leaf, hex_hashes(reply["hashes"]), root)


def check_extension(reply, old, new, key):
    """Checks a reply of /v1/proof/consistency against two checkpoints."""
    _, old_size, old_root = checkpoint(old, key)
    _, new_size, new_root = checkpoint(new, key)
    check(reply["from"] == old_size and reply["to"] == new_size,
          "the proof is about other sizes than the checkpoints")
    verify_consistency(old_size, new_size, old_root, new_root, hex_hashes(reply["hashes"]))


def check_file(text, key):
    """Checks a C2SP tlog-proof with the record as its extra data; returns index, size and record."""
    head, empty, note = text.partition("\n\n")
    lines = head.split("\n")
    check(empty and len(lines) >= 3 and lines[0] == "c2sp.org/tlog-proof@v1", "it is not a proof")
    check(lines[1].startswith("extra "), "there is no record")
    check(lines[2].startswith("index "), "there is no index")
    record = base64_bytes(lines[1][len("extra "):], "the record")
    index = decimal(lines[2][len("index "):], "the index")
    hashes = [base64_bytes(line, "a hash") for line in lines[3:]]
    check(all(len(value) == 32 for value in hashes), "a hash does not have 32 bytes")
    _, size, root = checkpoint(note, key)
    verify_inclusion(index, size, leaf_hash(record), hashes, root)
    return index, size, record


def run_case(case, notes, keys):
    kind, key = case["kind"], keys[case["key"]]
    if kind == "checkpoint":
        checkpoint(notes[case["note"]], key)
    elif kind == "inclusion":
        check_record(case["reply"], notes[case["note"]], key)
    elif kind == "consistency":
        check_extension(case["reply"], notes[case["old"]], notes[case["note"]], key)
    else:
        check_file(case["text"], key)


def run_cases(path):
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    counts, wrong = {}, []
    for number, case in enumerate(data["cases"]):
        try:
            run_case(case, data["notes"], data["keys"])
            is_accepted, reason = True, "accepted"
        except (Rejected, KeyError, TypeError) as error:
            is_accepted, reason = False, str(error)
        counts.setdefault((case["kind"], case["what"]), [0, 0])[not is_accepted] += 1
        if is_accepted != (case["what"] == "honest"):
            wrong.append(f"case {number}, {case['kind']}, {case['what']}: {reason}")
    for (kind, what), (accepted, rejected) in sorted(counts.items()):
        print(f"{kind:12} {what:24} {accepted:7} accepted {rejected:7} rejected")
    for line in wrong[:20]:
        print(f"WRONG {line}")
    print(f"{len(data['cases'])} cases, {len(wrong)} wrong")
    return 1 if wrong else 0


def read_text(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def main(arguments):
    if arguments[:1] == ["cases"] and len(arguments) == 2:
        return run_cases(arguments[1])
    if len(arguments) < 4 or arguments[-2] != "--key":
        print(__doc__, file=sys.stderr)
        return 64
    command, files, key = arguments[0], arguments[1:-2], arguments[-1]
    try:
        if command == "checkpoint" and len(files) == 1:
            origin, size, root = checkpoint(read_text(files[0]), key)
            print(f"{origin} had {size} operations, root {root.hex()}")
        elif command == "record" and len(files) == 1:
            index, size, record = check_file(read_text(files[0]), key)
            print(f"operation {index} of {size}, {len(record)} bytes, leaf {leaf_hash(record).hex()}")
        elif command == "since" and len(files) == 3:
            old, new = read_text(files[0]), read_text(files[1])
            reply = json.loads(read_text(files[2]))
            check_extension(reply, old, new, key)
            print(f"the journal of {reply['to']} operations extends the one of {reply['from']}")
        else:
            print(__doc__, file=sys.stderr)
            return 64
    except (Rejected, OSError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        print(f"not verified: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
