"""Who hears of a ticket, by when somebody must have answered, and who is asked next."""

import datetime as dt
import sqlite3
from zoneinfo import ZoneInfo

import attrs
import pytest

from actors.escalator import (
    PROMISES,
    Delivery,
    Policy,
    Promise,
    Quiet,
    Route,
    SqliteOutbox,
    SqliteTickets,
    TicketState,
)
from actors.messages import Moment, Severity, Stop, StopKind
from tests.actors.escalator.desk import NOON, CountingIds, spent
from tests.fakes.store import inline_store

CHANNELS = ("log", "pager", "chat", "mail")
LADDER = Policy(
    routes=(
        Route(("pager",), ("chat", "mail"), frozenset({Severity.CRITICAL})),
        Route((), (), frozenset({Severity.LOW}), frozenset({StopKind.AUDIT})),
        Route(("mail",)),
    ),
    followers=frozenset({"pager", "chat"}),
)
NIGHT = Quiet(ZoneInfo("UTC"), dt.time(22), dt.time(7))
MIDNIGHT = Moment(dt.datetime(2026, 3, 2, tzinfo=dt.UTC), "boot-1", 50_000.0)


@pytest.fixture
def connection() -> sqlite3.Connection:
    return inline_store("escalator").connection


def book(policy: Policy = LADDER) -> SqliteTickets:
    return SqliteTickets(CountingIds(), CHANNELS, policy)


