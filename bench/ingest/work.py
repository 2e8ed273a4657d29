"""What every server of this bench does for an event, whoever carries it.

Duplicate check, last answer, incident and its trace, coverage, the row of the event, and L1's
decision on what opens or changes an incident: by the same functions, in the same transaction, in
a file with WAL and `synchronous=FULL`.
"""

import datetime as dt
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
from typing_extensions import override

from actors.coverage import SqliteCoverage
from actors.drift_receiver import Vocabulary
from actors.drift_receiver.core import AgentEvent, observation_of, problem_of
from actors.escalator import SqliteTickets
from actors.journal import SqliteJournal
from actors.journal.store import Recording
from actors.l1_evaluator import RuleSet, event_of
from actors.messages import Moment, Observation
from protos.compliance_pb2 import DriftAck, DriftEvent
from runtime.clock import Clock, SystemClock
from runtime.hosts import sqlite
from runtime.hosts.group_commit import Commit, commit_together
from runtime.hosts.migrations import migrate
from runtime.ids import Ids, TimeOrderedIds
from runtime.roles.catalogue import load_catalogue
from runtime.roles.line import SCHEMAS
from runtime.settings import Settings
from runtime.store import Write

AGENTS_ANSWER_EVERY_S = 300.0


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
    """The common work; made by `real_work`."""

    journal: DecidingJournal
    coverage: SqliteCoverage
    vocabulary: Vocabulary
    clock: Clock
    ids: Ids

    def observations(self, events: Sequence[DriftEvent]) -> list[Observation]:
        """Put events in our words, as the drift receiver does."""
        arrived = self.clock.now()
        ids = self.ids.several("observation", len(events))
        return [self._heard(event, id_, arrived) for event, id_ in zip(events, ids, strict=True)]

    def record(self, connection: sqlite3.Connection, events: Sequence[DriftEvent]) -> list[str]:
        """Make events durable with one flush; give the id of each."""
        observations = self.observations(events)
        new_id = iter(self.ids.several("inc", len(events))).__next__
        record = self.journal.record(observations, new_id, Moment.read(self.clock))
        commit = Commit((record, self.coverage.heard(observations)))
        commit_together(connection, [commit])
        recordings: list[Recording] = commit.result.unwrap()[0]
        return [str(each.recorded and each.recorded.observation_id) for each in recordings]

    def _heard(self, event: DriftEvent, id_: str, arrived: dt.datetime) -> Observation:
        said = AgentEvent(
            agent_id=event.agent_id,
            host=event.hostname,
            check=event.check_type,
            passed=event.passed,
            expected=event.expected,
            actual=event.actual,
            control=event.hipaa_control,
            timestamp=event.timestamp,
            metadata=event.metadata,
            boot_id=event.boot_id,
            seq=event.seq,
            size=event.ByteSize(),
        )
        if problem := problem_of(said):
            raise ValueError(problem)
        return observation_of(
            said,
            id=id_,
            site="site",
            platform=self.vocabulary.platform(said.host),
            vocabulary=self.vocabulary,
            arrived=arrived,
        )


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
    """Make the work with the shipped rules and the names of the shipped checks."""
    catalogue, clock = load_catalogue(Settings()), SystemClock()
    ids = TimeOrderedIds(clock)
    return Work(
        DecidingJournal(SqliteTickets(ids, ()), catalogue.rules),
        SqliteCoverage(lambda _: AGENTS_ANSWER_EVERY_S),
        Vocabulary(catalogue.names.aliases, catalogue.names.severities),
        clock,
        ids,
    )


def opened(path: Path) -> sqlite3.Connection:
    """Open a file as the appliance does, with all its tables."""
    connection = sqlite._writing(path, None)
    migrate(connection, SCHEMAS)
    connection.execute("CREATE TABLE IF NOT EXISTS bare (id PRIMARY KEY, host, body)")
    return connection


def ack(event_id: str) -> DriftAck:
    """Say that an event is durable."""
    return DriftAck(event_id=event_id, received=True)
