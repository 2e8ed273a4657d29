"""What the flywheel learns from a verdict, in the very commit that keeps the verdict."""

import sqlite3
from collections.abc import Callable, Sequence

import attrs

from actors.catalogue.pattern_signature import drift_kind
from actors.flywheel.core import taken_back
from actors.flywheel.pattern import RULE_PREFIX, Pattern, pattern_id_of
from actors.flywheel.steps import ARIGHT, Hand, Steps
from actors.flywheel.store import Attempt
from actors.messages import Decision, Incident, Moment, Observation, Stop, Verdict
from actors.ports import Incidents
from runtime.errors import NotFoundError
from runtime.store import Write


@attrs.frozen
class FlywheelAccounts:
    """Counts every attempt by a plan, or by a rule that was one; takes a bad rule back at once."""

    steps: Steps
    incidents: Incidents
    tell: Callable[[], None]
    """Says that there may be something to review, once this is durable."""

    def finished(self, incident: Incident, verdict: Verdict, at: Moment) -> Write[Sequence[Stop]]:
        """Count a verdict, once for each attempt.  Gives the stop of a rule that it takes back."""

        def write(connection: sqlite3.Connection) -> Sequence[Stop]:
            decision = incident.decision
            if decision is None or verdict is Verdict.NO_DRIFT:  # nothing was done
                return ()
            if decision.plan is None and not decision.rule_id.startswith(RULE_PREFIX):
                return ()
            observation = self.incidents.observation(incident.observation_id)(connection)
            pattern = self._pattern(connection, decision, observation)
            if pattern is None:
                return ()
            attempt = Attempt(
                incident.id,
                incident.attempt,
                incident.site,
                incident.host,
                observation.severity,
                observation.source,
                by_rule=decision.plan is None,
                verdict=verdict,
            )
            if not self.steps.memory.count(pattern, attempt, at)(connection):
                return ()
            self.tell()
            return self._taken_back(connection, pattern, at)

        return write

    def _pattern(
        self, connection: sqlite3.Connection, decision: Decision, observation: Observation
    ) -> Pattern | None:
        """Name the exact action; None where a rule by such a name is none of ours, or does more."""
        runbook_id, params = decision.runbook_id, decision.params
        if decision.plan is not None:
            check, platform = observation.check, observation.platform.value
            signature, kind = decision.plan.pattern_signature, drift_kind(observation.actual)
            return Pattern(signature, check, platform, kind, runbook_id, params)
        pattern_id = pattern_id_of(decision.rule_id)
        try:
            pattern = self.steps.memory.get(pattern_id)(connection).pattern
        except NotFoundError:
            return None
        same = attrs.evolve(pattern, runbook_id=runbook_id, params=params)
        return pattern if same.id == pattern.id else None

    def _taken_back(
        self, connection: sqlite3.Connection, pattern: Pattern, at: Moment
    ) -> Sequence[Stop]:
        known = self.steps.memory.get(pattern.id)(connection)
        promotion = known.promotion
        if promotion is None:
            return ()
        reason = taken_back(promotion, known.record, at, self.steps.settings)
        if reason is None:
            return ()
        hand = Hand(ARIGHT, "its attempts")
        stop = self.steps.retire(known, promotion, "demoted", reason, hand, at)(connection)
        return () if stop is None else (stop,)
