"""Verify an evidence kit offline.  Needs Python 3.11 and `cryptography`, and nothing of Aright.
    python verify.py KIT.zip --key FINGERPRINT|FILE [--headers FILE]
Ends with 0 verified, 6 mismatch, 1 unusable, 11 pending, 12 unchecked.  Take FINGERPRINT from the
site and not from the kit: SHA-256 of the site's Ed25519 key, in hexadecimal; FILE holds that.
"""
import argparse
import base64
import datetime as dt
import hashlib
import io
import json
import re
import struct
import sys
import zlib
from itertools import count, pairwise
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CODES = {"verified": 0, "mismatch": 6, "unusable": 1, "pending": 11, "unchecked": 12}
IN_TOTO = "https://in-toto.io/Statement/v1"
EASIEST = 0xFFFF << 208  # the target of difficulty 1: no block of Bitcoin was ever easier
MAGIC = b"\0OpenTimestamps\0\0Proof\0\xbf\x89\xe2\xe8\x84\xe8\x92\x94\1\x08"  # version 1, SHA-256
BITCOIN, CALENDAR = bytes.fromhex("0588960d73d71901"), bytes.fromhex("83dfe30d2ef90c8e")
HASHES = {b"\x08": "sha256", b"\x03": "ripemd160"}
BROKEN = (ValueError, TypeError, LookupError, AttributeError, RecursionError, struct.error)
NONE = {"outcome": "none"}
MANIFEST = "manifest.dsse.json"
LOOSE, PAIR = {MANIFEST, "README.txt", "verify.py", "headers.json"}, ("dsse.json", "tlog-proof")

class Stop(Exception):
    """Outcome and reason are known before the end."""
def need(holds: object, reason: str, outcome: str = "mismatch") -> None:
    if not holds:
        raise Stop(outcome, reason)
def read(reason: str, work: Any, *given: object) -> Any:
    try:
        return work(*given)
    except BROKEN as error:
        raise Stop("unusable", reason) from error
def fit(holds: object, why: str = "it cannot be read") -> object:
    if not holds:
        raise ValueError(why)
    return holds
