"""Tickets: exactly one for each cause, told once, closed when their incidents are."""

import sqlite3
from collections import defaultdict

import attrs
import pytest
from hypothesis import given, strategies as st

from actors.escalator import SqliteOutbox, SqliteTickets, Ticket, TicketState
from actors.messages import Severity, Stop, StopKind
from runtime.errors import ConflictError, NotFoundError
from tests.actors.escalator.desk import NOON, CountingIds, spent
from tests.fakes.store import inline_store


def memory() -> sqlite3.Connection:
    return inline_store("escalator").connection


@pytest.fixture
def tickets() -> SqliteTickets:
    return SqliteTickets(CountingIds(), ("log", "webhook"))


@pytest.fixture
def connection() -> sqlite3.Connection:
    return memory()


def only(connection: sqlite3.Connection, tickets: SqliteTickets) -> Ticket:
    (ticket,) = tickets.listed()(connection)
    return ticket


def owed(connection: sqlite3.Connection, channel: str) -> int:
    return len(SqliteOutbox().waiting(channel)(connection))


def test_one_cause_has_one_ticket_that_counts_its_incidents(
    connection: sqlite3.Connection, tickets: SqliteTickets
) -> None:
    first = tickets.open(spent("inc-1"), NOON)(connection)
    second = tickets.open(spent("inc-2"), NOON)(connection)

    assert first == second
    assert only(connection, tickets).incidents == 2


def test_the_same_incident_counts_once(
    connection: sqlite3.Connection, tickets: SqliteTickets
) -> None:
    for _ in range(3):
        tickets.open(spent("inc-1"), NOON)(connection)

    assert only(connection, tickets).incidents == 1


def test_what_a_person_shall_do_is_kept_with_the_incident_the_newest_words(
    connection: sqlite3.Connection, tickets: SqliteTickets
) -> None:
    assert tickets.told("inc-1")(connection) == ""
    for text in ("Look at it.", "Mend it."):
        tickets.open(attrs.evolve(spent("inc-1"), text=text), NOON)(connection)

    page = tickets.page(only(connection, tickets).id)(connection)
    assert [one.text for one in page.incidents] == ["Mend it."]
    assert tickets.told("inc-1")(connection) == "Mend it."


def test_another_key_is_another_ticket(
    connection: sqlite3.Connection, tickets: SqliteTickets
) -> None:
    tickets.open(spent("inc-1"), NOON)(connection)
    tickets.open(spent("inc-1", key="RB-SSH/ws-8"), NOON)(connection)

    assert len(tickets.listed()(connection)) == 2
    assert len(tickets.about("inc-1")(connection)) == 2


def test_adding_to_a_ticket_tells_nobody_again(
    connection: sqlite3.Connection, tickets: SqliteTickets
) -> None:
    tickets.open(spent("inc-1"), NOON)(connection)
    tickets.open(spent("inc-2"), NOON)(connection)

    assert owed(connection, "log") == owed(connection, "webhook") == 1


def test_a_more_severe_stop_raises_the_ticket_and_tells_again_once(
    connection: sqlite3.Connection, tickets: SqliteTickets
) -> None:
    tickets.open(spent("inc-1"), NOON)(connection)
    for severity in (Severity.CRITICAL, Severity.LOW, Severity.CRITICAL):
        tickets.open(spent("inc-2", severity), NOON)(connection)

    assert only(connection, tickets).severity is Severity.CRITICAL
    assert owed(connection, "webhook") == 2


def test_that_a_channel_is_dead_is_told_by_the_others(
    connection: sqlite3.Connection, tickets: SqliteTickets
) -> None:
    stop = Stop(StopKind.CHANNEL_DEAD, "webhook", Severity.HIGH, "delivery_failed")
    tickets.open(stop, NOON)(connection)

    assert owed(connection, "log") == 1
    assert owed(connection, "webhook") == 0


def test_an_audit_ticket_lists_what_would_have_been_done(
    connection: sqlite3.Connection, tickets: SqliteTickets
) -> None:
    ticket_id = ""
    for number, check in enumerate(("ssh_config", "file_modes")):
        stop = Stop(
            StopKind.AUDIT, "ws-7", Severity.LOW, "audit", f"inc-{number}", "ws-7", check,
            f"L1-{check}", f"RB-{check}",
        )  # fmt: skip
        ticket_id = tickets.open(stop, NOON)(connection)

    page = tickets.page(ticket_id)(connection)
    assert [(line.check, line.rule_id, line.runbook_id) for line in page.incidents] == [
        ("ssh_config", "L1-ssh_config", "RB-ssh_config"),
        ("file_modes", "L1-file_modes", "RB-file_modes"),
    ]


