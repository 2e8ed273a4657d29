"""When the anchorer does what, and which answers it takes: decisions, without clock or wire."""

from collections.abc import Collection, Sequence

import attrs

from actors.anchorer.guards import ProofError
from actors.anchorer.headers import Header, header_of
from actors.anchorer.proof import Kind, Stamp, read_stamp
from actors.anchorer.verdict import Outcome, weigh
from actors.messages import Moment
from actors.messages.anchor import Stage

MAX_ANSWER = 16 * 1024
"""Bytes of a calendar's answer; real ones have some hundred to 2,000."""

_ROOT = 32  # bytes of a Merkle root
_MAX_BLOCKS = 4  # in one answer: each costs a question

# What one calendar says stands in a proof beside what others say, and behind a path.  So it takes
# no more than leaves them their room: a proof has 64 KiB, 2,048 operations, and 255 levels.
_MAX_STAMP = 8 * 1024  # bytes
_MAX_OPERATIONS = 256
_MAX_DEPTH = 192


@attrs.frozen
class Promise:
    """What one calendar is asked, has promised and has kept for one batch."""

    batch: str
    """The root in hex."""
    calendar: str
    due: Moment
    """When it is looked at next."""
    promised: bytes | None = attrs.field(default=None, repr=False)
    grown: bytes | None = attrs.field(default=None, repr=False)
    """What was promised, with a block of Bitcoin at its end."""
    height: int | None = None
    header: bytes | None = attrs.field(default=None, repr=False)
    header_source: str = ""
    attempts: int = 0
    """In a row that came to nothing."""
    error: str = ""

    @property
    def root(self) -> bytes:
        """Give the message that calendars were asked to stamp."""
        return bytes.fromhex(self.batch)

    @property
    def kept(self) -> bytes | None:
        """Give the furthest stamp."""
        return self.promised if self.grown is None else self.grown

    def checked(self) -> Header | None:
        """Give its header, where that has work in it."""
        return None if self.header is None else header_of(self.header)


def stage_of(promise: Promise) -> Stage:
    """Verify a promise from its bytes: nothing else says how far it has come.

    Raises:
        ProofError: its bytes are not fit to be kept, or a header contradicts them.
    """
    if promise.kept is None:
        return Stage.SUBMITTED
    stamp = read_stamp(promise.root, promise.kept)
    _check_fit(stamp)
    verdict = weigh(
        stamp.attestations,
        lambda height: promise.checked() if height == promise.height else None,
    )
    match verdict.outcome:
        case Outcome.PENDING:
            return Stage.PENDING
        case Outcome.ANCHORED:
            return Stage.ANCHORED
        case Outcome.VERIFIED:
            return Stage.VERIFIED
        case Outcome.MISMATCH | Outcome.REFUSED:
            raise ProofError(verdict.reason or verdict.outcome, "not fit to be kept")


def accepted(root: bytes, answer: bytes, allowed: Collection[str]) -> Stamp:
    """Read a calendar's first answer to a root.

    Raises:
        ProofError: it is no stamp, or promises nothing that may be asked for.
    """
    stamp = read_stamp(root, answer)
    _check_fit(stamp)
    if not heights(stamp) and not waiting(stamp, allowed):
        raise ProofError("foreign_calendar", "no allowed calendar promises anything")
    return stamp


def waiting(stamp: Stamp, allowed: Collection[str]) -> Sequence[tuple[str, bytes]]:
    """List what may be asked for: the URI of a calendar, and what it promised to stamp."""
    return [
        (each.uri, each.message)
        for each in stamp.attestations
        if each.uri is not None and each.uri.rstrip("/") in allowed
    ]


def heights(stamp: Stamp) -> Sequence[int]:
    """List the blocks of Bitcoin that a stamp names, lowest first."""
    return sorted({each.height for each in stamp.attestations if each.height is not None})


def _check_fit(stamp: Stamp) -> None:
    """Refuse what would make the proofs unreadable in which it is to stand."""
    extent = stamp.extent
    if not extent.usual:
        raise ProofError("foreign_operation", "it does what no calendar has to do")
    if extent.depth > _MAX_DEPTH:
        raise ProofError("too_deep", f"more than {_MAX_DEPTH} operations behind each other")
    if extent.operations > _MAX_OPERATIONS:
        raise ProofError("too_many_operations", f"more than {_MAX_OPERATIONS} operations")
    if len(stamp.data) > _MAX_STAMP:
        raise ProofError("too_large", f"more than {_MAX_STAMP} bytes")
    if len(heights(stamp)) > _MAX_BLOCKS:
        raise ProofError("too_many_blocks", f"names more than {_MAX_BLOCKS} blocks")
    for each in stamp.attestations:
        if each.kind is Kind.BITCOIN and len(each.message) != _ROOT:
            raise ProofError("not_a_root", "what is said to be in a block is no Merkle root")


@attrs.frozen
class Patience:
    """Seconds from one attempt to the next: doubled each time, up to a most, and for ever."""

    first_s: float
    most_s: float

    def wait_s(self, attempts: int, chance: float, asked_s: float = 0.0) -> float:
        """Give the seconds to wait after so many attempts; `chance` is within 0 to 1."""
        doubled = min(self.most_s, self.first_s * 2.0 ** min(max(0, attempts - 1), 32))
        return max(doubled * (0.75 + chance / 2), min(asked_s, self.most_s))


TO_SUBMIT = Patience(60, 3600)
TO_GROW = Patience(1200, 43_200)
"""A block takes ten minutes on average, and calendars wait for some of them."""
TO_CHECK = Patience(300, 43_200)

LONGEST_S = 1.25 * 43_200
"""Seconds for which anything is put off at most, with all chance against it."""


def seconds_until(due: Moment, now: Moment) -> float:
    """Count the seconds until a moment, never fewer than none."""
    if due.boot == now.boot:
        return max(0.0, due.monotonic - now.monotonic)
    return max(0.0, (due.wall - now.wall).total_seconds())
