"""Every question and command that carries where its answer goes, by the room that answers.

They stand apart from the messages because they know the runtime; messages are plain data.
"""

from collections.abc import Sequence

import attrs

from actors.messages import Incident, Mode, Observation, Recorded
from actors.messages.evidence import Log, SigningKey
from actors.messages.promotion import Standing
from actors.messages.suppression import Suppression
from runtime.errors import ArightError, InvalidRequestError
from runtime.request import Request


class UnsignedCommandError(InvalidRequestError):
    """A command that changes what may heal names no person, or no reason."""

    def __init__(self, command: str, missing: str) -> None:
        super().__init__(f"{command} without {missing}: say who, and why")
        self.command, self.missing = command, missing


def _filled(command: object, field: "attrs.Attribute[str]", value: str) -> None:
    if not value.strip():
        raise UnsignedCommandError(type(command).__name__, field.name)


# Answered by the journal.


@attrs.frozen
class RecordObservation(Request[Recorded]):
    """Keep what a host answered to a check; answered when it is durable.

    Fails with StoreFullError when no room is left, or StoreError; then nothing was kept.
    """

    observation: Observation


@attrs.frozen
class NotKept:
    """One of several observations was not kept; the others were."""

    error: ArightError
    """As `RecordObservation` fails with it."""


@attrs.frozen
class RecordObservations(Request[Sequence[Recorded | NotKept]]):
    """Keep what was heard at once, in its order; answered when all of it is durable, or is not.

    An observation has its answer at the same place.
    """

    observations: Sequence[Observation]


@attrs.frozen
class RecordSuspect(RecordObservations):
    """Keep one of several over which the journal fell thrice: one more fall tells which it was."""

    falls_to_death = 1


@attrs.frozen
class ReopenIncident(Request[Incident]):
    """Decide an escalated incident again; fails with NotFoundError or ConflictError."""

    incident_id: str
    who: str = attrs.field(validator=_filled)
    reason: str = attrs.field(validator=_filled)


# Answered by the scanner.


@attrs.frozen
class CheckRun(Request[Sequence[Observation]]):
    """Ask a host now; what it answers is recorded as if it had been due.

    Fails with NotFoundError for a host or a check that the scanner does not know, and as
    `RecordObservation` does.
    """

    host: str
    checks: tuple[str, ...] = ()
    """Empty for every check of the host."""


# Answered by the flap suppressor.


@attrs.frozen
class SuppressionOf(Request[Suppression | None]):
    """What holds healing of this incident back, if anything?  Its recurrence counts, once."""

    incident: Incident


@attrs.frozen
class Suppress(Request[Suppression]):
    """Hold healing back: of one check of a host, or of the whole host.

    Fails with ConflictError when a suppression of the same key stands.
    """

    site: str
    host: str
    check: str
    """Empty for every check of the host."""
    seconds: float | None
    """None: until a person lifts it."""
    who: str = attrs.field(validator=_filled)
    reason: str = attrs.field(validator=_filled)


@attrs.frozen
class LiftSuppression(Request[Suppression]):
    """Heal again: what was held back is decided at once, and old recurrences are forgotten.

    Fails with NotFoundError, or with ConflictError when it ended already.
    """

    suppression_id: str
    who: str = attrs.field(validator=_filled)
    reason: str = attrs.field(validator=_filled)


@attrs.frozen
class ExtendSuppression(Request[Suppression]):
    """Hold back for longer; fails as `LiftSuppression` does, and when it would end sooner."""

    suppression_id: str
    seconds: float | None
    """From now on; None: until a person lifts it."""
    who: str = attrs.field(validator=_filled)
    reason: str = attrs.field(validator=_filled)


# Answered by the safety gate, with the incident as it then stands.


@attrs.frozen
class ApproveFix(Request[Incident]):
    """Say yes to a fix that waits for approval, or lift the refusal of one that was refused.

    Fails with NotFoundError, or with ConflictError when there is nothing to approve.
    """

    incident_id: str
    who: str = attrs.field(validator=_filled)
    reason: str = attrs.field(validator=_filled)


@attrs.frozen
class RejectFix(Request[Incident]):
    """Say no to a fix that waits for approval; fails as `ApproveFix` does."""

    incident_id: str
    who: str = attrs.field(validator=_filled)
    reason: str = attrs.field(validator=_filled)


@attrs.frozen
class ResetBreaker(Request[None]):
    """Close a breaker: what it stopped is decided at once.  Fails with NotFoundError."""

    key: str
    """As it is listed: site/host/runbook."""
    who: str = attrs.field(validator=_filled)
    reason: str = attrs.field(validator=_filled)


# Answered by the flywheel, with the promotion as it then stands.


@attrs.frozen
class ApprovePromotion(Request[Standing]):
    """Sign a proposed promotion, so that it becomes a rule; or an active one for longer.

    Fails with NotFoundError, or with ConflictError where there is nothing to sign, its attempts do
    not prove it, or a replay disagrees.
    """

    pattern_id: str
    mode: Mode
    """What the rule may do once it heals: approve, or auto."""
    who: str = attrs.field(validator=_filled)
    reason: str = attrs.field(validator=_filled)


@attrs.frozen
class RejectPromotion(Request[Standing]):
    """Turn a proposed promotion down.  Fails with NotFoundError or ConflictError."""

    pattern_id: str
    who: str = attrs.field(validator=_filled)
    reason: str = attrs.field(validator=_filled)


@attrs.frozen
class DemoteRule(Request[Standing]):
    """Take a promoted rule out of force.  Fails with NotFoundError or ConflictError."""

    pattern_id: str
    who: str = attrs.field(validator=_filled)
    reason: str = attrs.field(validator=_filled)


# Answered by the escalator.


@attrs.frozen
class AckTicket(Request[None]):
    """A person takes care.  Fails with NotFoundError, or ConflictError when it is resolved."""

    ticket_id: str
    who: str = attrs.field(validator=_filled)
    note: str = ""


@attrs.frozen
class ResolveTicket(Request[None]):
    """Close a ticket; the next stop of its cause opens a new one.  Fails as `AckTicket` does."""

    ticket_id: str
    who: str = attrs.field(validator=_filled)
    note: str = ""


# Answered by the evidence log.


@attrs.frozen
class RotateEvidenceKey(Request[SigningKey]):
    """Let a new key sign from now on, by an entry that both keys sign; answered when it does.

    Fails with ConflictError while nothing is signed, or StoreError.
    """

    who: str = attrs.field(validator=_filled)
    reason: str = attrs.field(validator=_filled)


@attrs.frozen
class BeginEvidenceLog(Request[Log]):
    """Sign again, in a new log, where the old one cannot be continued.

    Fails with ConflictError where it can, or StoreError.
    """

    who: str = attrs.field(validator=_filled)
    reason: str = attrs.field(validator=_filled)
