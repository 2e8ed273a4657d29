"""What the evidence log needs remembered, beyond the ports that it gives to others."""

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import attrs

from actors.evidence_log.envelope import spelled_envelope
from actors.evidence_log.tlog.tiles import ReadTile, Tile
from actors.messages.evidence import Head, Log, OwedFact, ProofKind, SigningKey
from actors.messages.many import one_of_many
from actors.ports import EvidenceReads, Proofs
from runtime.store import Query, Write


@one_of_many
class Leaf:
    """A signed statement on its way into the log."""

    proves: ProofKind
    kind: str
    incident_id: str
    host: str
    check: str
    at: str
    payload: bytes = attrs.field(repr=False)
    signatures: tuple[tuple[SigningKey, bytes], ...] = attrs.field(repr=False)

    @property
    def envelope(self) -> bytes:
        """Spell the leaf."""
        return spelled_envelope(
            self.payload, [(key.fingerprint, signature) for key, signature in self.signatures]
        )


@attrs.frozen
class Growth:
    """What one batch adds to a log; all of it is one commit."""

    log: int
    size: int
    """Leaves before it: the commit is refused where the log is not that long."""
    leaves: Sequence[Leaf]
    tiles: Sequence[Tile]
    at: dt.datetime


@attrs.frozen
class Owed:
    """Facts to be proved next, and what is proved when they are."""

    facts: Sequence[OwedFact]
    line: int
    """Up to which line of all traces."""
    last_due: int
    """The last of what is owed beside traces that is among them; 0 for none."""


@attrs.frozen
class Standing:
    """How the evidence log stands in the file."""

    log: Log | None
    """None: none was begun yet."""
    key: SigningKey | None
    head: Head | None
    """The last one that was kept, of whichever log."""


class EvidenceMemory(EvidenceReads, Proofs, Protocol):
    """The memory of the evidence log."""

    def standing(self) -> Query[Standing]:
        """Give how it stands."""
        ...

    def owed(self, limit: int) -> Query[Owed]:
        """List facts that are not proved yet, in their order."""
        ...

    def tiles(self, log: int) -> Query[ReadTile]:
        """Give what reads tiles of a log, on the connection of the query alone."""
        ...

    def begin(self, log: Log) -> Write[None]:
        """Begin a log; what stopped the one before is over."""
        ...

    def keep_key(self, key: SigningKey) -> Write[None]:
        """Keep the key that signs from now on."""
        ...

    def grow(self, growth: Growth) -> Write[None]:
        """Add leaves; raises LogMovedError where the log is not as long as was believed."""
        ...

    def prove(self, owed: Owed) -> Write[None]:
        """Note that facts are proved."""
        ...

    def keep_head(self, head: Head) -> Write[None]:
        """Keep a head that was signed; the same once more is fine."""
        ...

    def stop(self, reason: str) -> Write[None]:
        """Keep why nothing is signed any more."""
        ...

    def purge(self, before: dt.datetime, limit: int) -> Write[Sequence[tuple[Log, int]]]:
        """Drop payloads that were logged before an instant, at most `limit`; the leaves stay.

        What a log says of itself stays too: without it nobody could tell by whose key the rest of
        the log is signed.

        Gives each log that lost some, as it was, and up to which leaf it has none now.
        """
        ...
