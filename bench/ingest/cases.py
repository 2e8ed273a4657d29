"""The cases of this bench, and one run of each."""

import contextlib
import math
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import attrs

from bench.ingest.load import Client, GoLoad, Load, Shape
from bench.ingest.machine import Server, served

HUNDRED, TEN = Shape(100, window=8), Shape(10, window=32)
_EACH = 20
"""Events of each stream that are counted one by one, after a run."""
_QUIET_S = 0.5


@attrs.frozen
class Case:
    """A load, and the servers that stand it in turn."""

    name: str
    shape: Shape
    servers: Sequence[str]
    store: str = "real"
    tls: bool = False


CASES = (
    Case("durable, 100 agents, mTLS", HUNDRED, ("ours",), tls=True),
    Case("durable, 100 agents", HUNDRED, ("ours", "ours-proved", "aio", "aio-generator", "sync")),
    Case("durable, 10 agents x 32", TEN, ("ours", "aio", "sync")),
    Case("the least, 100 agents", HUNDRED, ("ours", "aio", "aio-generator", "sync"), store="least"),
    Case("ack only, 100 agents", HUNDRED, ("ours", "aio", "aio-generator", "sync"), store="none"),
    Case("100 agents, 2,000/s offered", Shape(100, rate=2000), ("ours",)),
    Case("1,000 agents, 5,000/s offered", Shape(1000, rate=5000), ("ours",)),
    Case("a bare row, 100 agents", HUNDRED, ("aio", "sync"), store="bare"),
)


_TABLES = {"real": "observations", "least": "events", "bare": "bare"}
"""Where a store has its events."""
_CHANGES = {
    "real": "SELECT (SELECT count(*) FROM incidents), count(incident_id) FROM observations",
    "least": "SELECT count(*), sum(count) FROM drifts",
}
"""Incidents, and events that opened or changed one."""


@attrs.frozen
class Kept:
    """What a run left in the file."""

    rows: int
    opened: float
    """Share of events that opened an incident ..."""
    changed: float
    """... and that opened or changed one."""
    problem: str = ""
    """Where rows and acks do not agree."""


@attrs.frozen
class Run:
    """One run of one server."""

    load: Load
    kept: Kept | None


@attrs.frozen
class Row:
    """All runs of a server in a case."""

    case: Case
    server: str
    runs: Sequence[Run]

    def median(self, of: Callable[[Load], float]) -> float:
        """Give the middle of the runs."""
        return statistics.median(of(run.load) for run in self.runs) if self.runs else math.nan


@attrs.frozen
class Bench:
    """How all runs are made."""

    client: Callable[[Path | None], Client]
    certificates: Path
    disk: Path | None
    seconds: float

    def profiled(self) -> str:
        """Run ours through the first case under the profiler; give what took the time."""
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder) / "profile"
            with self.server("ours", "--profile", str(written)) as (server, _):
                self.client(None).run(server, HUNDRED, self.seconds)
            return written.read_text(encoding="utf-8")

    @contextlib.contextmanager
    def server(self, kind: str, *options: str) -> Generator[tuple[Server, Path]]:
        """Run a server with a fresh file."""
        with tempfile.TemporaryDirectory(dir=self.disk) as folder:
            file = Path(folder) / "aright.db"
            with served(kind, file, *options) as server:
                yield server, file

    def run(self, case: Case, kind: str) -> Run:
        """Run a server through a case."""
        options = ["--store", case.store, "--streams", str(case.shape.agents)]
        tls = self.certificates if case.tls else None
        if tls is not None:
            options += ["--tls", str(tls)]
        client = self.client(tls)
        with self.server(kind, *options) as (server, file):
            load = client.run(server, case.shape, self.seconds)
            if case.store == "none":
                return Run(load, None)
            return Run(load, self._kept(case, client, server, file, load))

    @staticmethod
    def _kept(case: Case, client: Client, server: Server, file: Path, load: Load) -> Kept:
        """Hold the rows against the acks; then send a known number, each of which must be there."""
        table = _TABLES[case.store]
        with contextlib.closing(sqlite3.connect(file)) as connection:

            def count() -> int:
                [number] = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
                return int(number)

            rows, problem = _settled(count), ""
            if rows < load.acked:
                problem = f"{load.acked} acked, {rows} rows"
            if case.store == "bare":
                return Kept(rows, math.nan, math.nan, problem)
            opened, changed = connection.execute(_CHANGES[case.store]).fetchone()
            if isinstance(client, GoLoad):
                shape = attrs.evolve(case.shape, window=8, rate=0.0)
                known = client.count(server, shape, _EACH)
                more = _settled(count) - rows
                if not known == more == _EACH * shape.agents:
                    problem = f"{_EACH * shape.agents} sent, {known} acked, {more} rows"
        return Kept(rows, opened / rows, changed / rows, problem)


def _settled(count: Callable[[], int]) -> int:
    """Give a count that stands still: what was on its way when the load ended is written too."""
    last, now = -1, count()
    while now != last:
        time.sleep(_QUIET_S)
        last, now = now, count()
    return now
