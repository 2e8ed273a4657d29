"""The tables of before: what stood in them stands in them still."""

import datetime as dt
import sqlite3
from importlib.resources import files

from actors.escalator import SqliteOutbox, SqliteTickets, TicketState
from tests.actors.escalator.desk import NOON, CountingIds

SCHEMA = files("actors.escalator") / "schema"


def test_a_ticket_of_before_keeps_its_history_and_what_is_owed() -> None:
    connection = sqlite3.connect(":memory:")
    for name in ("0001_tickets.sql", "0002_texts.sql"):
        connection.executescript((SCHEMA / name).read_text())
    at = NOON.wall.isoformat()
    connection.execute(
        "insert into tickets values ('ticket_1', 'flap', 'k', 'acked', 'high', 'flap', 'ws-1',"
        " 'c', '', '', ?, ?)",
        (at, at),
    )
    for line, what in enumerate(("opened", "acked")):
        connection.execute(
            "insert into ticket_history values ('ticket_1', ?, ?, ?, 'ada', 'n')", (line, at, what)
        )
    connection.execute(
        "insert into deliveries values"
        " ('ticket_1', 'log', 'opened', 2, ?, 'boot-1', 5.0, null, null, 'timeout')",
        (at,),
    )

    connection.executescript((SCHEMA / "0003_people.sql").read_text())

    tickets = SqliteTickets(CountingIds(), ("log",))
    tickets.promise(NOON)(connection)
    page = tickets.page("ticket_1")(connection)
    assert [line.what for line in page.history] == ["opened", "acked"]
    assert page.ticket.state is TicketState.ACKED
    assert page.ticket.due == NOON.after(dt.timedelta(hours=1).total_seconds())
    [owed] = SqliteOutbox().next("log", "boot-1")(connection)
    assert (owed.attempts, owed.error, owed.begun) == (2, "timeout", False)
