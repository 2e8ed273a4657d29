"""The least that a durable port for drift does: for what one port costs beside another.

Duplicate check, L1's decision, and a row for each event and each incident; without the last
answers, traces, tickets, coverage and starts of agents that an appliance keeps in the same commit.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence

import attrs
from typing_extensions import override

from actors.journal import SqliteJournal
from actors.journal.store import Recording
from actors.l1_evaluator import RuleSet, event_of
from actors.messages import Jump, Moment, Observation, Recorded, Status
from runtime.store import Write

_KEEP = "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SAME = "SELECT id FROM events WHERE agent_id = ? AND boot_id = ? AND seq = ?"
_OPEN = "INSERT INTO drifts VALUES (?, ?, ?, ?, ?, ?, ?, 0)"
_AGAIN = "UPDATE drifts SET count = count + ?, last_seen = ? WHERE id = ?"

_PASS = Status.PASS


@attrs.frozen
class LeastJournal(SqliteJournal):
    """Keeps events, and what drifts until somebody looks: of a file that was empty at first."""

    rules: RuleSet
    _drifts: dict[tuple[str, str], str] = attrs.field(
        factory=dict[tuple[str, str], str], init=False, eq=False
    )
    """By host and check."""

    @override
    def record(
        self,
        observations: Sequence[Observation],
        new_id: Callable[[], str],
        at: Moment,
        *,
        full: bool = False,
    ) -> Write[list[Recording]]:
        now = at.wall.isoformat()

        def write(connection: sqlite3.Connection) -> list[Recording]:
            same = _kept(connection, observations)
            opened, again, recordings = [], Counter[str](), list[Recording]()
            for each in observations:
                if each.id in same:
                    recordings.append(Recording(Recorded(same[each.id], None, duplicate=True)))
                    continue
                drift = (each.host, each.check)
                owner = self._drifts.get(drift)
                if owner is not None or each.status is not _PASS:
                    rule = self.rules.decide(event_of(each))
                    if owner is None:
                        owner = self._drifts[drift] = new_id()
                        opened.append((owner, *drift, each.severity.value, rule, now, now))
                    again[owner] += 1
                recordings.append(Recording(Recorded(each.id, owner)))
            connection.executemany(_OPEN, opened)
            connection.executemany(_AGAIN, [(count, now, owner) for owner, count in again.items()])
            return recordings

        return write


def _kept(connection: sqlite3.Connection, observations: Sequence[Observation]) -> dict[str, str]:
    """Keep events; of those that were there before, by their ids, give the ids they have there."""
    spelled = {at: at.isoformat() for at in {each.observed_at for each in observations}}
    rows = [
        (
            each.agent_id, each.boot_id, each.seq, each.id, each.host, each.check,
            each.status._value_, spelled[each.observed_at], each.expected, each.actual,
        )
        for each in observations
    ]  # fmt: skip
    if connection.executemany(_KEEP, rows).rowcount == len(rows):
        return {}
    there = (
        (each.id, connection.execute(_SAME, (each.agent_id, each.boot_id, each.seq)).fetchone()[0])
        for each in observations
    )
    return {id_: known for id_, known in there if known != id_}


class NoCoverage:
    """Counts nothing."""

    @staticmethod
    def heard(observations: Sequence[Observation], jumps: Sequence[Jump]) -> Write[None]:  # noqa: ARG004
        """Count nothing in."""
        return lambda _: None

    def settled(self) -> None:
        """Know nothing by heart."""
