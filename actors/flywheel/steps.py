"""The writes of each step: where a promotion stands, its rule file, its ledger line, its ticket."""

import sqlite3
from collections.abc import Mapping
from typing import Final

import attrs

from actors.flywheel.core import FlywheelSettings, Promotion, entering, must_be_a_step
from actors.flywheel.store import Desk, FlywheelMemory, Known, LedgerLine
from actors.messages import JSON, Fact, Mode, Moment, Severity, Stop, StopKind
from actors.messages.evidence import ProofKind
from actors.messages.promotion import Stage
from actors.ports import Proofs
from runtime.errors import ConflictError
from runtime.store import Write

ARIGHT: Final = "aright"
"""Who acted when no person did."""


class PromotionMovedError(ConflictError):
    """A promotion no longer stands where the mover believed it to stand; somebody else moved it."""

    def __init__(self, pattern_id: str) -> None:
        super().__init__(f"{pattern_id} was changed meanwhile: look at it again")
        self.pattern_id = pattern_id


@attrs.frozen
class Hand:
    """Who takes a step, and why."""

    who: str
    why: str


@attrs.frozen
class Steps:
    """Gives the writes of one step, for the commit of whoever takes it.

    Each write raises PromotionMovedError where the promotion is not as it is `known`.
    """

    memory: FlywheelMemory
    tickets: Desk
    settings: FlywheelSettings
    proofs: Proofs | None = None
    site: str = ""

    def propose(self, known: Known, mode: Mode, at: Moment) -> Write[Promotion]:
        """Put a proven pattern before a person."""
        before = None if known.promotion is None else known.promotion.stage
        must_be_a_step(before, Stage.PROPOSED)
        promotion = Promotion(
            known.pattern.id, Stage.PROPOSED, mode, at, entered=known.record.tally
        )
        line = LedgerLine(
            "proposed", before, promotion.stage, ARIGHT, "proven", known.record.numbers()
        )

        def write(connection: sqlite3.Connection) -> Promotion:
            self._must_stand(connection, known)
            self._keep(connection, known, promotion, "", line, at)
            self.tickets.open(_stop(known, StopKind.PROMOTION, Severity.LOW, "proposed"), at)(
                connection
            )
            return promotion

        return write

    def enter(  # noqa: PLR0913, PLR0917  # all that a step says
        self,
        known: Known,
        after: Promotion,
        what: str,
        rule_file: str,
        hand: Hand,
        found: Mapping[str, JSON],
        at: Moment,
    ) -> Write[None]:
        """Take a rule into a stage, or keep it there with something changed."""
        before = None if known.promotion is None else known.promotion.stage
        numbers = {**known.record.numbers(), **found}
        line = LedgerLine(what, before, after.stage, hand.who, hand.why, numbers)

        def write(connection: sqlite3.Connection) -> None:
            self._must_stand(connection, known)
            self._keep(connection, known, after, rule_file, line, at)
            if before is Stage.PROPOSED:
                self._answered(connection, known, hand, at)

        return write

    def retire(  # noqa: PLR0913, PLR0917  # all that a step says
        self,
        known: Known,
        promotion: Promotion,
        what: str,
        reason: str,
        hand: Hand,
        at: Moment,
        found: Mapping[str, JSON] | None = None,
    ) -> Write[Stop | None]:
        """Take a proposal or a rule back; gives the stop where nobody asked for it."""
        after = entering(promotion, Stage.RETIRED, known.record, at, self.settings)
        after = attrs.evolve(after, reason=reason)
        numbers = {**known.record.numbers(), **(found or {}), "reason": reason}
        line = LedgerLine(what, promotion.stage, after.stage, hand.who, hand.why, numbers)
        unasked = hand.who == ARIGHT

        def write(connection: sqlite3.Connection) -> Stop | None:
            self._must_stand(connection, known)
            self._keep(connection, known, after, "", line, at)
            if promotion.stage is Stage.PROPOSED:
                self._answered(connection, known, hand, at)
            severity = Severity.LOW if reason == "signature_expired" else Severity.HIGH
            return _stop(known, StopKind.DEMOTION, severity, reason) if unasked else None

        return write

    def told(self, retire: Write[Stop | None], at: Moment) -> Write[None]:
        """Take a rule back, and open the ticket that tells of it."""

        def write(connection: sqlite3.Connection) -> None:
            stop = retire(connection)
            if stop is not None:
                self.tickets.open(stop, at)(connection)

        return write

    def _keep(  # noqa: PLR0913, PLR0917  # all that a step says
        self,
        connection: sqlite3.Connection,
        known: Known,
        after: Promotion,
        rule_file: str,
        line: LedgerLine,
        at: Moment,
    ) -> None:
        """Keep a step with its line in the ledger, and owe the proof of it."""
        self.memory.keep(after, rule_file, line, at)(connection)
        if self.proofs is None:
            return
        body: dict[str, JSON] = {
            "pattern": known.pattern.id,
            "rule_id": known.pattern.rule_id,
            "runbook_id": known.pattern.runbook_id,
            "from": line.before,
            "to": line.after,
            "mode": after.mode,
            "who": line.who,
            "reason": line.why,
            "numbers": dict(line.numbers),
        }
        fact = Fact(f"promotion_{line.what}", body)
        where = known.pattern.check
        self.proofs.owe(ProofKind.PROMOTION, fact, at, site=self.site, check=where)(connection)

    def _must_stand(self, connection: sqlite3.Connection, known: Known) -> None:
        if self.memory.get(known.pattern.id)(connection).promotion != known.promotion:
            raise PromotionMovedError(known.pattern.id)

    def _answered(
        self, connection: sqlite3.Connection, known: Known, hand: Hand, at: Moment
    ) -> None:
        self.tickets.answered(StopKind.PROMOTION, known.pattern.id, hand.who, hand.why, at)(
            connection
        )


def _stop(known: Known, kind: StopKind, severity: Severity, reason: str) -> Stop:
    pattern = known.pattern
    tally = known.record.tally
    return Stop(
        kind,
        pattern.id if kind is StopKind.PROMOTION else pattern.rule_id,
        severity,
        reason,
        check=pattern.check,
        rule_id=pattern.rule_id,
        runbook_id=pattern.runbook_id,
        note=(
            f"{tally.healed} of {tally.attempts} attempts healed on {known.record.hosts} hosts;"
            f" aright flywheel show {pattern.id}"
        ),
    )
