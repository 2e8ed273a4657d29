"""What is found of a kit."""

import enum
from collections.abc import Callable
from typing import TypeAlias

import attrs

from actors.messages import JSON
from runtime.errors import ArightError


class Outcome(enum.StrEnum):
    """How far a kit can be believed."""

    VERIFIED = "verified"
    MISMATCH = "mismatch"
    """Something in it is not what was signed, logged or anchored."""
    UNUSABLE = "unusable"
    """It is no kit."""
    PENDING = "pending"
    """All holds so far; an anchor is on its way."""
    UNCHECKED = "unchecked"
    """All holds so far; a key or a header was not at hand."""


@attrs.frozen
class AnchorWord:
    """What is known of the anchor of a head."""

    outcome: str
    """`verified`, `pending`, `anchored` (no header at hand), `mismatch` or `refused`."""
    height: int | None = None
    block: str | None = None
    """The hash of the block, to be compared with what others know."""
    time: str | None = None
    """When the block was mined, as it says."""


JudgeAnchor: TypeAlias = Callable[[bytes, bytes], AnchorWord]
"""Judges an OpenTimestamps proof by the headers at hand: the proof, the digest it must be over."""

OpenHeaders: TypeAlias = Callable[[bytes], JudgeAnchor]
"""Takes the headers that are in a kit; raises EvidenceFormatError where they are none."""


class KitMismatchError(ArightError):
    """A kit contradicts itself; `reason` is a code in snake_case."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@attrs.frozen
class Anchored:
    """A head with what is known of its anchor."""

    log: int
    size: int
    statements: int
    """How many of the kit stand under it."""
    word: AnchorWord | None
    """None: it has none."""


@attrs.frozen
class KitVerdict:
    """What is found of a kit, for a person and for a program."""

    outcome: Outcome
    reason: str | None = None
    """A code in snake_case; None where the outcome says all."""
    where: str | None = None
    """The member that shows it."""
    fingerprint: str | None = None
    """Of the key that signed the manifest; nothing is said yet of whose it is."""
    site: str | None = None
    made_at: str | None = None
    selection: JSON = None
    statements: int = 0
    anchoring: JSON = None
    """Whether the site anchors its heads."""
    purged: int = 0
    anchors: tuple[Anchored, ...] = ()

    @property
    def data(self) -> dict[str, object]:
        """Give it as plain data; the verifier in the kit prints the same."""
        anchors = [
            {"log": each.log, "size": each.size, "statements": each.statements}
            | (attrs.asdict(each.word) if each.word else {"outcome": "none"})
            for each in self.anchors
        ]
        told = {name: getattr(self, name) for name in _PLAIN}
        return {"outcome": self.outcome.value, **told, "anchors": anchors}


_PLAIN = (
    *("reason", "where", "fingerprint", "site", "made_at", "selection", "anchoring"),
    *("statements", "purged"),
)
