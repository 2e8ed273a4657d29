"""Checkpoints: the head of a log as a signed note.

Source: C2SP tlog-checkpoint.
"""

from collections.abc import Iterable

import attrs

from actors.evidence_log.tlog import base64
from actors.evidence_log.tlog.hashing import BIGGEST_TREE, is_hash
from actors.evidence_log.tlog.notes import Note, NoteKey, NoteSigner, SignatureError
from runtime.errors import EvidenceFormatError

_LINES = 3


@attrs.frozen
class Checkpoint:
    """How long a log was, and the root over it."""

    origin: str
    size: int
    root: bytes = attrs.field(repr=lambda value: value.hex())
    extensions: tuple[str, ...] = ()
    """Lines that the form leaves to others; we write none."""

    @property
    def text(self) -> str:
        """What is signed."""
        lines = (self.origin, str(self.size), base64.spelled(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a note.

        Raises:
            EvidenceFormatError: it is no checkpoint, or not in its one spelling.
        """
        *lines, last = text.split("\n")
        if last or len(lines) < _LINES or not all(lines):
            raise EvidenceFormatError("bad_checkpoint", "a checkpoint has three lines or more")
        root = base64.read(lines[2], "the root of the checkpoint")
        if not is_hash(root):
            raise EvidenceFormatError("bad_checkpoint", "the root of a checkpoint has 32 bytes")
        return cls(lines[0], decimal(lines[1], "the size"), root, tuple(lines[_LINES:]))

    def signed(self, signer: NoteSigner) -> Note:
        """Sign it as its log.  Whether it may be signed is for the log to know."""
        return Note(self.text, (signer.sign(self.text),))


@attrs.frozen
class OpenedCheckpoint:
    """A checkpoint whose signatures were checked."""

    checkpoint: Checkpoint
    note: Note
    witnesses: tuple[tuple[str, int], ...]
    """Who cosigned, and when they saw it, in seconds since 1970."""


def open_checkpoint(
    data: bytes, log_keys: Iterable[NoteKey], witnesses: Iterable[NoteKey] = ()
) -> OpenedCheckpoint:
    """Read a checkpoint that one of `log_keys` signed.

    Raises:
        EvidenceFormatError: it is none.
        SignatureError: the log did not sign it, or a signature by a known key does not hold.
    """
    note = Note.parse(data)
    checkpoint = Checkpoint.parse(note.text)
    own = set(log_keys)
    signed = note.signed_by([*own, *witnesses])
    if own.isdisjoint(each.key for each in signed):
        raise SignatureError(f"no known key of {checkpoint.origin} signed this checkpoint")
    others = (each for each in signed if each.key not in own)
    seen = tuple((each.key.name, each.at) for each in others if each.at is not None)
    return OpenedCheckpoint(checkpoint, note, seen)


def decimal(text: str, what: str) -> int:
    """Read a number in its one spelling: digits, without zeros before them.

    Raises:
        EvidenceFormatError: it is none, or larger than a tree can be.
    """
    # Twenty digits hold the largest; a longer text is not even converted.
    if text.isascii() and text.isdigit() and len(text) <= len(str(BIGGEST_TREE)):
        number = int(text)
        if str(number) == text and number <= BIGGEST_TREE:
            return number
    raise EvidenceFormatError("bad_number", f"{what} is not a number in its usual spelling")
