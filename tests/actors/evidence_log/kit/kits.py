"""Kits made in memory: a site with a log, heads, anchors, and whatever is wrong with them."""

import datetime as dt
import hashlib
import json
import struct
from collections.abc import Iterator

import attrs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation
from opentimestamps.core.op import OpAppend, OpPrepend, OpRIPEMD160, OpSHA256
from opentimestamps.core.serialize import BytesSerializationContext
from opentimestamps.core.timestamp import DetachedTimestampFile, Timestamp

from actors.anchorer.guards import ProofError
from actors.anchorer.headers import Header
from actors.anchorer.proof import read_proof
from actors.anchorer.verdict import judge
from actors.evidence_log.canonical import canonical
from actors.evidence_log.envelope import Signer, spelled_envelope
from actors.evidence_log.kit.checking import check_kit
from actors.evidence_log.kit.making import make_kit
from actors.evidence_log.kit.parts import KitHead, KitKey, KitParts, KitStatement
from actors.evidence_log.kit.verdict import AnchorWord, JudgeAnchor, KitVerdict
from actors.evidence_log.tlog.checkpoint import Checkpoint
from actors.evidence_log.tlog.notes import NoteSigner
from runtime.errors import EvidenceFormatError
from tests.actors.evidence_log.trees import MemoryLog

EASY = 0x7FFFFF << 232
"""A target that every second header reaches: no test can do the work of a real one."""
EASY_BITS = 0x207FFFFF


