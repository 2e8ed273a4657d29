"""The spool: bounded, counted, and whole after a kill -9."""

import math
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from actors.endpoint_agent import SCHEMA, Bounds, Given, Outcome, Report, SqliteCommands
from actors.endpoint_agent.sqlite import SqliteSpool, count_spooled
from runtime.hosts.migrations import migrate

SPOOLING = """
import sys, trio
from pathlib import Path
from actors.endpoint_agent import SCHEMA, Report, SqliteSpool
from runtime.hosts.sqlite import open_database

async def main():
    async with open_database(Path(sys.argv[1]), {"endpoint_agent": SCHEMA}) as store:
        spool = SqliteSpool()
        await store.commit(spool.begin(sys.argv[2]))
        number = 0
        while True:
            number += 1
            report = Report("ws-7", f"check-{number}", False, "on", "off", "", 0)
            await store.commit(spool.append([report]))
            print(number, flush=True)

trio.run(main)
"""


def opened() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection, {"endpoint_agent": SCHEMA})
    return connection


def report(check: str = "firewall", *, passed: bool = False) -> Report:
    return Report("ws-7", check, passed, "on", "on" if passed else "off", "", 1)


STEPS = st.lists(
    st.one_of(
        st.lists(st.booleans(), min_size=1, max_size=6),  # reports: passed?
        st.integers(1, 5),  # so many of the oldest are acked
        st.just("boot"),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(steps=STEPS, events=st.integers(1, 8))
def test_every_report_is_told_dropped_or_there_and_every_drop_is_told_once(
    steps: list[list[bool] | int | str], events: int
) -> None:
    connection, spool = opened(), SqliteSpool(Bounds(events=events))
    appended = acked = told = boots = 0
    numbers: set[tuple[str, int]] = set()
    waiting = spool.after(0, 10_000)
    spool.begin("boot-0")(connection)
    for step in steps:
        before = {row.id for row in waiting(connection)}
        match step:
            case int(count):
                rows = waiting(connection)[:count]
                told += sum(row.untold for row in rows)
                acked += len(rows)
                spool.settle([row.id for row in rows])(connection)
            case str():
                boots += 1
                spool.begin(f"boot-{boots}")(connection)
            case passes:
                appended += len(passes)
                spool.append([report(passed=each) for each in passes])(connection)
        for row in waiting(connection):
            if row.id not in before:
                assert (row.boot_id, row.seq) not in numbers, "a number is given once"
                numbers.add((row.boot_id, row.seq))

    count, dropped = count_spooled(connection)
    assert count <= events
    assert appended == acked + count + dropped
    [[untold]] = connection.execute("select untold from ledger")
    assert dropped == told + untold + sum(row.untold for row in waiting(connection))


def test_a_row_that_cannot_be_read_is_given_as_such_and_counts_as_dropped() -> None:
    connection, spool = opened(), SqliteSpool()
    spool.begin("b")(connection)
    spool.append([report("one"), report("two"), report("three")])(connection)
    connection.execute("update spool set body = x'ff00' where seq = 2")

    rows = spool.after(0, 10)(connection)

    assert [row.report and row.report.check for row in rows] == ["one", None, "three"]
    spool.settle([], [rows[1].id])(connection)
    spool.append([report("four")])(connection)
    assert [row.untold for row in spool.after(0, 10)(connection)] == [0, 0, 1]


@pytest.mark.parametrize("lives", [3])
def test_what_was_kept_outlives_kill_9_in_its_order(tmp_path: Path, lives: int) -> None:
    path, kept = tmp_path / "spool.db", 0
    for life in range(lives):
        command = [sys.executable, "-c", SPOOLING, str(path), f"boot-{life}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            said = [child.stdout.readline() for _ in range(40)]
            child.kill()
            said += child.stdout.readlines()
        kept += len([line for line in said if line.endswith("\n")])

    with sqlite3.connect(path) as connection:
        rows = SqliteSpool().after(0, 100_000)(connection)
    # One of each life may be durable that it had no time to say.
    assert kept <= len(rows) <= kept + lives
    for life in range(lives):
        mine = [row for row in rows if row.boot_id == f"boot-{life}"]
        assert [row.seq for row in mine] == list(range(1, len(mine) + 1))
        assert [row.report and row.report.check for row in mine] == [
            f"check-{row.seq}" for row in mine
        ]


# Commands.


def given_command(name: str = "heal-1") -> Given:
    return Given(name, "firewall", "enable", {}, math.inf)


def test_a_command_is_new_once_and_its_outcome_is_told_until_it_is_taken() -> None:
    connection, commands = opened(), SqliteCommands()

    assert commands.take(given_command())(connection)
    assert not commands.take(given_command())(connection)
    assert commands.untold()(connection) == [], "nothing is known yet"

    commands.finish("heal-1", Outcome(success=True))(connection)
    [done] = commands.untold()(connection)
    assert (done.command_id, done.outcome.success) == ("heal-1", True)

    commands.told("heal-1")(connection)
    assert commands.untold()(connection) == []


def test_a_command_that_comes_again_has_its_outcome_told_again() -> None:
    connection, commands = opened(), SqliteCommands()
    commands.take(given_command())(connection)
    commands.finish("heal-1", Outcome(success=True))(connection)
    commands.told("heal-1")(connection)

    assert not commands.take(given_command())(connection)

    assert len(commands.untold()(connection)) == 1


def test_what_an_earlier_life_began_is_told_as_interrupted_and_never_new() -> None:
    connection, commands = opened(), SqliteCommands()
    commands.take(given_command())(connection)

    assert commands.interrupt()(connection) == 1

    [done] = commands.untold()(connection)
    assert done.outcome == Outcome(success=False, reason="interrupted")
    assert not commands.take(given_command())(connection)


def test_what_a_host_says_that_is_no_text_costs_no_report() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection, {"endpoint_agent": SCHEMA})
    spool = SqliteSpool()
    spool.begin("b1")(connection)
    said = Report(
        "ws-7", "cron", passed=False, expected="", actual="x\udce9", control="", observed_at=1
    )

    spool.append([said])(connection)

    [row] = spool.after(0, 10)(connection)
    assert row.report is not None
    assert row.report.actual == "x?"
