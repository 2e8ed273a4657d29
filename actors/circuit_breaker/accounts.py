"""What the gate learns from a verdict, in the very commit that keeps the verdict."""

import sqlite3
from collections.abc import Sequence

import attrs

from actors.circuit_breaker.records import Run
from actors.circuit_breaker.release import release
from actors.circuit_breaker.settings import GateSettings
from actors.circuit_breaker.store import GateMemory
from actors.messages import Fact, Incident, Moment, Stop, StopKind, Verdict
from actors.ports import Incidents
from runtime.store import Write

_FAILURES = (Verdict.FAILED, Verdict.ROLLED_BACK, Verdict.UNKNOWN)


@attrs.frozen
class GateAccounts:
    """Counts verdicts: a breaker's failures, a canary's proof, a budget's place given back."""

    memory: GateMemory
    incidents: Incidents
    settings: GateSettings

    def finished(self, incident: Incident, verdict: Verdict, at: Moment) -> Write[Sequence[Stop]]:
        """Count a verdict, once for each attempt.  Gives the stop of a breaker that it opened."""

        def write(connection: sqlite3.Connection) -> Sequence[Stop]:
            run = self.memory.run(incident.id, incident.attempt)(connection)
            if run is None or run.verdict is not None:
                return ()
            self.memory.end(run, verdict)(connection)
            self._prove(connection, run, verdict, at)
            return self._switch(connection, run, incident, verdict, at)

        return write

    def _prove(
        self, connection: sqlite3.Connection, run: Run, verdict: Verdict, at: Moment
    ) -> None:
        """Let the other hosts follow a verified fix; after any other end another may go first."""
        canary = self.memory.canary(run.recipe)(connection)
        if canary is None or canary.proven:
            return
        if verdict is Verdict.HEALED:
            self.memory.keep_canary(run.recipe, attrs.evolve(canary, proven=True))(connection)
            fact = Fact("canary_proven", {"recipe": run.recipe.key, "first_host": canary.host})
            release(self.memory, self.incidents, run.recipe.key, fact, at)(connection)
        elif canary.incident_id == run.incident_id:
            self.memory.keep_canary(run.recipe, None)(connection)

    def _switch(
        self,
        connection: sqlite3.Connection,
        run: Run,
        incident: Incident,
        verdict: Verdict,
        at: Moment,
    ) -> Sequence[Stop]:
        """Switch the breaker of this runbook on this host."""
        before = self.memory.breaker(run.recipe.site, run.host, run.recipe.runbook_id)(connection)
        if verdict in _FAILURES:
            after = before.failed(at, self.settings.failures)
        elif verdict is Verdict.HEALED:
            after = before.healed()
        else:
            after = before.did_nothing(run.incident_id)
        if after == before:
            return ()
        self.memory.keep_breaker(after)(connection)
        if before.opened_at is not None and after.opened_at is None:
            reason = "a fix was verified"
            self.memory.tell_breaker(after, "closed", "aright", reason, at)(connection)
            fact = Fact("breaker_closed", {"breaker": after.key})
            release(self.memory, self.incidents, after.key, fact, at)(connection)
        if after.opened_at is None or verdict not in _FAILURES:
            return ()
        reason = f"{after.failures} failures in a row, the last one {verdict}"
        self.memory.tell_breaker(after, "opened", "aright", reason, at)(connection)
        return (
            Stop(
                StopKind.BREAKER,
                after.key,
                incident.severity,
                "breaker_opened",
                incident_id=incident.id,
                host=run.host,
                check=incident.check,
                rule_id=run.recipe.rule_id,
                runbook_id=run.recipe.runbook_id,
            ),
        )
