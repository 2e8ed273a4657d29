"""Calendars and a chain of the tests' own: they do what the real ones do, or what they are told.

The blocks have true work in them, for an easy target that `easy_blocks` has the anchorer take.
"""

import hashlib
import os
from collections.abc import Callable, Mapping

import attrs
import bitcoin.core
import pytest
from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation
from opentimestamps.core.op import OpAppend, OpPrepend, OpSHA256
from opentimestamps.core.serialize import BytesSerializationContext
from opentimestamps.core.timestamp import Timestamp, make_merkle_tree

from actors.anchorer import headers

EASY = 0x207FFFFF


def easy_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have blocks count whose work a test can do."""
    monkeypatch.setattr(headers, "_EASIEST", 2**256)
    monkeypatch.setattr(bitcoin.core, "coreparams", bitcoin.core.CoreRegTestParams())


def double_sha256(data: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


@attrs.define
class Chain:
    """Blocks by height."""

    height: int = 800_000
    blocks: dict[int, bytes] = attrs.field(factory=dict)

    def mine(self, root: bytes, time: int = 1_800_000_000) -> int:
        """Put a Merkle root into a block; give its height."""
        self.height += 1
        body = b"\x02\x00\x00\x00" + bytes(32) + root + time.to_bytes(4, "little")
        for nonce in range(2**16):
            raw = body + EASY.to_bytes(4, "little") + nonce.to_bytes(4, "little")
            if double_sha256(raw)[31] < 0x7F:
                self.blocks[self.height] = raw
                return self.height
        raise AssertionError("no block found")

    @staticmethod
    def id_of(raw: bytes) -> str:
        return double_sha256(raw)[::-1].hex()


def spelled(stamp: Timestamp) -> bytes:
    context = BytesSerializationContext()
    stamp.serialize(context)
    return bytes(context.getbytes())


@attrs.define
class Calendar:
    """Promises at once, and keeps what it promised when it is told to."""

    uri: str
    chain: Chain
    heard: list[bytes] = attrs.field(factory=list)
    """Digests, in the order in which they were handed in."""
    asked: list[bytes] = attrs.field(factory=list)
    waiting: dict[bytes, Timestamp] = attrs.field(factory=dict)
    kept: dict[bytes, bytes] = attrs.field(factory=dict)
    twist: Callable[[bytes], bytes] = lambda answer: answer
    """What it makes of an answer before it gives it."""

    def submit(self, digest: bytes) -> bytes:
        self.heard.append(digest)
        stamp = Timestamp(digest)
        salted = stamp.ops.add(OpAppend(os.urandom(8))).ops.add(OpSHA256())
        promised = salted.ops.add(OpPrepend(b"time")).ops.add(OpAppend(b"mac-----"))
        promised.attestations.add(PendingAttestation(self.uri))
        self.waiting[promised.msg] = Timestamp(promised.msg)
        return self.twist(spelled(stamp))

    def keep_promises(self) -> int | None:
        """Put all that waits into one block; give its height."""
        if not self.waiting:
            return None
        tips = [each.ops.add(OpSHA256()) for each in self.waiting.values()]
        top = make_merkle_tree(tips).ops.add(OpSHA256()).ops.add(OpSHA256())
        height = self.chain.mine(top.msg)
        top.attestations.add(BitcoinBlockHeaderAttestation(height))
        self.kept.update({commitment: spelled(each) for commitment, each in self.waiting.items()})
        self.waiting.clear()
        return height

    def timestamp(self, commitment: bytes) -> bytes | None:
        self.asked.append(commitment)
        answer = self.kept.get(commitment)
        return None if answer is None else self.twist(answer)


def headers_of(chain: Chain) -> Mapping[str, Mapping[str, str]]:
    """Spell a chain as a file of headers."""
    return {str(height): {"header": raw.hex()} for height, raw in chain.blocks.items()}