def unb64(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    fit(base64.b64encode(raw).decode() == text)
    return raw
def number(text: str) -> int:
    fit(re.fullmatch("0|[1-9][0-9]{0,19}", text) and int(text) < 2**64)
    return int(text)
def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
def node(left: bytes, right: bytes) -> bytes:
    return digest(b"\1" + left + right)
def signed(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True

# The file is a ZIP of which there is one spelling: it is written again and compared.
def unpacked(data: bytes) -> dict[str, bytes]:
    members, at = dict[str, bytes](), 0
    while data[at : at + 4] == b"PK\3\4" and at + 30 <= len(data):
        size, length = struct.unpack_from("<IH", data, at + 22)
        start = at + 30 + length
        members[data[at + 30 : start].decode("latin-1")] = data[start : start + size]
        at = start + size
    need(members, "not_a_kit", "unusable")
    parts, directory, at = list[bytes](), list[bytes](), 0
    for name, content in sorted(members.items()):
        sizes = (zlib.crc32(content), len(content), len(content), len(name), 0)
        told, spelled = struct.pack("<5H3I2H", 20, 0, 0, 0, 33, *sizes), name.encode("ascii")
        directory += [b"PK\1\2\x14\0", told, struct.pack("<3H2I", 0, 0, 0, 0, at), spelled]
        parts += [b"PK\3\4", told, spelled, content]
        at += 30 + len(name) + len(content)
    end = (len(members), len(members), sum(map(len, directory)), at, 0)
    parts += [*directory, b"PK\5\6\0\0\0\0", struct.pack("<2H2IH", *end)]
    need(b"".join(parts) == data, "not_canonical")
    return members

# Signed envelopes (DSSE), notes and proofs (C2SP), trees (RFC 6962).
def envelope(data: bytes) -> tuple[bytes, list[Any]]:
    told = json.loads(data)
    lines = [f'{{"keyid":"{k["keyid"]}","sig":"{k["sig"]}"}}' for k in told["signatures"]]
    again = f'"application/vnd.in-toto+json","signatures":[{",".join(lines)}]}}'
    fit(data == f'{{"payload":"{told["payload"]}","payloadType":{again}'.encode())
    return unb64(told["payload"]), [(k["keyid"], unb64(k["sig"])) for k in told["signatures"]]
def sealed(payload: bytes, lines: list[Any], keys: dict[str, bytes], reason: str) -> set[str]:
    message = b"DSSEv1 28 application/vnd.in-toto+json %d %b" % (len(payload), payload)
    need(lines and all(k in keys and signed(keys[k], s, message) for k, s in lines), reason)
    return {key for key, _ in lines}
def checkpoint(note: bytes) -> tuple[str, str, int, bytes, list[Any]]:
    text, _, below = note.decode().rpartition("\n\n")
    origin, size, root = text.split("\n")
    lines = [line.split(" ") for line in below.splitlines()]
    fit(note.decode() == f"{text}\n\n" + "".join(f"\u2014 {n} {s}\n" for _, n, s in lines))
    fit(origin and lines and len(unb64(root)) == 32)
    return text, origin, number(size), unb64(root), [(name, unb64(s)) for _, name, s in lines]
def proof(data: bytes) -> tuple[int, list[bytes], bytes]:
    head, _, note = data.partition(b"\n\n")
    first, index, *lines = head.decode("ascii").split("\n")
    path = [unb64(line) for line in lines]
    fit((first, index[:6], {*map(len, path), 32}) == ("c2sp.org/tlog-proof@v1", "index ", {32}))
    return number(index[6:]), path, note
def growth(data: bytes) -> list[bytes]:
    return [unb64(each) for each in json.loads(data)["consistency"]]
def root_over(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    if size < 2 or not path:
        return leaf if size == 1 and not path else b""
    if index < (half := 1 << (size - 1).bit_length() - 1):
        return node(root_over(leaf, index, half, path[:-1]), path[-1])
    return node(path[-1], root_over(leaf, index - half, size - half, path[:-1]))
def roots_over(old: int, size: int, path: list[bytes], whole: bytes) -> tuple[bytes, bytes]:
    if old == size:
        known = [whole, *path] if whole else path
        return (known[0], known[0]) if len(known) == 1 else (b"", b"")
    *path, last = path or [b""]
    if old <= (half := 1 << (size - 1).bit_length() - 1):
        before, after = roots_over(old, half, path, whole)
        return before, node(after, last)
    before, after = roots_over(old - half, size - half, path, b"")
    return node(last, before), node(last, after)

# Anchors: OpenTimestamps proofs, as strict as they are written, and headers of Bitcoin.
def varuint(source: io.BytesIO) -> int:
    digits = [source.read(1)[0]]
    while digits[-1] > 127:
        digits.append(source.read(1)[0])
        fit(digits[-1] and len(digits) <= 10)
    return sum((digit & 127) << 7 * place for place, digit in enumerate(digits))
def varbytes(source: io.BytesIO, most: int) -> bytes:
    piece = source.read(size := min(varuint(source), most + 1))
    fit(len(piece) == size <= most)
    return piece
def attestation(source: io.BytesIO) -> tuple[bytes, Any]:
    tag, inner = source.read(8), io.BytesIO(varbytes(source, 8192))
    others: Any = varuint(inner) if tag == BITCOIN else inner.read() if tag != CALENDAR else None
    said: Any = varbytes(inner, 1000) if tag == CALENDAR else others
    fit(len(tag) == 8 and not inner.read() and (tag != BITCOIN or said <= 10_000_000))
    fit(tag != CALENDAR or re.fullmatch(rb"[A-Za-z0-9\-._/:]*", said))
    return tag, said
def timestamp(data: bytes) -> list[tuple[bytes, Any, bytes]]:
    fit(len(data) <= 2**16 and data.startswith(MAGIC))
    source, found, operations = io.BytesIO(data[len(MAGIC) :]), list[Any](), count(1)
    def walk(message: bytes, depth: int) -> None:
        before, more = tuple[Any, ...](), True
        while more:
            more = (tag := source.read(1)) == b"\xff"
            tag, key = source.read(1) if more else tag, tuple[Any, ...]()
            if tag == b"\0":
                key = (0, *attestation(source))
                found.append((*key[1:], message))
            else:
                argument = b"" if tag in HASHES else varbytes(source, 4096)
                fit(tag in HASHES or (tag in (b"\xf0", b"\xf1") and argument))
                after = message + argument if tag == b"\xf0" else argument + message
                after = hashlib.new(HASHES[tag], message).digest() if tag in HASHES else after
                fit(next(operations) <= 2048 and depth and len(after) <= 4096)
                walk(after, depth - 1)
                key = (1, tag, argument)
            fit(before < key)  # attestations, then operations, each kind sorted and none twice
            before = key
    walk(source.read(32), 255)
    fit(not source.read())
    return found
def headers(data: bytes) -> dict[int, bytes]:
    text, form = data.decode(), "(0|[1-9][0-9]{0,7}) [0-9a-fA-F]{160}"
    told = json.loads(text, object_pairs_hook=lambda p: fit(len(dict(p)) == len(p)) and dict(p))
    fit(all(re.fullmatch(form, f"{h} {told[h]['header']}") for h in {**told}))
    return {int(height): bytes.fromhex(told[height]["header"]) for height in told}
def worked(header: bytes) -> bool:
    bits = int.from_bytes(header[72:76], "little")
    top = (bits & 0x7FFFFF) << 8 * (bits >> 24) >> 24
    return not bits >> 23 & 1 and int.from_bytes(digest(digest(header)), "little") <= top <= EASIEST
def anchored(data: bytes, note: bytes, known: list[dict[int, bytes]]) -> dict[str, Any]:
    found = read("anchor_refused", timestamp, data)
    need(data[len(MAGIC) : len(MAGIC) + 32] == digest(note), "anchor_mismatch")
    blocks = sorted(each[1:] for each in found if each[0] == BITCOIN)
    at_hand = [next((k[h] for k in known if h in k and worked(k[h])), None) for h, _ in blocks]
    pairs = [(*block, raw) for block, raw in zip(blocks, at_hand, strict=True) if raw]
    need(all(raw[36:68] == root for _, root, raw in pairs), "anchor_mismatch")
    need(blocks or CALENDAR in [each[0] for each in found], "anchor_refused", "unusable")
    told: dict[str, Any] = dict.fromkeys(("height", "block", "time"))
    for height, _, raw in pairs[:1]:
        time = dt.datetime.fromtimestamp(int.from_bytes(raw[68:72], "little"), dt.UTC).isoformat()
        told = {"height": height, "block": digest(digest(raw))[::-1].hex(), "time": time}
    return {"outcome": "verified" if pairs else "anchored" if blocks else "pending", **told}

# The kit: nothing in it is believed that was not signed, logged and, in the end, anchored.
def manifest(payload: bytes) -> tuple[dict[str, Any], dict[str, bytes], dict[int, str], list[Any]]:
    told = json.loads(payload)
    fit((told["_type"], told["predicateType"]) == (IN_TOTO, "urn:aright:evidence:kit:v1"))
    keys = {key["fingerprint"]: unb64(key["public"]) for key in told["predicate"]["keys"]}
    fit(all(len(raw) == 32 and digest(raw).hex() == key for key, raw in keys.items()))
    subjects = [(each["name"], each["digest"]["sha256"]) for each in told["subject"]]
    said = {name: told["predicate"][name] for name in ("site", "made_at", "selection", "anchoring")}
    logs, purged = told["predicate"]["logs"], told["predicate"]["purged"]
    fit({(type(log["number"]), type(log["origin"])) for log in logs} <= {(int, str)})
    fit(type(purged) is list and said["site"].isprintable() and said["made_at"].isprintable())
    return said | {"purged": len(purged)}, keys, {n["number"]: n["origin"] for n in logs}, subjects
def stated(payload: bytes, site: str) -> str:
    told, begin = json.loads(payload), b'{"_type":"%b","predicate":' % IN_TOTO.encode()
    kind, said = told["predicateType"], told["subject"][0]["digest"]["sha256"]
    predicate = payload[len(begin) : payload.rindex(b',"predicateType":')]
    need(payload.startswith(begin) and digest(predicate).hex() == said, "other_subject")
    need(told["predicate"]["site"] == site, "other_site")
    return str(kind)
def layout(names: set[str]) -> tuple[list[Any], list[Any], list[Any]]:
    split = [name.split("/") for name in names - LOOSE]
    heads = sorted((int(log), int(at[:12])) for _, log, at in split if at.endswith(".checkpoint"))
    leaves = sorted((int(log), int(at[:12])) for _, log, at in split if at.endswith(".dsse.json"))
    grown = [(log, old, new) for (log, old), (other, new) in pairwise(heads) if log == other]
    wanted = LOOSE | {f"logs/{log}/{size:012}.checkpoint" for log, size in heads}
    wanted |= {f"logs/{log}/{old:012}-{new:012}.consistency.json" for log, old, new in grown}
    wanted |= {f"statements/{log}/{leaf:012}.{of}" for log, leaf in leaves for of in PAIR}
    fit(leaves and names - {f"{n}.ots" for n in wanted if n.endswith(".checkpoint")} == wanted)
    return heads, leaves, grown
def judged(data: bytes, known: str | None, outside: dict[int, bytes], told: dict[str, Any]) -> str:
    kit = read("not_a_kit", unpacked, data)
    payload, lines = read("bad_manifest", envelope, kit.get(MANIFEST))
    said, keys, origins, subjects = read("bad_manifest", manifest, payload)
    signers, changes = sealed(payload, lines, keys, "manifest_signature"), list[set[str]]()
    told |= {"fingerprint": lines[0][0], **said}
    given = [(name, digest(kit[name]).hex()) for name in sorted(kit) if name != MANIFEST]
    need(given == subjects, "other_members")
    heads, leaves, grown = read("bad_layout", layout, {*kit})
    told["statements"], own = len(leaves), read("bad_headers", headers, kit["headers.json"])
    roots, under, sizes = dict[tuple[int, int], bytes](), dict.fromkeys(heads, 0), dict[Any, int]()
    for log, size in heads:
        name = told["where"] = f"logs/{log}/{size:012}.checkpoint"
        text, origin, at, roots[log, size], below = read("bad_checkpoint", checkpoint, kit[name])
        sizes[log, kit[name]] = size
        need((origin, at) == (origins.get(log), size), "other_head")
        ids = {digest(b"%b\n\1%b" % (origin.encode(), raw))[:4]: key for key, raw in keys.items()}
        by = [(ids[s[:4]], s[4:]) for signer, s in below if signer == origin and s[:4] in ids]
        need(by and all(signed(keys[k], s, f"{text}\n".encode()) for k, s in by), "head_signature")
        signers |= {key for key, _ in by}
    for log, old, new in grown:
        name = told["where"] = f"logs/{log}/{old:012}-{new:012}.consistency.json"
        path = read("bad_growth", growth, kit[name])
        both = roots_over(old, new, path, roots[log, old]) if old else None
        need(both == (roots[log, old], roots[log, new]), "not_consistent")
    for log, leaf in leaves:
        name = told["where"] = f"statements/{log}/{leaf:012}.dsse.json"
        payload, lines = read("bad_statement", envelope, kit[name])
        kind = read("bad_statement", stated, payload, said["site"])
        signers |= (by_keys := sealed(payload, lines, keys, "statement_signature"))
        changes += [by_keys] if kind == "urn:aright:evidence:log:v1" else []
        entry = digest(b"\0" + kit[name])
        index, path, note = read("bad_proof", proof, kit[f"{name[:-9]}tlog-proof"])
        size = sizes.get((log, note)) or read("bad_proof", checkpoint, note)[2]
        need(index == leaf, "other_leaf")
        need(kit.get(f"logs/{log}/{size:012}.checkpoint") == note, "other_head")
        need(leaf < size and root_over(entry, leaf, size, path) == roots[log, size], "not_included")
        under[log, size] += 1
    told["where"], trusted = None, {known or told["fingerprint"]}
    while more := [by for by in changes if by & trusted and not by <= trusted]:
        trusted = trusted.union(*more)
    need(signers <= trusted, "other_key")
    for log, size in heads:
        name = told["where"] = f"logs/{log}/{size:012}.checkpoint.ots"
        word = anchored(kit[name], kit[name[:-4]], [outside, own]) if name in kit else NONE
        told["anchors"].append({"log": log, "size": size, "statements": under[log, size], **word})
    told["where"], words = None, {each["outcome"] for each in told["anchors"]}
    need(known, "no_key", "unchecked")
    need("anchored" not in words, "anchor_unchecked", "unchecked")
    need(words <= {"verified", said["anchoring"] is False and "none"}, "anchor_pending", "pending")
    return "verified"
def verify(data: bytes, known: str | None, outside: dict[int, bytes]) -> dict[str, Any]:
    told = dict[str, Any].fromkeys(("outcome", "reason", "where", "fingerprint", "site", "made_at"))
    told |= {"selection": None, "anchoring": None, "statements": 0, "purged": 0, "anchors": []}
    try:
        told["outcome"] = judged(data, known, outside, told)
    except Stop as stop:
        told["outcome"], told["reason"] = stop.args
    return told
def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("kit", type=Path)
    options.add_argument("--key", help="fingerprint of the site's key, or a file with it")
    options.add_argument("--headers", type=Path, help="Bitcoin headers of your own, JSON by height")
    given = options.parse_args()
    try:
        key = Path(given.key).read_text() if Path(given.key or "/").is_file() else given.key or ""
        fit(re.fullmatch("([0-9a-f]{64})?", key.strip().lower()), "--key is no fingerprint")
        outside = headers(given.headers.read_bytes()) if given.headers else {}
        told = verify(given.kit.read_bytes(), key.strip().lower() or None, outside)
    except (OSError, *BROKEN) as error:
        sys.exit(f"unusable: {error}")
    print(json.dumps(told, indent=2))
    return CODES[told["outcome"]]

if __name__ == "__main__":
    sys.exit(main())
