"""What the tests of the escalator say again and again."""

import datetime as dt
import sqlite3
from random import Random

import attrs

from actors.escalator import Channel, Delivery, Policy, SqliteOutbox, SqliteTickets, TicketPage
from actors.messages import Moment, Severity, Stop, StopKind
from runtime.clock import VirtualClock
from runtime.destination import Destination
from runtime.hosts.http_client import HttpClient
from runtime.outbound import Outbound
from runtime.scrub import Scrubber
from tests.fakes.store import inline_store

NOON = Moment(dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC), "boot-1", 100.0)
CLOCK = VirtualClock(NOON.wall)


class CountingIds:
    """Names that count up."""

    def __init__(self) -> None:
        self.last = 0

    def new(self, kind: str) -> str:
        self.last += 1
        return f"{kind}_{self.last:04}"

    def several(self, kind: str, count: int) -> list[str]:
        return [self.new(kind) for _ in range(count)]


def spent(
    incident_id: str | None, severity: Severity = Severity.MEDIUM, key: str = "RB-SSH/ws-7"
) -> Stop:
    """Stop for a spent budget."""
    return Stop(StopKind.BUDGET, key, severity, "budget_spent", incident_id, "ws-7", "ssh_config")


SCRUBBER = Scrubber(b"a key for the tests of channels")


@attrs.define
class Book:
    """Tickets in memory, and the delivery that a channel owes of the newest one."""

    channel: str
    tickets: SqliteTickets = attrs.field(init=False)
    connection: sqlite3.Connection = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        policy = Policy(followers=frozenset({self.channel}))
        self.tickets = SqliteTickets(CountingIds(), (self.channel,), policy)
        self.connection = inline_store("escalator").connection

    def open(self, stop: Stop, at: Moment = NOON) -> str:
        return self.tickets.open(stop, at)(self.connection)

    @property
    def owed(self) -> tuple[Delivery, TicketPage]:
        """Give what the channel owes first."""
        delivery = SqliteOutbox().waiting(self.channel)(self.connection)[0]
        return delivery, self.tickets.page(delivery.ticket_id)(self.connection)

    async def bring(self, channel: Channel, *, again: bool = False) -> str:
        """Have the channel tell what it owes first, as its courier does."""
        delivery, page = self.owed
        receipt = await channel.tell(attrs.evolve(delivery, begun=again), page)
        SqliteOutbox().sent(delivery, receipt, NOON)(self.connection)
        return receipt


def failed(incident_id: str = "inc_0001", severity: Severity = Severity.CRITICAL) -> Stop:
    """Stop for a fix that failed."""
    return Stop(
        StopKind.FIX_FAILED, incident_id, severity, "verify_failed", incident_id, "ws-7",
        "ssh_config", "L1-SSH", "LIN-SSH-001", text="Look at sshd, then reload it.",
    )  # fmt: skip


def asking(incident_id: str = "inc_0001") -> Stop:
    """Stop for a fix that waits for a person's yes."""
    return Stop(
        StopKind.APPROVAL, incident_id, Severity.HIGH, "approval", incident_id, "ws-7",
        "ssh_config", "L1-SSH", "LIN-SSH-001",
    )  # fmt: skip


def door(url: str) -> Outbound:
    """Open a way out to one server; no try ends before it has an answer, however busy we are."""
    return Outbound(
        HttpClient(),
        frozenset({Destination.of(url)}),
        CLOCK,
        Random(7),  # noqa: S311  jitter
        pause_s=0.001,
        try_s=30.0,
    )
