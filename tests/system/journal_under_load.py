"""A journal under load, to be killed: `python -m tests.system.journal_under_load DIR ACKED`.

ACKED is a JSON object of the last sequence number that each agent saw acked.  Each agent sends its
next event when the last one was acked, as real ones do after a restart.  A worker stands in for the
rooms behind: it takes incidents through a fix with an intent, or to a person.

What happened is told on standard output, a line each, after it is durable:

    up [ids handed out again]
    ack AGENT SEQ
"""

import datetime as dt
import json
import os
import sys
from itertools import pairwise
from pathlib import Path
from random import Random, SystemRandom

import attrs
import trio

from actors.coverage import SCHEMA as COVERAGE, SqliteCoverage
from actors.escalator import SCHEMA as TICKETS, SqliteTickets
from actors.journal import SCHEMA, DueWork, Heard, JournalActor, SqliteJournal
from actors.messages import (
    ExecuteRunbook,
    Fact,
    Incident,
    IncidentToDecide,
    Intent,
    Moment,
    Move,
    Observation,
    Severity,
    State,
    Status,
    Verdict,
)
from actors.ports import StaleMoveError
from actors.requests import RecordObservation
from runtime.actor import actor
from runtime.clock import SystemClock
from runtime.delivery import DeadLetter
from runtime.hosts.reserve import Reserve
from runtime.hosts.sqlite import open_database
from runtime.hosts.state_dir import held
from runtime.ids import TimeOrderedIds
from runtime.logs import configure_logs
from runtime.mailbox import Mailbox
from runtime.store import Store, Write
from runtime.supervisor import ActorDown, supervise

CHECKS = tuple(f"check-{number}" for number in range(6))
FOR_PEOPLE = CHECKS[0]

_PATH = (State.OBSERVED, State.DECIDING, State.ACTING, State.VERIFYING, State.HEALED)


def tell(*words: str) -> None:
    """Write a line at once: a line in a buffer would die with the process."""
    os.write(1, (" ".join(words) + "\n").encode())


def event_of(agent: str, seq: int) -> Observation:
    """Give an agent's event of that number, the same one whenever it is asked for."""
    random = Random(f"{agent}/{seq}")  # noqa: S311  the same draw again
    return Observation(
        id=f"{agent}/{seq}",
        site="site",
        host=agent,
        check=random.choice(CHECKS),
        status=random.choice((Status.PASS, Status.FAIL, Status.FAIL, Status.UNKNOWN)),
        severity=Severity.MEDIUM,
        observed_at=dt.datetime(2026, 3, 2, tzinfo=dt.UTC) + dt.timedelta(seconds=seq),
        source="agent",
        actual="x" * random.randrange(2000),
        agent_id=agent,
        boot_id="boot",
        seq=seq,
    )


@attrs.define
class Worker:
    """Stands in for L1, gate and runner: takes an incident from where it stands to its end."""

    store: Store
    journal: SqliteJournal
    clock: SystemClock
    ids: TimeOrderedIds

    async def handle(self, message: IncidentToDecide | ExecuteRunbook) -> None:
        incident = message.incident
        steps = pairwise(_PATH[_PATH.index(incident.state) :])
        try:
            for before, to in steps:
                await self.store.commit(*await self._step(incident, before, to))
        except StaleMoveError:
            return  # a pass closed it, a person has it, or it was here twice

    async def _step(self, incident: Incident, before: State, to: State) -> list[Write[object]]:
        now = Moment.read(self.clock)
        begun = await self.store.read(self.journal.unfinished(incident.id))
        writes: list[Write[object]] = []
        if to is State.ACTING and incident.check == FOR_PEOPLE:
            to = State.ESCALATED
        if to is State.VERIFYING:
            # The act of an earlier life may have happened or not; this one begins anew.
            writes += [self.journal.finish(each.id, Verdict.UNKNOWN, now) for each in begun]
            intent = self._intent(incident, now)
            writes += [self.journal.plan(intent, now), self.journal.start(intent.id, "{}", now)]
        if to is State.HEALED:
            writes += [self.journal.finish(each.id, Verdict.HEALED, now) for each in begun]
        due = now.after(3600) if to is State.HEALED else None
        return [
            *writes,
            self.journal.move(incident.id, Move(to, (before,), Fact(f"to_{to}"), due=due), now),
        ]

    def _intent(self, incident: Incident, now: Moment) -> Intent:
        new = self.ids.new("intent")
        return Intent(new, incident.id, "runbook", 1, incident.host, "hash", now.after(60))


async def main(state_dir: Path, acked: dict[str, int]) -> None:
    clock = SystemClock()
    ids = TimeOrderedIds(clock)
    heard = Mailbox[Heard]("heard", capacity=4096)
    to_work = Mailbox[IncidentToDecide]("to_work", capacity=4096)
    to_run = Mailbox[ExecuteRunbook]("to_run", capacity=4096)
    reserve = Reserve(state_dir / "reserve", 64 * 1024)
    with held(state_dir):
        async with open_database(
            state_dir / "journal.db",
            {"journal": SCHEMA, "escalator": TICKETS, "coverage": COVERAGE},
            reserve=reserve,
        ) as database:
            tickets = SqliteTickets(ids, ())
            journal = SqliteJournal(tickets)
            coverage = SqliteCoverage(lambda _: 300.0)

            def worker() -> Worker:
                return Worker(database, journal, clock, ids)

            due = DueWork(to_work.post, to_run.post, database, journal, tickets, clock)
            await due.recover()
            again = [
                message.incident.id for box in (to_work, to_run) for message in box.leftovers()
            ]
            tell("up", json.dumps(again))
            async with trio.open_nursery() as nursery:
                await nursery.start(
                    _crew,
                    actor(
                        "journal",
                        reads=heard,
                        sends=[to_work],
                        make=lambda: JournalActor(
                            to_work.post, database, journal, coverage, clock, ids
                        ),
                        vital=True,
                    ),
                    actor("decider", reads=to_work, make=worker),
                    actor("runner", reads=to_run, make=worker),
                )
                for agent, seq in acked.items():
                    nursery.start_soon(_report, heard, agent, seq)


async def _crew(*actors: object, task_status: trio.TaskStatus[None]) -> None:
    await supervise(
        *actors,  # type: ignore[arg-type]  # nursery.start forgets their type
        on_dead_letter=_dead,
        on_down=_down,
        random=SystemRandom(),
        task_status=task_status,
    )


async def _dead(letter: DeadLetter) -> None:
    tell("dead", letter.mailbox, *letter.reasons)


async def _down(down: ActorDown) -> None:
    tell("down", down.actor, down.error)


async def _report(heard: Mailbox[Heard], agent: str, seq: int) -> None:
    while True:
        seq += 1
        await RecordObservation(event_of(agent, seq)).ask(heard.post)
        tell("ack", agent, str(seq))


if __name__ == "__main__":
    configure_logs(level="critical")  # many lives, and none of them ends well
    trio.run(main, Path(sys.argv[1]), json.loads(sys.argv[2]))
