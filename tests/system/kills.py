"""Ends a journal under load again and again, and holds what it left to what it acked."""

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import attrs

from actors.journal import TRANSITIONS
from actors.messages import State

AGENTS = 24

_TAKEN_UP = (State.OBSERVED, State.DECIDING, State.ACTING)
"""States that a start hands out at once; one that is verifying may be in its soak."""

_STARTS = 3
"""The start that finds an incident where it was gives it to a person."""


@attrs.define
class Tally:
    """What was seen over all lives."""

    lives: int = 0
    acked: dict[str, int] = attrs.field(
        factory=lambda: {f"agent-{number}": 0 for number in range(AGENTS)}
    )
    """The last event of each agent that was acked; so was each one before it."""
    taken_up: int = 0
    """How often a life took up what an earlier one had left unfinished."""
    left_in: Counter[State] = attrs.field(factory=Counter[State])
    """In which states the kills found incidents."""
    left_begun: int = 0
    """Intents that the kills found started."""
    expected: frozenset[str] = frozenset()
    """Incidents that the next life must take up."""

    @property
    def events(self) -> int:
        """How many events were acked."""
        return sum(self.acked.values())


def nothing() -> None:
    """Leave the power on."""


def live_and_die(
    state_dir: Path,
    random: Random,
    tally: Tally,
    *,
    cut: Callable[[], None] = nothing,
    restore: Callable[[], None] = nothing,
) -> None:
    """Let a journal run under load, kill it, look at what it left.

    With `cut` and `restore` the disk loses its power before the process ends.

    Raises:
        AssertionError: something that was acked is lost, or what is kept is not in order.
    """
    with _journal(state_dir, tally.acked) as (child, lines):
        what, _, handed_out = next(lines).partition(" ")
        assert what == "up"
        taken_up = set(json.loads(handed_out))
        assert tally.expected <= taken_up
        tally.taken_up += len(taken_up)

        acks_to_live = random.randrange(1200)
        for _ in range(acks_to_live):
            _note(next(lines), tally)
        time.sleep(random.uniform(0, 0.01))  # anywhere in a commit, a flush, a checkpoint
        cut()
        child.kill()
        for line in lines:  # told, so durable, though nobody had read it yet
            if line.endswith("\n"):
                _note(line, tally)
        child.wait()
        if cut is nothing:  # a journal without a disk may have ended by itself
            assert child.returncode == -signal.SIGKILL
    restore()
    tally.lives += 1
    _look(state_dir, tally)


@contextlib.contextmanager
def _journal(
    state_dir: Path, acked: dict[str, int]
) -> Generator[tuple[subprocess.Popen[str], Iterator[str]]]:
    module = "tests.system.journal_under_load"
    command = [sys.executable, "-m", module, str(state_dir), json.dumps(acked)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            yield child, iter(child.stdout.readline, "")
        finally:
            child.kill()


def _note(line: str, tally: Tally) -> None:
    what, agent, seq = line.split()
    assert what == "ack", line
    assert int(seq) == tally.acked[agent] + 1
    tally.acked[agent] = int(seq)


def _look(state_dir: Path, tally: Tally) -> None:
    """Open what the kill left, and hold it to what was acked."""
    with contextlib.closing(sqlite3.connect(state_dir / "journal.db")) as connection:
        [[sound]] = connection.execute("PRAGMA integrity_check").fetchall()
        assert sound == "ok"
        _check_events(connection, tally)
        _check_traces(connection)
        rows = connection.execute("SELECT id, state, stalled_starts FROM incidents").fetchall()
        tally.expected = frozenset(
            incident_id
            for incident_id, state, starts in rows
            if state in _TAKEN_UP and starts + 1 < _STARTS
        )
        tally.left_in.update(State(state) for _, state, _ in rows)
        [begun] = connection.execute(
            "SELECT count(*) FROM intents WHERE state <> 'finished'"
        ).fetchone()
        tally.left_begun += begun


def _check_events(connection: sqlite3.Connection, tally: Tally) -> None:
    """Each acked event is there, once; none is there that is not the agent's next one."""
    for agent, acked in tally.acked.items():
        kept = [
            seq
            for (seq,) in connection.execute(
                "SELECT seq FROM observations WHERE body ->> 'agent_id' = ? ORDER BY seq", (agent,)
            )
        ]
        # One more may be durable whose ack the kill swallowed.
        assert kept in (list(range(1, acked + 1)), list(range(1, acked + 2))), agent


def _check_traces(connection: sqlite3.Connection) -> None:
    """Each incident stands where its trace says, and got there by allowed moves."""
    traces: dict[str, list[State]] = {}
    for incident_id, before, after in connection.execute(
        "SELECT incident_id, from_state, to_state FROM incident_events"
        " WHERE to_state IS NOT NULL ORDER BY seq"
    ):
        trace = traces.setdefault(incident_id, [])
        assert (State(before) if before else None) == (trace[-1] if trace else None)
        trace.append(State(after))
    for trace in traces.values():
        assert all(after in TRANSITIONS[before] for before, after in pairwise(trace)), trace
    stand = dict(connection.execute("SELECT id, state FROM incidents").fetchall())
    assert stand == {incident_id: trace[-1] for incident_id, trace in traces.items()}
