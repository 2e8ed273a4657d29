"""How far the anchors of checkpoints have come, and what proves it."""

import datetime as dt
import enum

import attrs


class Stage(enum.StrEnum):
    """How far a checkpoint has come on its way into the Bitcoin chain.

    What is later in this list was reached by what stands before it.  Only the verifier of the
    anchorer says so, from the bytes of the proof.
    """

    LOGGED = "logged"
    """Signed; no batch has it yet."""
    COSIGNED = "cosigned"
    """A witness signed it too; without a witness this is left out."""
    SUBMITTED = "submitted"
    """In a batch for the calendars; fewer than wanted have promised anything yet."""
    PENDING = "pending"
    """As many calendars as wanted promised to see to it."""
    ANCHORED = "anchored"
    """The proof names a Bitcoin block that was not checked yet.  Nothing ends here."""
    VERIFIED = "verified"
    """A checked header has it."""


@attrs.frozen
class Anchor:
    """The proof of a checkpoint, as far as it has come."""

    log: int
    size: int
    note: bytes = attrs.field(repr=False)
    """The checkpoint whose SHA-256 was stamped, byte for byte."""
    stage: Stage
    proof: bytes | None = attrs.field(repr=False)
    """An `.ots` file; None while no calendar has answered."""
    height: int | None = None
    """Of the Bitcoin block, where it was verified."""
    block_time: dt.datetime | None = None
    header: bytes | None = attrs.field(default=None, repr=False)
    """Of that block, 80 bytes."""
    header_source: str = ""
