"""Load on a server, and what it measured: by goload where there is one, else by our own client."""

import contextlib
import json
import math
import subprocess
import tempfile
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import attrs
import trio

from bench.ingest.client import Acks, Events, drive
from bench.ingest.machine import Server
from bench.ingest.payload import payload


@attrs.frozen
class Shape:
    """How the load comes."""

    agents: int
    """Each with one stream on a connection of its own."""
    window: int = 0
    """Events of each that are in flight, or ..."""
    rate: float = 0.0
    """... events per second of all together, whether acked or not."""


@attrs.frozen
class Load:
    """Of one run; what was acked in the measured time."""

    acks_per_s: float
    cpu_us: float
    """Processor time of the server for an event, all threads."""
    p50_ms: float
    p99_ms: float
    sent: int
    """In all, the warming up too."""
    acked: int
    fewest: int
    """Acks of the stream that got the fewest."""
    errors: int


@attrs.frozen
class GoLoad:
    """The client that agents' own gRPC stack makes: grpc-go."""

    program: Path
    records: Sequence[bytes]
    tls: Path | None = None

    def run(self, server: Server, shape: Shape, seconds: float) -> Load:
        """Load a server."""
        command = self._command(server, shape, "-duration", f"{seconds}s")
        with (
            self._payload() as file,
            subprocess.Popen(
                [*command, "-payload", file],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            ) as process,
        ):  # fmt: skip
            assert process.stdout is not None
            assert process.stderr is not None
            cpu = {line.strip(): server.cpu_s() for line in process.stderr}
            told = json.loads(process.stdout.read() or "{}")
        if not told or "END" not in cpu:
            raise RuntimeError(f"goload failed: {cpu}")
        return Load(
            told["AckPerSec"],
            1e6 * (cpu["END"] - cpu["MEASURE"]) / max(1, told["Acked"]),
            told["P50Ms"],
            told["P99Ms"],
            told["Sent"],
            told["Acked"],
            told["MinStreamAcked"],
            told["StreamErrors"],
        )

    def count(self, server: Server, shape: Shape, each: int) -> int:
        """Send so many events on each stream and wait for all acks; give how many came."""
        command = self._command(server, shape, "-count", str(each), "-duration", "30s")
        with self._payload() as file:
            done = subprocess.run(
                [*command, "-payload", file], capture_output=True, text=True, check=True
            )
        return int(json.loads(done.stdout)["Acked"])

    @contextlib.contextmanager
    def _payload(self) -> Generator[str]:
        with tempfile.NamedTemporaryFile(suffix=".bin") as file:
            file.write(payload(self.records))
            file.flush()
            yield file.name

    def _command(self, server: Server, shape: Shape, *more: str) -> list[str]:
        how = ["-rate", str(shape.rate)] if shape.rate else ["-window", str(shape.window)]
        at = ["-addr", f"127.0.0.1:{server.port}", "-streams", str(shape.agents)]
        secure: list[str] = []
        if self.tls is not None:
            pem = {name: str(self.tls / f"{name}.pem") for name in ("ca", "client")}
            secure = ["-tls", "-ca", pem["ca"], "-cert", pem["client"]]
            secure += ["-key", str(self.tls / "client.key")]
        return [str(self.program), *at, *how, *secure, *more]


@attrs.frozen
class PythonLoad:
    """Our own client: it takes the machine more than the server does, so no ratio is taken."""

    records: Sequence[bytes]

    def run(self, server: Server, shape: Shape, seconds: float) -> Load:
        """Load a server."""
        return trio.run(self._run, server, shape, seconds)

    async def _run(self, server: Server, shape: Shape, seconds: float) -> Load:
        acks = Acks()
        gap = shape.agents / shape.rate if shape.rate else 0.0
        async with trio.open_nursery() as nursery:
            for number in range(shape.agents):
                events = Events(number, self.records)
                nursery.start_soon(drive, server.port, events, shape.window, gap, acks)
            await trio.sleep(1)
            acks.measuring, before, began = True, server.cpu_s(), trio.current_time()
            await trio.sleep(seconds)
            acks.measuring, took = False, trio.current_time() - began
            cpu = server.cpu_s() - before
            nursery.cancel_scope.cancel()
        times, acked = sorted(acks.took_s), len(acks.took_s)
        return Load(
            acked / took,
            1e6 * cpu / max(1, acked),
            _share(times, 0.5),
            _share(times, 0.99),
            acks.sent,
            acked,
            -1,
            0,
        )


Client = GoLoad | PythonLoad


def _share(times: Sequence[float], part: float) -> float:
    return 1e3 * times[min(len(times) - 1, int(part * len(times)))] if times else math.nan


def client(goload: Path | None, records: Sequence[bytes]) -> Callable[[Path | None], Client]:
    """Give the client that there is; it takes the folder of certificates, if any."""
    if goload is None:
        return lambda _: PythonLoad(records)
    return lambda tls: GoLoad(goload, records, tls)