def owed(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Name the occasions that each channel still owes."""
    waiting = {name: SqliteOutbox().waiting(name)(connection) for name in CHANNELS}
    return {name: [one.occasion for one in those] for name, those in waiting.items() if those}


def bring_all(connection: sqlite3.Connection, at: Moment = NOON) -> None:
    for name in CHANNELS:
        for delivery in SqliteOutbox().waiting(name)(connection):
            SqliteOutbox().sent(delivery, "", at)(connection)


def die(connection: sqlite3.Connection, tickets: SqliteTickets, channel: str) -> None:
    """Give up all that a channel owes, as its courier does."""
    for delivery in SqliteOutbox().waiting(channel)(connection):
        SqliteOutbox().bury(delivery, NOON)(connection)
        tickets.pass_on(delivery, NOON)(connection)


def test_the_first_route_that_fits_decides_and_the_log_hears_all(
    connection: sqlite3.Connection,
) -> None:
    book().open(spent("inc-1", Severity.CRITICAL), NOON)(connection)
    assert owed(connection) == {"log": ["opened"], "pager": ["opened"]}


def test_what_is_routed_to_nobody_stands_in_the_log(connection: sqlite3.Connection) -> None:
    stop = Stop(StopKind.AUDIT, "ws-7", Severity.LOW, "audit")
    book().open(stop, NOON)(connection)
    assert owed(connection) == {"log": ["opened"]}


def test_that_a_channel_is_dead_is_told_by_the_others_though_its_route_names_it_alone(
    connection: sqlite3.Connection,
) -> None:
    stop = Stop(StopKind.CHANNEL_DEAD, "mail", Severity.HIGH, "delivery_failed")
    book().open(stop, NOON)(connection)
    assert owed(connection) == {"log": ["opened"], "pager": ["opened"], "chat": ["opened"]}


@pytest.mark.parametrize(
    ("route", "hears"), [(("mail", "chat"), ["chat"]), (("pager",), ["pager"]), ((), [])]
)
def test_that_a_channel_is_dead_goes_where_its_route_leads_beside_it(
    connection: sqlite3.Connection, route: tuple[str, ...], hears: list[str]
) -> None:
    stop = Stop(StopKind.CHANNEL_DEAD, "mail", Severity.HIGH, "delivery_failed")
    book(Policy(routes=(Route(route),))).open(stop, NOON)(connection)
    assert [*owed(connection)] == ["log", *hears]


def test_without_routes_everybody_hears(connection: sqlite3.Connection) -> None:
    book(Policy()).open(spent("inc-1"), NOON)(connection)
    assert owed(connection) == {name: ["opened"] for name in CHANNELS}


def test_when_a_channel_is_dead_the_next_of_its_route_tells_and_after_the_last_all_hear_of_it(
    connection: sqlite3.Connection,
) -> None:
    tickets = book()
    tickets.open(spent("inc-1", Severity.CRITICAL), NOON)(connection)

    die(connection, tickets, "pager")
    assert owed(connection) == {"log": ["opened"], "chat": ["opened"]}
    die(connection, tickets, "chat")
    assert owed(connection) == {"log": ["opened"], "mail": ["opened"]}
    die(connection, tickets, "mail")

    [nobody] = [
        each for each in tickets.listed()(connection) if each.kind is StopKind.NOBODY_REACHED
    ]
    assert (nobody.key, nobody.severity) == ("people", Severity.CRITICAL)
    assert owed(connection) == {
        "log": ["opened", "opened"],
        "pager": ["opened"],
        "chat": ["opened"],
        "mail": ["opened"],
    }
    assert tickets.standing("boot-1")(connection).unreached


def test_that_nobody_was_reached_is_not_said_where_somebody_was(
    connection: sqlite3.Connection,
) -> None:
    tickets = book(Policy())
    tickets.open(spent("inc-1"), NOON)(connection)
    [told] = SqliteOutbox().waiting("mail")(connection)
    SqliteOutbox().sent(told, "", NOON)(connection)

    die(connection, tickets, "pager")
    die(connection, tickets, "chat")

    assert not tickets.standing("boot-1")(connection).unreached


def test_who_answers_in_time_is_not_asked_again(connection: sqlite3.Connection) -> None:
    tickets = book()
    ticket_id = tickets.open(spent("inc-1", Severity.CRITICAL), NOON)(connection)
    tickets.ack(ticket_id, "ada", "", NOON.after(800))(connection)
    bring_all(connection)

    assert tickets.late(NOON.after(900))(connection) == 0
    [due] = tickets.standing("boot-1")(connection).dues
    assert due == NOON.after(3600)


@pytest.mark.parametrize("severity", Severity)
def test_nobody_answered_in_time_so_it_is_told_again_and_further_each_time(
    connection: sqlite3.Connection, severity: Severity
) -> None:
    tickets = book(attrs.evolve(LADDER, routes=(Route(("pager",), ("chat", "mail")),)))
    response_s = PROMISES[severity].response_s
    ticket_id = tickets.open(spent("inc-1", severity), NOON)(connection)
    bring_all(connection)

    assert tickets.late(NOON.after(response_s - 1))(connection) == 0
    assert tickets.late(NOON.after(response_s))(connection) == 1
    assert owed(connection) == {"log": ["late"], "pager": ["late"], "chat": ["late"]}
    bring_all(connection)
    assert tickets.late(NOON.after(3 * response_s - 1))(connection) == 0
    assert tickets.late(NOON.after(3 * response_s))(connection) == 1
    assert owed(connection) == {name: ["late-2"] for name in CHANNELS}

    page = tickets.page(ticket_id)(connection)
    assert [(line.what, line.note) for line in page.history] == [
        ("opened", ""),
        ("late", "no answer"),
        ("late", "no answer"),
    ]
    assert page.ticket.late == 2


def test_what_was_answered_and_is_not_settled_in_time_is_told_again(
    connection: sqlite3.Connection,
) -> None:
    tickets = book()
    ticket_id = tickets.open(spent("inc-1", Severity.CRITICAL), NOON)(connection)
    tickets.ack(ticket_id, "ada", "", NOON.after(60))(connection)
    bring_all(connection)

    assert tickets.late(NOON.after(3600))(connection) == 1
    assert tickets.page(ticket_id)(connection).history[-1].note == "not settled in time"

    tickets.resolve(ticket_id, "ada", "", NOON.after(3700))(connection)
    assert tickets.standing("boot-1")(connection).dues == ()


def test_who_answers_late_still_gets_time_to_settle(connection: sqlite3.Connection) -> None:
    tickets = book()
    ticket_id = tickets.open(spent("inc-1", Severity.CRITICAL), NOON)(connection)
    tickets.ack(ticket_id, "ada", "", NOON.after(3590))(connection)

    [due] = tickets.standing("boot-1")(connection).dues
    assert due == NOON.after(3590 + 900)


def test_a_reminder_is_not_owed_twice_while_the_first_telling_waits(
    connection: sqlite3.Connection,
) -> None:
    tickets = book()
    tickets.open(spent("inc-1", Severity.CRITICAL), NOON)(connection)

    tickets.late(NOON.after(900))(connection)

    assert owed(connection) == {"log": ["opened"], "pager": ["opened"], "chat": ["late"]}


def test_a_promise_outlives_a_reboot_by_the_wall_clock(connection: sqlite3.Connection) -> None:
    tickets = book()
    tickets.open(spent("inc-1", Severity.CRITICAL), NOON)(connection)

    def reboot(after_s: float) -> Moment:
        return Moment(NOON.wall + dt.timedelta(seconds=after_s), "boot-2", 3.0)

    assert tickets.late(reboot(899))(connection) == 0
    assert tickets.late(reboot(900))(connection) == 1


def test_what_a_channel_owed_that_is_no_more_is_told_by_those_that_there_are(
    connection: sqlite3.Connection,
) -> None:
    before = SqliteTickets(CountingIds(), ("log", "old"), Policy(followers=frozenset({"old"})))
    told = before.open(spent("inc-1", key="told"), NOON)(connection)
    bring_all(connection)
    [brought] = SqliteOutbox().waiting("old")(connection)
    SqliteOutbox().sent(brought, "", NOON)(connection)
    before.resolve(told, "ada", "", NOON)(connection)
    opened = before.open(spent("inc-2", key="untold"), NOON)(connection)

    for _ in range(2):
        book(Policy()).promise(NOON)(connection)

    assert SqliteOutbox().waiting("old")(connection) == []
    assert owed(connection) == {
        "log": ["opened"], "pager": ["opened"], "chat": ["opened"], "mail": ["opened"],
    }  # fmt: skip
    assert {one.ticket_id for one in SqliteOutbox().waiting("pager")(connection)} == {opened}
    gone = SqliteOutbox().dead()(connection)
    assert [(one.ticket_id, one.occasion, one.error) for one in gone] == [
        (told, "resolved", "no_channel"), (opened, "opened", "no_channel"),
    ]  # fmt: skip


def after_a_reboot(days: float) -> Moment:
    return Moment(NOON.wall + dt.timedelta(days=days), "boot-2", 3.0)


@pytest.mark.parametrize(
    ("done", "most_s"),
    [((), 900), (("late",), 1800), (("ack",), 3600), (("late", "ack"), 7200)],
)
def test_a_clock_that_is_set_back_makes_no_promise_longer_than_it_is(
    connection: sqlite3.Connection, done: tuple[str, ...], most_s: float
) -> None:
    tickets, begin = book(), after_a_reboot(days=-3650)
    ticket_id = tickets.open(spent("inc-1", Severity.CRITICAL), NOON)(connection)
    if "late" in done:
        tickets.late(NOON.after(900))(connection)
    if "ack" in done:
        tickets.ack(ticket_id, "ada", "", NOON.after(901))(connection)

    tickets.promise(begin)(connection)

    [due] = tickets.standing("boot-2")(connection).dues
    assert due == begin.after(most_s)


@pytest.mark.parametrize(
    ("quiet", "severity", "most_s"),
    [(None, Severity.LOW, 3600), (NIGHT, Severity.LOW, 7 * 3600), (NIGHT, Severity.HIGH, 3600)],
)
def test_a_clock_that_is_set_back_puts_off_no_telling(
    connection: sqlite3.Connection, quiet: Quiet | None, severity: Severity, most_s: float
) -> None:
    tickets, begin = book(Policy(quiet=quiet)), attrs.evolve(MIDNIGHT, boot="boot-2")
    later = attrs.evolve(MIDNIGHT, wall=MIDNIGHT.wall + dt.timedelta(days=3650))
    tickets.open(spent("inc-1", severity), later)(connection)
    [opened] = SqliteOutbox().waiting("chat")(connection)
    SqliteOutbox().postpone(attrs.evolve(opened, attempts=7, due=later.after(3000)))(connection)

    tickets.promise(begin)(connection)

    [owed] = SqliteOutbox().waiting("chat")(connection)
    assert (owed.due, owed.attempts) == (begin.after(most_s), 7)


def test_what_was_promised_before_a_reboot_counts_on_by_the_clock_of_this_boot(
    connection: sqlite3.Connection,
) -> None:
    tickets, begin = book(), after_a_reboot(days=300 / 86_400)
    tickets.open(spent("inc-1", Severity.CRITICAL), NOON)(connection)
    [opened] = SqliteOutbox().waiting("pager")(connection)
    SqliteOutbox().postpone(attrs.evolve(opened, attempts=1, due=NOON.after(400)))(connection)

    tickets.promise(begin)(connection)

    [due] = tickets.standing("boot-2")(connection).dues
    assert due == begin.after(600)
    [owed] = SqliteOutbox().waiting("pager")(connection)
    assert owed.due == begin.after(100)


def test_what_became_of_a_ticket_is_heard_by_those_who_were_told_and_follow(
    connection: sqlite3.Connection,
) -> None:
    tickets = book()
    ticket_id = tickets.open(spent("inc-1", Severity.CRITICAL), NOON)(connection)
    bring_all(connection)

    tickets.ack(ticket_id, "ada", "", NOON)(connection)
    tickets.ack(ticket_id, "bob", "", NOON)(connection)
    assert owed(connection) == {"pager": ["acked"]}
    tickets.resolve(ticket_id, "ada", "", NOON)(connection)
    assert owed(connection) == {"pager": ["acked", "resolved"]}


@pytest.mark.parametrize(("begun", "follows"), [(True, ["resolved"]), (False, [])])
def test_what_was_given_up_but_may_have_arrived_is_taken_back_at_the_end(
    connection: sqlite3.Connection, begun: bool, follows: list[str]
) -> None:
    tickets, outbox = book(), SqliteOutbox()
    ticket_id = tickets.open(spent("inc-1", Severity.CRITICAL), NOON)(connection)
    [opened] = outbox.waiting("pager")(connection)
    dead = attrs.evolve(opened, attempts=8, error="timeout", begun=begun)
    outbox.bury(dead, NOON)(connection)
    tickets.pass_on(dead, NOON)(connection)

    tickets.resolve(ticket_id, "ada", "", NOON)(connection)

    assert owed(connection).get("pager", []) == follows


def test_a_channel_brings_what_it_owes_of_a_ticket_in_order(connection: sqlite3.Connection) -> None:
    tickets, outbox = book(), SqliteOutbox()
    ticket_id = tickets.open(spent("inc-1", Severity.CRITICAL), NOON)(connection)
    [opened] = outbox.waiting("pager")(connection)
    later = attrs.evolve(opened, attempts=1, due=NOON.after(600))
    outbox.postpone(later)(connection)
    tickets.resolve(ticket_id, "ada", "", NOON.after(1))(connection)

    assert [one.occasion for one in outbox.next("pager", "boot-1")(connection)] == ["opened"]
    outbox.sent(later, "", NOON)(connection)
    assert [one.occasion for one in outbox.next("pager", "boot-1")(connection)] == ["resolved"]


def dues(connection: sqlite3.Connection, channel: str) -> list[float]:
    def left(one: Delivery) -> float:
        return one.due.since(MIDNIGHT)

    return [left(one) for one in SqliteOutbox().waiting(channel)(connection)]


def test_at_night_what_is_not_grave_waits_and_what_is_does_not(
    connection: sqlite3.Connection,
) -> None:
    tickets = book(Policy(quiet=NIGHT))
    tickets.open(spent("inc-1", Severity.LOW), MIDNIGHT)(connection)
    tickets.open(spent("inc-2", Severity.CRITICAL, "another"), MIDNIGHT)(connection)

    assert dues(connection, "chat") == [7 * 3600, 0]
    assert dues(connection, "log") == [0, 0]


def test_what_grows_grave_at_night_waits_no_longer(connection: sqlite3.Connection) -> None:
    tickets = book(Policy(quiet=NIGHT))
    tickets.open(spent("inc-1", Severity.LOW), MIDNIGHT)(connection)
    tickets.open(spent("inc-2", Severity.CRITICAL), MIDNIGHT)(connection)

    assert dues(connection, "chat") == [0, 0]


def test_what_is_settled_before_the_morning_wakes_nobody(connection: sqlite3.Connection) -> None:
    tickets = book(Policy(quiet=NIGHT, followers=frozenset({"chat"})))
    ticket_id = tickets.open(spent("inc-1", Severity.LOW), MIDNIGHT)(connection)
    tickets.resolve(ticket_id, "ada", "", MIDNIGHT.after(60))(connection)

    assert owed(connection) == {"log": ["opened"]}


def test_a_ticket_of_before_promises_is_promised_something(connection: sqlite3.Connection) -> None:
    tickets = book()
    tickets.open(spent("inc-1"), NOON)(connection)
    connection.execute("update tickets set due_wall = null, due_boot = null, due_monotonic = null")

    tickets.promise(NOON.after(50))(connection)

    [due] = tickets.standing("boot-1")(connection).dues
    assert due == NOON.after(50 + PROMISES[Severity.MEDIUM].response_s)


def test_what_a_site_promises_can_be_set(connection: sqlite3.Connection) -> None:
    promises = dict.fromkeys(Severity, Promise(10, 20))
    tickets = book(Policy(promises=promises))
    tickets.open(spent("inc-1"), NOON)(connection)

    [due] = tickets.standing("boot-1")(connection).dues
    assert due == NOON.after(10)


def test_pauses_double_and_never_grow_beyond_a_week(connection: sqlite3.Connection) -> None:
    tickets, now, pauses = book(), NOON, list[float]()
    tickets.open(spent("inc-1", Severity.LOW), NOON)(connection)
    for _ in range(12):
        [due] = tickets.standing("boot-1")(connection).dues
        pauses.append(due.since(now))
        now = due
        assert tickets.late(now)(connection) == 1

    assert pauses[:3] == [28_800, 57_600, 115_200]
    assert pauses[-1] == 7 * 86_400
    assert tickets.listed()(connection)[0].state is TicketState.OPEN
