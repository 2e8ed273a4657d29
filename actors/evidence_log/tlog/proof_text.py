"""An inclusion proof and the checkpoint it leads to, as one text to hand out.

Source: C2SP tlog-proof.
"""

from typing import Final

import attrs

from actors.evidence_log.tlog import base64
from actors.evidence_log.tlog.checking import verify_inclusion
from actors.evidence_log.tlog.checkpoint import Checkpoint, decimal
from actors.evidence_log.tlog.hashing import is_hash
from runtime.errors import EvidenceFormatError

_FIRST: Final = "c2sp.org/tlog-proof@v1"
_MOST_BYTES: Final = 1 << 21
_LONGEST_PATH: Final = 64


@attrs.frozen
class ProofText:
    """That one entry stands in a log."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    """The signed note, byte for byte."""

    extra: bytes | None = None
    """What an application adds; nobody signed it."""

    @classmethod
    def parse(cls, data: bytes) -> "ProofText":
        """Take the text apart, without looking at the signatures of its checkpoint.

        Raises:
            EvidenceFormatError: it is none.
        """
        head, blank, checkpoint = data.partition(b"\n\n")
        if len(data) > _MOST_BYTES or not blank or not checkpoint:
            raise EvidenceFormatError("bad_proof_text", "no checkpoint stands below the proof")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise EvidenceFormatError("bad_proof_text", "the proof's head is not ASCII") from error
        if first != _FIRST or not lines:
            raise EvidenceFormatError("bad_proof_text", f"the first line is not {_FIRST}")
        extra = None
        if lines[0].startswith("extra "):
            extra = base64.read(lines.pop(0).removeprefix("extra "), "the extra data")
        if not lines or not lines[0].startswith("index "):
            raise EvidenceFormatError("bad_proof_text", "the proof does not say its index")
        index = decimal(lines[0].removeprefix("index "), "the index")
        return cls(index, _path(lines[1:]), checkpoint, extra)

    def spelled(self) -> bytes:
        """Spell it."""
        extra = [] if self.extra is None else [f"extra {base64.spelled(self.extra)}"]
        lines = [_FIRST, *extra, f"index {self.index}", *map(base64.spelled, self.path)]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.checkpoint

    def proves(self, leaf: bytes, head: Checkpoint) -> bool:
        """Say whether the leaf with this hash stands at this place of the log with that head."""
        return verify_inclusion(
            index=self.index, size=head.size, leaf=leaf, path=self.path, root=head.root
        )


def _path(lines: list[str]) -> tuple[bytes, ...]:
    path = tuple(base64.read(line, "a hash of the proof") for line in lines)
    if len(path) > _LONGEST_PATH or not all(map(is_hash, path)):
        raise EvidenceFormatError("bad_proof_text", "the proof has a hash that is none")
    return path
