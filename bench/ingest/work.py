"""What every server of this bench does for an event, whoever carries it.

Duplicate check, last answer, incident and its trace, coverage, the row of the event, and L1's
decision on what opens or changes an incident: by the same functions, in the same transaction, in
a file with WAL and `synchronous=FULL`.  Of that `least` leaves out what only an appliance needs.
"""

import sqlite3
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

import attrs
from typing_extensions import override

from actors.coverage import SqliteCoverage
from actors.drift_receiver import (
    Fleet,
    HealOrders,
    ReceiverSettings,
    SqliteAgents,
    SqliteHealOrders,
    Vocabulary,
)
from actors.drift_receiver.intake import DriftIntake
from actors.escalator import SqliteTickets
from actors.journal import SqliteJournal
from actors.journal.store import Recording, news_in
from actors.l1_evaluator import RuleSet, event_of
from actors.messages import Moment, Observation
from actors.ports import Coverage, Tickets
from actors.requests import RecordObservations
from bench.ingest.least import LeastJournal, NoCoverage
from protos.compliance_pb2 import DriftAck, DriftEvent
from runtime.clock import Clock, SystemClock
from runtime.hosts import sqlite
from runtime.hosts.group_commit import Commit, commit_together
from runtime.hosts.grpc import Caller
from runtime.hosts.migrations import migrate
from runtime.hosts.sqlite import InlineStore
from runtime.ids import Ids, TimeOrderedIds
from runtime.mailbox import Mailbox
from runtime.roles.catalogue import load_catalogue
from runtime.roles.line import SCHEMAS
from runtime.settings import Settings
from runtime.store import Write

TABLES = {**SCHEMAS, "bench": files("bench.ingest") / "schema"}
AGENTS_ANSWER_EVERY_S = 300.0
_NOBODY = Caller("")


@attrs.frozen
class DecidingJournal(SqliteJournal):
    """A journal that asks L1 within the commit, where an event opens or changes an incident."""

    rules: RuleSet

    @override
    def record(
        self,
        observations: Sequence[Observation],
        new_id: Callable[[], str],
        at: Moment,
        *,
        full: bool = False,
    ) -> Write[list[Recording]]:
        record = super().record(observations, new_id, at, full=full)

        def write(connection: sqlite3.Connection) -> list[Recording]:
            recordings = record(connection)
            for observation, recording in zip(observations, recordings, strict=True):
                recorded = recording.recorded
                if recorded is not None and recorded.incident_id and not recorded.duplicate:
                    self.rules.decide(event_of(observation))
            return recordings

        return write


@attrs.frozen
class Work:
    """The common work; made by `real_work` and `least_work`."""

    journal: SqliteJournal
    coverage: Coverage
    vocabulary: Vocabulary
    clock: Clock
    ids: Ids
    intake: DriftIntake
    """Puts events in our words, and hands them to nobody."""

    def record(self, connection: sqlite3.Connection, events: Sequence[DriftEvent]) -> list[str]:
        """Make events durable with one flush; give the id of each."""
        heard = self.intake.hear([_NOBODY] * len(events), events)
        observations = [each for each in heard if not isinstance(each, str)]
        assert len(observations) == len(events), heard
        new_id = iter(self.ids.several("inc", len(events))).__next__
        record = self.journal.record(observations, new_id, Moment.read(self.clock))

        def write(connection: sqlite3.Connection) -> list[Recording]:
            recordings = record(connection)
            self.coverage.heard(*news_in(observations, recordings))(connection)
            return recordings

        commit = Commit((write,))
        commit_together(connection, [commit])
        [recordings] = commit.result.unwrap()
        self.journal.settled()
        self.coverage.settled()
        return [str(each.recorded and each.recorded.observation_id) for each in recordings]


@attrs.frozen
class BareWork:
    """A row for an event and nothing else, as the peers were measured with before."""

    def record(self, connection: sqlite3.Connection, events: Sequence[DriftEvent]) -> list[str]:
        """Make events durable with one flush; give the id of each."""
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO bare VALUES (?, ?, ?)",
            [(each.boot_id, each.hostname, each.SerializeToString()) for each in events],
        )
        connection.execute("COMMIT")
        return [each.boot_id for each in events]


def real_work() -> Work:
    """Make all the work that an appliance does within the commit."""
    return _work(DecidingJournal, SqliteCoverage(lambda _: AGENTS_ANSWER_EVERY_S))


def least_work() -> Work:
    """Make the least that a durable port does."""
    return _work(LeastJournal, NoCoverage())


def _work(journal: Callable[[Tickets, RuleSet], SqliteJournal], coverage: Coverage) -> Work:
    """Make work with the shipped rules and the names of the shipped checks."""
    catalogue, clock = load_catalogue(Settings()), SystemClock()
    ids = TimeOrderedIds(clock)
    vocabulary = Vocabulary(catalogue.names.aliases, catalogue.names.severities)
    store = InlineStore.with_schemas({})
    fleet = Fleet(ReceiverSettings("site"), store, SqliteAgents(), clock)
    orders = HealOrders(store, SqliteHealOrders(), clock, AGENTS_ANSWER_EVERY_S, fleet)
    nobody = Mailbox[RecordObservations]("nobody", capacity=1)
    return Work(
        journal(SqliteTickets(ids, ()), catalogue.rules),
        coverage,
        vocabulary,
        clock,
        ids,
        DriftIntake(fleet, vocabulary, nobody.post, clock, ids, orders),
    )


def opened(path: Path) -> sqlite3.Connection:
    """Open a file as the appliance does, with all its tables and those of this bench."""
    connection = sqlite._writing(path, None)
    migrate(connection, TABLES)
    return connection


def ack(event_id: str) -> DriftAck:
    """Say that an event is durable."""
    return DriftAck(event_id=event_id, received=True)
