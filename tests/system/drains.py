"""Ends an appliance by SIGTERM while agents report, and holds its journal to what it acked."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import grpc  # type: ignore[import-untyped]  # it has no types

from protos.compliance_pb2 import DriftAck, DriftEvent
from tests.system.agents import drift, free_port
from tests.system.appliance import Appliance, until

AGENTS = 6
WINDOW = 32
"""Events that an agent has under way at once."""


@attrs.define(eq=False)
class Reporter:
    """An agent that reports as fast as it is acked, until the appliance closes."""

    port: int
    name: str
    acked: int = 0
    code: object = None
    _room: threading.Semaphore = attrs.field(factory=lambda: threading.Semaphore(WINDOW))
    _over: bool = False

    def run(self) -> None:
        """Report until the stream ends."""
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            call = channel.stream_stream(
                "/compliance.ComplianceAgent/ReportDrift",
                DriftEvent.SerializeToString,
                DriftAck.FromString,
            )(self._events(), timeout=60)
            try:
                for ack in call:
                    assert ack.received, ack.error
                    self.acked += 1
                    self._room.release()
            except grpc.RpcError as error:
                self.code = error.code()
            self._over = True
            self._room.release()

    def _events(self) -> Iterator[DriftEvent]:
        seq = 0
        while self._room.acquire() and not self._over:
            seq += 1
            yield drift(
                agent_id=self.name, host=self.name, check=f"c{seq % 7}", boot_id="b", seq=seq
            )


@attrs.frozen
class Drained:
    """What one drain took and left."""

    acked: int
    took_s: float


def drain_under_load(folder: Path, *, after_s: float) -> Drained:
    """Start an appliance and agents, send SIGTERM after so many seconds, look at what is left.

    Raises:
        AssertionError: an event is kept that was not acked, or was acked and is not kept.
    """
    port = free_port()
    listen = {"enabled": True, "insecure_loopback": True, "port": port}
    appliance = Appliance(folder, {"listen": listen, "shipped_rules": False})
    reporters = [Reporter(port, f"agent-{number}") for number in range(AGENTS)]
    threads = [threading.Thread(target=each.run, daemon=True) for each in reporters]
    try:
        appliance.start()
        for thread in threads:
            thread.start()
        until(lambda: all(each.acked for each in reporters), f"acks; it said {appliance.said()}")
        time.sleep(after_s)
        began = time.monotonic()
        code = appliance.drain()
        took = time.monotonic() - began
        for thread in threads:
            thread.join(timeout=60)
    finally:
        appliance.kill()
    assert code == 0, appliance.said()
    with contextlib.closing(sqlite3.connect(appliance.state_dir / "journal.db")) as connection:
        for each in reporters:
            assert each.code is grpc.StatusCode.UNAVAILABLE, each.code
            rows = connection.execute(
                "SELECT seq FROM observations WHERE body ->> 'agent_id' = ? ORDER BY seq",
                (each.name,),
            ).fetchall()
            assert [seq for (seq,) in rows] == list(range(1, each.acked + 1)), each.name
    return Drained(sum(each.acked for each in reporters), took)