def test_a_ticket_is_resolved_by_aright_when_its_last_incident_is_closed(
    connection: sqlite3.Connection, tickets: SqliteTickets
) -> None:
    ticket_id = tickets.open(spent("inc-1"), NOON)(connection)
    tickets.open(spent("inc-2"), NOON)(connection)

    tickets.settle(("inc-1",), NOON)(connection)
    assert only(connection, tickets).unsettled == 1

    tickets.settle(("inc-2",), NOON)(connection)
    page = tickets.page(ticket_id)(connection)
    assert page.ticket.state is TicketState.RESOLVED
    assert [(line.what, line.who) for line in page.history] == [
        ("opened", "aright"),
        ("resolved", "aright"),
    ]


def test_a_ticket_about_no_incident_waits_for_a_person(
    connection: sqlite3.Connection, tickets: SqliteTickets
) -> None:
    tickets.open(spent(None), NOON)(connection)
    tickets.settle(("inc-1",), NOON)(connection)

    assert only(connection, tickets).state is TicketState.OPEN


def test_what_a_person_says_stands_in_the_history(
    connection: sqlite3.Connection, tickets: SqliteTickets
) -> None:
    ticket_id = tickets.open(spent("inc-1"), NOON)(connection)

    tickets.ack(ticket_id, "ada", "on it", NOON)(connection)
    tickets.resolve(ticket_id, "ada", "more budget", NOON.after(60))(connection)

    page = tickets.page(ticket_id)(connection)
    assert [(line.what, line.who, line.note) for line in page.history[1:]] == [
        ("acked", "ada", "on it"),
        ("resolved", "ada", "more budget"),
    ]
    assert page.ticket.moved_at == NOON.after(60).wall
    assert page.deliveries[0].id == f"{ticket_id}.log.opened"


def test_a_resolved_ticket_takes_no_command_and_the_next_stop_opens_another(
    connection: sqlite3.Connection, tickets: SqliteTickets
) -> None:
    ticket_id = tickets.open(spent("inc-1"), NOON)(connection)
    tickets.resolve(ticket_id, "ada", "", NOON)(connection)

    with pytest.raises(ConflictError, match="is resolved"):
        tickets.ack(ticket_id, "ada", "", NOON)(connection)

    assert tickets.open(spent("inc-1"), NOON)(connection) != ticket_id
    assert len(tickets.listed(resolved=True)(connection)) == 2


def test_an_unknown_ticket_is_not_found(
    connection: sqlite3.Connection, tickets: SqliteTickets
) -> None:
    with pytest.raises(NotFoundError):
        tickets.ack("ticket-x", "ada", "", NOON)(connection)
    with pytest.raises(NotFoundError):
        tickets.page("ticket-x")(connection)


CAUSES = st.sampled_from(["a", "b"])
INCIDENTS = st.sampled_from(["inc-1", "inc-2", "inc-3"])
STEPS = st.one_of(
    st.tuples(st.just("stop"), CAUSES, INCIDENTS),
    st.tuples(st.just("settle"), CAUSES, INCIDENTS),
    st.tuples(st.just("resolve"), CAUSES, INCIDENTS),
)


@given(steps=st.lists(STEPS, max_size=30), repeats=st.lists(st.integers(1, 3), max_size=30))
def test_however_often_a_message_comes_a_cause_has_one_ticket_told_once(
    steps: list[tuple[str, str, str]], repeats: list[int]
) -> None:
    connection, tickets = memory(), SqliteTickets(CountingIds(), ("log",))
    unsettled: defaultdict[str, set[str]] = defaultdict(set)
    opened = 0

    for (step, key, incident_id), times in zip(steps, repeats, strict=False):
        for _ in range(times):
            if step == "stop":
                tickets.open(spent(incident_id, key=key), NOON)(connection)
            elif step == "settle":
                tickets.settle((incident_id,), NOON)(connection)
            else:
                for ticket in tickets.listed()(connection):
                    if ticket.key == key:
                        tickets.resolve(ticket.id, "ada", "", NOON)(connection)

        if step == "stop":
            opened += not unsettled[key]
            unsettled[key].add(incident_id)
        elif step == "settle":
            for waiting in unsettled.values():
                waiting.discard(incident_id)
        else:
            unsettled[key].clear()

        standing = {ticket.key: ticket.unsettled for ticket in tickets.listed()(connection)}
        assert standing == {name: len(waiting) for name, waiting in unsettled.items() if waiting}
        assert owed(connection, "log") == opened
