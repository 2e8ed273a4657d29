"""Ends an evidence log under load again and again, and holds what it left to what it told."""

import contextlib
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import attrs

from actors.evidence_log import SqliteEvidenceReads
from actors.evidence_log.files import HEADS, HeadsFile
from actors.evidence_log.recheck import FileLooks, recheck
from actors.evidence_log.sqlite_reads import tiles_in


@attrs.define
class Tally:
    """What was seen over all lives."""

    lives: int = 0
    leaves: int = 0
    """Told as logged."""
    heads: dict[int, str] = attrs.field(factory=dict[int, str])
    """Every head that was told, or found after a kill: root by size."""

    def sign(self, size: int, root: str) -> None:
        """Take a head; there is one for a size, for ever."""
        assert self.heads.setdefault(size, root) == root, f"two heads for {size} leaves"


def live_and_die(state_dir: Path, random: Random, tally: Tally, *, check: bool) -> None:
    """Let it prove, kill it, look at what it left.

    Args:
        state_dir: where it lives.
        random: when it dies.
        tally: what was seen before.
        check: whether to compute the whole log anew; it takes the longer the more lives there were.

    Raises:
        AssertionError: a leaf that was told is lost, or heads contradict each other.
    """
    command = [sys.executable, "-m", "tests.system.evidence_under_load", str(state_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = iter(child.stdout.readline, "")
        up = next(lines, "").split()
        assert up[:1] == ["up"], "a start found something wrong with what a kill had left"
        assert int(up[1]) >= tally.leaves
        _hear(lines, tally, random.randrange(1, 12))
        time.sleep(random.uniform(0, 0.01))  # anywhere in a batch, a flush, a head
        child.kill()
        _hear(lines, tally, None)
        child.wait()
        assert child.returncode == -signal.SIGKILL
    tally.lives += 1
    _look(state_dir, tally, check=check)


def _hear(lines: Iterator[str], tally: Tally, count: int | None) -> None:
    for number, line in enumerate(lines, 1):
        if line.endswith("\n"):
            what, size, *root = line.split()
            if what == "logged":
                tally.leaves = int(size)
            else:
                tally.sign(int(size), *root)
        if number == count:
            return


def _look(state_dir: Path, tally: Tally, *, check: bool) -> None:
    reads, written = SqliteEvidenceReads(), HeadsFile(state_dir / HEADS).last()
    with contextlib.closing(sqlite3.connect(state_dir / "journal.db")) as connection:
        [log] = reads.logs()(connection)
        assert log.size >= tally.leaves
        assert written is not None
        assert written.size <= log.size
        tally.sign(written.size, written.root.hex())
        for head in reads.heads_after(1, 0, 1 << 40)(connection):
            tally.sign(head.size, head.root.hex())
        if check:
            result = recheck(reads, tiles_in, FileLooks(written, written), connection)
            assert result.leaves == log.size
            assert not result.problems
            _all_proved(connection)


def _all_proved(connection: sqlite3.Connection) -> None:
    """Hold each fact that counts as proved to a statement of its own."""
    told, stated = (
        Counter(connection.execute(sql).fetchall())
        for sql in (
            (
                "SELECT incident_id, kind FROM incident_events"
                " WHERE seq <= (SELECT line FROM evidence_state)"
            ),
            "SELECT incident_id, kind FROM statements WHERE incident_id IS NOT NULL",
        )
    )
    assert told == stated
