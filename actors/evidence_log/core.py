"""What the evidence log decides: whether it may sign, when it rests, when it is late.  Pure."""

from collections.abc import Callable

import attrs

from actors.evidence_log.entries import number_of
from actors.evidence_log.tlog.making import Subtree, root_of
from actors.messages.evidence import Head

AT_ONCE = 256
"""Facts of one batch."""

LATE_S = 60.0
"""Seconds after which a fact that is not proved is told to a person."""

_PATIENT_S = 15.0
"""Seconds for which proofs give way to what waits for an ack."""
_REST, _SHORT_REST = 9.0, 0.5
"""How long to rest after a batch, as a multiple of what it took."""


def rest_s(took_s: float, waited_s: float, *, busy: bool) -> float:
    """Give the seconds to rest after a batch.

    While others wait for an ack, proofs take a tenth of the time; when they have waited themselves
    for a while, two thirds.

    Args:
        took_s: the batch.
        waited_s: its oldest fact.
        busy: whether somebody waits for an ack.
    """
    if not busy:
        return 0.0
    return took_s * (_REST if waited_s < _PATIENT_S else _SHORT_REST)


@attrs.frozen
class Written:
    """The last head as the file beside the database has it."""

    origin: str
    size: int
    root: bytes
    note: bytes = attrs.field(repr=False)


def fault_of(
    origin: str, size: int, written: Written | None, kept: Head | None, subtree: Subtree
) -> str:
    """Say what forbids to sign on, as a code; empty where nothing does.

    A head that was signed is in the file before anybody sees it, and in the database after that.
    So the file may be ahead by what the database has leaves for, and by nothing else.

    Args:
        origin: of the log that is being written.
        size: its leaves in the database.
        written: the last head in the file.
        kept: the last head of this log in the database.
        subtree: the hashes of the database's tree.
    """
    if written is None:
        return "" if kept is None else "heads_file_missing"
    if written.origin != origin:
        # A log that was just begun has no head yet, and the file still has the log before.
        follows = number_of(written.origin) < number_of(origin)
        return "" if kept is None and follows else "other_log_signed"
    if kept is not None and written.size < kept.size:
        return "heads_file_behind"
    if written.size > size:
        return "log_shorter_than_signed"
    for signed_size, root in ((written.size, written.root), *_sized(kept)):
        if root_of(signed_size, subtree) != root:
            return "log_differs_from_signed"
    return ""


def _sized(head: Head | None) -> tuple[tuple[int, bytes], ...]:
    return () if head is None else ((head.size, head.root),)


def key_fault(known: str, held: Callable[[str], bool], *, any_held: bool) -> str:
    """Say what is wrong with the key, as a code; empty where nothing is.

    Args:
        known: fingerprint of the key that the log says signs; empty for none yet.
        held: whether a private key is at hand.
        any_held: whether any is.
    """
    if not known or held(known):
        return ""
    return "key_changed_unsigned" if any_held else "key_missing"
