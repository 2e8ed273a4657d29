"""The spooler: stands where an appliance has its journal, and answers when it is durable."""

import datetime as dt

import pytest
from structlog.testing import capture_logs

from actors.endpoint_agent import (
    SCHEMA,
    Bounds,
    News,
    Spooler,
    SqliteSpool,
    Standing,
    count_spooled,
)
from actors.messages import Observation, Recorded, Severity, Status
from actors.requests import RecordObservation
from runtime.errors import StoreError, StoreFullError
from runtime.hosts.sqlite import InlineStore
from runtime.store import Write


class Full(InlineStore):
    async def commit(self, *writes: Write[object]) -> list[object]:  # type: ignore[override]  # noqa: ARG002  none is kept
        raise StoreFullError("disk")


def spooler(bounds: Bounds | None = None, kind: type[InlineStore] = InlineStore) -> Spooler:
    store = kind.with_schemas({"endpoint_agent": SCHEMA})
    return Spooler(store, SqliteSpool(bounds or Bounds()), News(), Standing())


def asked(status: Status, *, reason: str = "") -> RecordObservation:
    return RecordObservation(
        Observation(
            id="obs-1", site="", host="ws-7", check="firewall", status=status, reason=reason,
            severity=Severity.HIGH, observed_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            source="scanner",
        )
    )  # fmt: skip


async def test_what_is_kept_is_answered_and_told_on() -> None:
    keeper, drift = spooler(), asked(Status.FAIL)
    told = keeper.news.next

    await keeper.handle_batch([drift, asked(Status.PASS)])

    assert await drift.answer() == Recorded("obs-1", None)
    assert told.is_set()
    assert keeper.standing.fails == 1


async def test_what_is_not_kept_is_asked_again() -> None:
    keeper, drift = spooler(kind=Full), asked(Status.FAIL)

    await keeper.handle_batch([drift])

    with pytest.raises(StoreError):
        await drift.answer()


async def test_every_drop_is_said() -> None:
    keeper = spooler(Bounds(events=2))

    with capture_logs() as said:
        await keeper.handle_batch([asked(Status.FAIL) for _ in range(5)])

    assert [line["count"] for line in said if line["event"] == "reports_dropped"] == [3]


async def test_why_a_check_is_not_answered_is_said_once_until_it_changes() -> None:
    keeper = spooler()

    with capture_logs() as said:
        for reason in ("no_rights", "no_rights", "timeout"):
            await keeper.handle_batch([asked(Status.UNKNOWN, reason=reason)])
        await keeper.handle_batch([asked(Status.PASS)])
        await keeper.handle_batch([asked(Status.ERROR, reason="timeout")])

    assert [line["reason"] for line in said] == ["no_rights", "timeout", "timeout"]
    store = keeper.store
    assert isinstance(store, InlineStore)
    assert count_spooled(store.connection) == (1, 0)
