"""Our own server, with the rooms that an appliance has behind the port."""

import contextlib
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from random import SystemRandom

import trio
from grpclib.const import Cardinality, Handler

from actors.drift_receiver import (
    Fleet,
    HealOrders,
    ReceiverSettings,
    SqliteAgents,
    SqliteHealOrders,
)
from actors.drift_receiver.servicer import AgentServicer
from actors.escalator import SqliteTickets
from actors.evidence_log.actor import EvidenceLog
from actors.journal import JournalActor
from actors.messages import IncidentToDecide
from actors.requests import RecordObservation, RecordObservations, ReopenIncident
from bench.evidence.rates import desk_in
from bench.ingest.client import REPORT_DRIFT
from bench.ingest.work import TABLES, Work, ack
from protos.compliance_pb2 import DriftAck, DriftEvent
from runtime.actor import Actor, actor
from runtime.hosts.grpc import Caller, Limits
from runtime.hosts.grpc.server import listen, serve_grpc
from runtime.hosts.grpc.service import Answer, Service
from runtime.hosts.sqlite import open_database
from runtime.mailbox import Mailbox
from runtime.supervisor import supervise

Heard = RecordObservation | RecordObservations | ReopenIncident

OFF = Limits(connections=0, per_address=0, per_identity=0, events_per_s=0)
"""Without the bucket and the caps; what bounds memory and misuse stays as it is."""


def serve(
    work: Work | None,
    path: Path,
    ready: Callable[[int], None],
    *,
    tls: Path | None,
    proves: bool = False,
) -> None:
    """Serve until interrupted.

    Args:
        work: that is done for an event; None acks it as it comes.
        path: of the file.
        ready: is told the port.
        tls: a folder of certificates.
        proves: state, sign and log what happens, as an appliance does.
    """
    trio.run(_serve, work, path, ready, tls, proves)


async def _serve(
    work: Work | None, path: Path, ready: Callable[[int], None], tls: Path | None, proves: bool
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        service: Service
        if work is None:
            service = _AcksOnly()
        else:
            service = await stack.enter_async_context(_servicer(path, work, proves))
        listener = stack.enter_context(listen("127.0.0.1", 0))
        ready(listener.getsockname()[1])
        context = None if tls is None else _context(tls)
        await serve_grpc(
            service, listener, limits=OFF, tls=None if context is None else lambda: context
        )


def _context(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    return context


class _AcksOnly:
    """Acks each event as it comes."""

    def __mapping__(self) -> Mapping[str, Handler]:
        handler = Handler(self._one_by_one, Cardinality.STREAM_STREAM, DriftEvent, DriftAck)
        return {REPORT_DRIFT: handler}

    def __batches__(self) -> Mapping[str, Answer]:
        return {REPORT_DRIFT: self._answer}

    @staticmethod
    async def _one_by_one(_: object) -> None:
        raise AssertionError("the server does not know batches")

    @staticmethod
    async def _answer(_: Sequence[Caller], events: Sequence[DriftEvent]) -> Sequence[DriftAck]:
        return [ack(event.boot_id) for event in events]


@contextlib.asynccontextmanager
async def _servicer(path: Path, work: Work, proves: bool) -> AsyncGenerator[Service]:
    """Wire what an appliance wires up to where its rooms act: L1 decides within the commit."""
    bells = list[EvidenceLog]()

    def committed() -> None:
        for room in bells:
            room.committed()

    heard = Mailbox[Heard]("heard", capacity=4096)
    to_l1 = Mailbox[IncidentToDecide]("to_l1", capacity=1)
    async with (
        open_database(path, TABLES, on_commit=committed) as database,
        trio.open_nursery() as nursery,
    ):
        journal = JournalActor(
            to_l1.post, database, work.journal, work.coverage, work.clock, work.ids
        )
        await nursery.start(
            _supervised, actor("journal", reads=heard, make=lambda: journal, vital=True)
        )
        settings = ReceiverSettings("site", insecure_loopback=True)
        fleet = Fleet(settings, database, SqliteAgents(), work.clock)
        orders = HealOrders(database, SqliteHealOrders(), work.clock, settings.interval_s, fleet)
        servicer = AgentServicer(fleet, work.vocabulary, heard.post, work.clock, work.ids, orders)
        await servicer.load()
        if proves:
            bells.append(
                EvidenceLog(
                    desk_in(path.parent, database),
                    SqliteTickets(work.ids, ()),
                    2.0,
                    lambda: heard.unsettled > 0,
                )
            )
            nursery.start_soon(bells[0].run)
        yield servicer
        nursery.cancel_scope.cancel()


async def _supervised(line: Actor, *, task_status: trio.TaskStatus[None]) -> None:
    await supervise(
        line, on_dead_letter=_never, on_down=_never, random=SystemRandom(), task_status=task_status
    )


async def _never(what: object) -> None:
    raise AssertionError(what)
