"""What the runner writes down, each decision in one commit with all that follows from it."""

import sqlite3
from collections.abc import Sequence

import attrs

from actors.messages import JSON, Fact, Incident, Intent, Moment, Move, State, Verdict
from actors.ports import Accounts, Answers, Incidents, Intents, Tickets
from actors.runbook_runner.consequences import consequences
from actors.runbook_runner.core import Conclusion, NoDrift, verdict_of
from runtime.clock import Clock
from runtime.store import Store, Write


@attrs.frozen
class Ledgers:
    """Where the runner reads and writes: journal, tickets and accounts."""

    store: Store
    incidents: Incidents
    intents: Intents
    tickets: Tickets
    accounts: Sequence[Accounts]
    """Told of every verdict in its commit, in order."""
    answers: Answers


@attrs.define
class Record:
    """One incident's record while a fix is worked.

    Facts that nothing hangs on wait for the next commit, so that a healed incident costs three.
    """

    ledgers: Ledgers
    clock: Clock
    incident: Incident
    intent: Intent | None = None
    """The one that is started, once there is one."""
    _waiting: list[tuple[Fact, Moment]] = attrs.field(factory=list[tuple[Fact, Moment]], init=False)

    def now(self) -> Moment:
        """Read the clocks."""
        return Moment.read(self.clock)

    def tell(self, kind: str, **body: JSON) -> None:
        """Add a fact to the trace with the next commit."""
        self._waiting.append((Fact(kind, body), self.now()))

    async def begin(self, intent: Intent) -> None:
        """Write an intent down.  The act comes after: the life after a crash in between looks."""
        at, intents = self.now(), self.ledgers.intents
        await self._commit(intents.plan(intent, at), intents.start(intent.id, intent.pre_state, at))
        self.intent = intent

    async def use_retry(self, timeout_s: float) -> None:
        """Write down that the one retry of the intent is used, and how long it may run."""
        if self.intent is None:
            raise ValueError("nothing is begun, so nothing is retried")
        at = self.now()
        retry = self.ledgers.intents.retry(self.intent.id, at)
        await self._commit(retry, *self._runs_until(at.after(timeout_s), at))

    async def verifying(self, due_in_s: float) -> None:
        """Let the incident be verified from here on; when due, the journal brings it again."""
        if self.incident.state is State.VERIFYING:
            return
        at = self.now()
        move = Move(State.VERIFYING, (State.ACTING,), Fact("verifying"), due=at.after(due_in_s))
        await self._commit(self._move(move, at), *self._runs_until(at, at))
        self.incident = attrs.evolve(self.incident, state=move.to, due=move.due)

    async def begin_undo(self, timeout_s: float) -> None:
        """Write down that an undo begins: `why` must know of it, and a life after this one."""
        at = self.now()
        await self._commit(*self._runs_until(at.after(timeout_s), at))

    async def flush(self) -> None:
        """Write the facts that wait."""
        await self._commit()

    async def conclude(self, conclusion: Conclusion, *, watch_s: float) -> None:
        """Write down what became of the fix: state, intent, accounts and tickets in one commit."""
        at, verdict = self.now(), verdict_of(conclusion)
        follow = consequences(self.incident, conclusion, watched_until=at.after(watch_s))
        writes = [self._move(move, at) for move in follow.moves]
        if self.intent is not None:
            writes.append(self.ledgers.intents.finish(self.intent.id, verdict, at))
        if follow.stop is not None:
            writes.append(self.ledgers.tickets.open(follow.stop, at))
        if isinstance(conclusion, NoDrift):
            writes.append(self.ledgers.tickets.settle((self.incident.id,), at))
        await self._commit(*writes, self._accounted(verdict, at))

    async def abandon(self, intent: Intent) -> None:
        """End an intent of an incident that somebody else moved on: its outcome stays unknown."""
        at = self.now()
        finished: Write[object] = self.ledgers.intents.finish(intent.id, Verdict.UNKNOWN, at)
        await self._commit(finished, self._accounted(Verdict.UNKNOWN, at))

    def _runs_until(self, deadline: Moment, at: Moment) -> Sequence[Write[object]]:
        intent = self.intent
        return [] if intent is None else [self.ledgers.intents.runs_until(intent.id, deadline, at)]

    def _move(self, move: Move, at: Moment) -> Write[object]:
        return self.ledgers.incidents.move(self.incident.id, move, at)

    def _accounted(self, verdict: Verdict, at: Moment) -> Write[object]:
        def write(connection: sqlite3.Connection) -> None:
            for accounts in self.ledgers.accounts:
                for stop in accounts.finished(self.incident, verdict, at)(connection):
                    self.ledgers.tickets.open(stop, at)(connection)

        return write

    async def _commit(self, *writes: Write[object]) -> None:
        waiting, self._waiting = self._waiting, []
        notes = [self.ledgers.incidents.note(self.incident.id, *each) for each in waiting]
        await self.ledgers.store.commit(*notes, *writes)