def signer(seed: int) -> Signer:
    return Signer.of(Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


KEY, OTHER, NEXT = signer(1), signer(2), signer(3)


def statement(site: str, number: int, kind: str = "verdict") -> bytes:
    predicate = canonical(
        {
            "aright": "0.1.0",
            "at": "2026-11-29T03:00:00+00:00",
            "fact": {"kind": "healed", "body": {"number": number, "note": "Größe"}},
            "site": site,
        }
    )
    return (
        b'{"_type":"https://in-toto.io/Statement/v1","predicate":%b,"predicateType":'
        b'"urn:aright:evidence:%b:v1","subject":[{"digest":{"sha256":"%b"},"name":"incident/%d"}]}'
        % (predicate, kind.encode(), hashlib.sha256(predicate).hexdigest().encode(), number)
    )


def sealed(payload: bytes, *signers: Signer) -> bytes:
    return spelled_envelope(payload, [(each.fingerprint, each.sign(payload)) for each in signers])


def header(root: bytes, bits: int = EASY_BITS, easiest: int = EASY) -> bytes:
    """A header with work in it."""
    for nonce in range(1 << 16):
        raw = struct.pack("<i32s32sIII", 2, bytes(32), root, 1_700_000_000, bits, nonce)
        hashed = hashlib.sha256(hashlib.sha256(raw).digest()).digest()
        if int.from_bytes(hashed, "little") <= easiest:
            return raw
    raise AssertionError("no work was found")


def spelled(stamp: Timestamp) -> bytes:
    context = BytesSerializationContext()
    DetachedTimestampFile(OpSHA256(), stamp).serialize(context)
    return bytes(context.getbytes())


@attrs.define
class Chain:
    """Blocks by height, each with one thing in it."""

    blocks: dict[int, bytes] = attrs.field(factory=dict[int, bytes])

    def anchor(self, note: bytes, height: int) -> bytes:
        """Anchor a note as a calendar would: a nonce, a tree, a transaction, a block."""
        stamp = Timestamp(hashlib.sha256(note).digest())
        leaf = stamp.ops.add(OpAppend(b"nonce")).ops.add(OpSHA256())
        leaf.attestations.add(PendingAttestation("https://calendar.example"))
        within = leaf.ops.add(OpPrepend(b"\1" * 32)).ops.add(OpSHA256())
        root = within.ops.add(OpRIPEMD160()).ops.add(OpAppend(b"tail")).ops.add(OpSHA256())
        root.attestations.add(BitcoinBlockHeaderAttestation(height))
        self.blocks[height] = header(root.msg)
        return spelled(stamp)

    @property
    def json(self) -> bytes:
        blocks = {str(height): {"header": raw.hex()} for height, raw in self.blocks.items()}
        return json.dumps(blocks).encode()


def pending(note: bytes) -> bytes:
    stamp = Timestamp(hashlib.sha256(note).digest())
    stamp.ops.add(OpSHA256()).attestations.add(PendingAttestation("https://calendar.example"))
    return spelled(stamp)


@attrs.define
class Site:
    """A site whose log has an entry for each statement."""

    name: str = "clinic-a"
    key: Signer = KEY
    log: MemoryLog = attrs.field(factory=MemoryLog)
    chain: Chain = attrs.field(factory=Chain)
    heads: dict[int, bytes] = attrs.field(factory=dict[int, bytes])
    anchors: dict[int, bytes] = attrs.field(factory=dict[int, bytes])

    @property
    def origin(self) -> str:
        return f"aright/{self.name}/1"

    def happen(self, count: int = 1) -> "Site":
        first = len(self.log.entries)
        numbers = range(first, first + count)
        self.log.append([sealed(statement(self.name, each), self.key) for each in numbers])
        return self

    def rotate(self, new: Signer) -> "Site":
        entry = statement(self.name, len(self.log.entries), "log")
        self.log.append([sealed(entry, self.key, new)])
        self.key = new
        return self

    def sign(self) -> "Site":
        size = len(self.log.entries)
        head = Checkpoint(self.origin, size, self.log.root(size))
        self.heads[size] = head.signed(NoteSigner(self.origin, self.key.private)).spelled()
        return self

    def anchor(self, height: int) -> "Site":
        size = max(self.heads)
        self.anchors[size] = self.chain.anchor(self.heads[size], height)
        return self

    def parts(self, *leaves: int, keys: tuple[Signer, ...] = ()) -> KitParts:
        """All of it, or some leaves; each under the smallest head that is over it."""
        wanted = leaves or range(max(self.heads))
        return KitParts(
            site=self.name,
            made_at="2026-11-29T04:00:00+00:00",
            version="0.1.0",
            selection={"since": "2026-11-01"},
            anchoring=bool(self.anchors),
            keys=tuple(KitKey(each.fingerprint, each.public) for each in keys or (self.key,)),
            origins={1: self.origin},
            heads=tuple(self._heads()),
            statements=tuple(self._shown(leaf) for leaf in wanted),
            headers=self.chain.json,
        )

    def kit(self) -> bytes:
        return make_kit(self.parts(), self.key)

    def _heads(self) -> Iterator[KitHead]:
        before = 0
        for size in sorted(self.heads):
            grew = tuple(self.log.consistency(before, size)) if before else None
            yield KitHead(1, size, self.heads[size], self.anchors.get(size), grew)
            before = size

    def _shown(self, leaf: int) -> KitStatement:
        head = min(size for size in self.heads if size > leaf)
        path = tuple(self.log.inclusion(leaf, head))
        return KitStatement(1, leaf, self.log.entries[leaf], head, path)


def anchored_site() -> Site:
    """Seven statements under two heads, both anchored."""
    return Site().happen(4).sign().anchor(800_000).happen(3).sign().anchor(800_100)


def open_headers(data: bytes) -> JudgeAnchor:
    """The reader of anchors, with blocks in which there is less work than in real ones."""
    try:
        told = json.loads(data)
        blocks = {int(height): bytes.fromhex(each["header"]) for height, each in told.items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise EvidenceFormatError("bad_headers", "no headers") from error

    def at(height: int) -> Header | None:
        raw = blocks.get(height)
        if raw is None:
            return None
        time = dt.datetime.fromtimestamp(int.from_bytes(raw[68:72], "little"), dt.UTC)
        hashed = hashlib.sha256(hashlib.sha256(raw).digest()).digest()
        if int.from_bytes(hashed, "little") > EASY:
            return None
        return Header(raw[36:68], time, hashed[::-1], raw)

    def judged(ots: bytes, digest: bytes) -> AnchorWord:
        try:
            verdict = judge(read_proof(ots), at, digest)
        except ProofError:
            return AnchorWord("refused")
        found = verdict.header
        return AnchorWord(
            verdict.outcome.value,
            verdict.height,
            found.id.hex() if found else None,
            found.time.isoformat() if found else None,
        )

    return judged


def checked(kit: bytes, fingerprint: str | None = KEY.fingerprint) -> KitVerdict:
    return check_kit(kit, open_headers, fingerprint)
