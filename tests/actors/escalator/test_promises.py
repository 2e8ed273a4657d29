"""The clock of promises: it rings when it must, once, and owns no timer while nothing is open."""

import structlog.testing
import trio
import trio.testing

from actors.escalator import Promises, SqliteTickets
from actors.messages import Moment, Severity, Stop, StopKind
from tests.actors.escalator.desk import CLOCK, CountingIds, spent
from tests.fakes.store import inline_store


async def test_an_hour_without_an_answer_is_told_twice(
    autojump_clock: trio.testing.MockClock,
) -> None:
    store, tickets = inline_store("escalator"), SqliteTickets(CountingIds(), ("log",))
    async with trio.open_nursery() as nursery:
        promises = Promises(store, tickets, CLOCK)
        store.on_commit = promises.changed
        nursery.start_soon(promises.run)
        await trio.testing.wait_all_tasks_blocked()
        stop = spent("inc-1", Severity.CRITICAL)
        [ticket_id] = await store.commit(tickets.open(stop, Moment.read(CLOCK)))

        await trio.sleep(899)
        assert promises.standing.late == 0
        await trio.sleep(2)
        assert promises.standing.late == 1
        await trio.sleep(3600)
        nursery.cancel_scope.cancel()

    history = tickets.page(ticket_id)(store.connection).history
    assert [line.what for line in history] == ["opened", "late", "late"]
    waits = [(line.at - CLOCK.epoch).total_seconds() for line in history]
    assert [round(wait) for wait in waits] == [0, 900, 2700]


async def test_what_fell_due_while_the_appliance_was_off_is_told_at_its_start(
    autojump_clock: trio.testing.MockClock,
) -> None:
    store, tickets = inline_store("escalator"), SqliteTickets(CountingIds(), ("log",))
    await store.commit(tickets.open(spent("inc-1", Severity.CRITICAL), Moment.read(CLOCK)))
    await trio.sleep(5000)

    async with trio.open_nursery() as nursery:
        promises = Promises(store, tickets, CLOCK)
        store.on_commit = promises.changed
        nursery.start_soon(promises.run)
        await trio.sleep(1)
        nursery.cancel_scope.cancel()

    assert promises.standing.late == 1


async def test_that_nobody_is_reached_is_an_error_in_the_log_once(
    autojump_clock: trio.testing.MockClock,
) -> None:
    store, tickets = inline_store("escalator"), SqliteTickets(CountingIds(), ("log",))
    stop = Stop(StopKind.NOBODY_REACHED, "people", Severity.CRITICAL, "nobody_reached")
    with structlog.testing.capture_logs() as lines:
        async with trio.open_nursery() as nursery:
            promises = Promises(store, tickets, CLOCK)
            store.on_commit = promises.changed
            nursery.start_soon(promises.run)
            for _ in range(3):
                await store.commit(tickets.open(stop, Moment.read(CLOCK)))
                await trio.sleep(1)
            assert promises.standing.unreached
            nursery.cancel_scope.cancel()

    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["nobody_reached"]
