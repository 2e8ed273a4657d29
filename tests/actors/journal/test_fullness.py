"""How full the file is: looked at seldom, and yet known in time."""

import sqlite3

from actors.journal.fullness import Fullness


def used(connection: sqlite3.Connection) -> float:
    return Fullness().share(connection, 1)


def test_what_is_known_is_never_far_behind_what_is_used() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE rows (body BLOB)")
    connection.execute("PRAGMA max_page_count = 1000")
    known, looks = Fullness(), list[str]()

    while used(connection) < 0.9:
        connection.set_trace_callback(looks.append)
        share = known.share(connection, 7)
        connection.set_trace_callback(None)
        actual = used(connection)
        assert share <= actual
        assert (share >= 0.7) == (actual >= 0.7) or actual < 0.71
        connection.executemany("INSERT INTO rows VALUES (zeroblob(4000))", [()] * 7)

    assert 0 < len(looks) < 3 * 143  # it took 129 batches to get there, and most asked for nothing


def test_a_file_of_no_room_is_looked_at_each_time() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE rows (body BLOB)")
    connection.execute("PRAGMA max_page_count = 10")
    known = Fullness()

    assert known.share(connection, 1) < 0.7
    connection.executemany("INSERT INTO rows VALUES (zeroblob(4000))", [()] * 6)
    assert known.share(connection, 1) >= 0.7
