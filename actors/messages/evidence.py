"""What is proved, and what the proofs of a site consist of."""

import datetime as dt
import enum

import attrs

from actors.messages.many import one_of_many


class ProofKind(enum.StrEnum):
    """What a statement is about; the last word of its predicate type."""

    CHECK = "check"
    """A host's answer to a check changed, or a drift came or went."""
    DECISION = "decision"
    """What a rule or the safety gate decided, and when an incident is decided again."""
    REFUSAL = "refusal"
    """The safety gate said no."""
    APPROVAL = "approval"
    """A person was asked, and what came of it."""
    SUPPRESSION = "suppression"
    """Healing was held back, for longer, or no more."""
    STEP = "step"
    """What the runner did on its way to a verdict."""
    VERDICT = "verdict"
    """What became of a fix."""
    PROMOTION = "promotion"
    """A proven plan became a rule, or a rule lost that."""
    OPERATION = "operation"
    """A person changed what may heal otherwise: a breaker was reset."""
    LOG = "log"
    """The log itself: begun, its key changed, payloads purged."""


class FactSource(enum.StrEnum):
    """Which list a fact stands in."""

    TRACE = "trace"
    """A line of an incident's trace."""
    OWED = "owed"
    """Owed beside incidents: a last answer that changed, or what another room says."""


@one_of_many
class OwedFact:
    """A fact that must be proved, as the journal keeps it, with what stands around it.

    Texts of JSON stay text: most of them are seldom looked into.
    """

    source: FactSource
    seq: int
    """In its list."""
    after: int
    """The line of all traces that it followed, or is."""
    at: str
    kind: str
    """In the past tense, as in a trace."""
    body: str
    """JSON."""
    site: str
    host: str = ""
    check: str = ""
    before: str | None = None
    now: str | None = None
    """The states of a move, or the two answers of a check."""
    incident_id: str = ""
    severity: str = ""
    opened_at: str = ""
    observation_id: str = ""
    recurred_from: str = ""
    controls: str = "[]"
    """JSON: what the check stands for."""
    decided: str = ""
    """JSON: what L1 last decided for the incident before this fact; empty where it did not yet."""
    allowed: str = ""
    """JSON: what the gate last let through before this fact."""
    proves: ProofKind | None = None
    """Said by who owes it; None: told from the fact."""

    @property
    def order(self) -> tuple[int, int, int]:
        """Give its place among all facts: a line of a trace, then what was owed after it."""
        return (self.after, int(self.source is FactSource.OWED), self.seq)


@attrs.frozen
class SigningKey:
    """A public key of the site, and from which leaf on it signs."""

    number: int
    public: bytes = attrs.field(repr=lambda value: value.hex())
    """Ed25519, 32 bytes."""
    fingerprint: str
    """SHA-256 of `public` in hexadecimal; also the `keyid` of envelopes."""
    log: int
    since_leaf: int
    since: dt.datetime


@attrs.frozen
class Log:
    """One log of the site.  They follow each other: the last is being written."""

    number: int
    origin: str
    """As checkpoints name it."""
    size: int
    """Leaves that are durable."""
    begun_at: dt.datetime
    purged: int = 0
    """Leaves at the beginning whose statements were purged after retention."""
    stopped: str = ""
    """Why nothing is signed any more, as a code; empty where all is well."""


@attrs.frozen
class Head:
    """A head that was signed: the log was this long, with this root."""

    log: int
    size: int
    root: bytes = attrs.field(repr=lambda value: value.hex())
    note: bytes = attrs.field(repr=False)
    """The checkpoint: a C2SP signed note."""
    signed_at: dt.datetime


@attrs.frozen
class Logged:
    """A statement that is a leaf of the log."""

    log: int
    leaf: int
    leaf_hash: bytes = attrs.field(repr=lambda value: value.hex())
    proves: ProofKind
    kind: str
    """Of the fact: `rule_matched`, `healed`."""
    incident_id: str
    host: str
    check: str
    at: dt.datetime
    """When it happened."""
    logged_at: dt.datetime
    envelope: bytes | None = attrs.field(repr=False)
    """The leaf itself: a DSSE envelope, as it was logged.  None: purged after retention."""
