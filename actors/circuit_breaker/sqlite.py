"""The memory of the safety gate in SQLite; see `GateMemory` for what each method promises."""

import datetime as dt
import sqlite3
from collections.abc import Iterator, Sequence

import attrs

from actors.circuit_breaker.breaker import Breaker
from actors.circuit_breaker.budget import DAY_S
from actors.circuit_breaker.records import Approval, Canary, Recipe, Run
from actors.circuit_breaker.store import BreakerLine
from actors.messages import Moment, Refusal, Verdict
from runtime.errors import NotFoundError
from runtime.store import Query, Write

_ORPHANED = dt.timedelta(days=90)
"""Age at which a row whose incident went another way is swept."""

_BREAKERS = """
    select site, host, runbook_id, failures, opened_wall, opened_boot, opened_monotonic,
           probe, probed_wall, probed_boot, probed_monotonic
      from breakers
"""

_RUNS = """
    select incident_id, attempt, host, host_limit, approved_by, verdict,
           site, rule_id, rule_hash, runbook_id, runbook_hash,
           begun_wall, begun_boot, begun_monotonic
      from fix_runs
"""


@attrs.frozen
class SqliteGate:
    """Breakers, runs, canaries, approvals and those who wait, as rows."""

    def breaker(self, site: str, host: str, runbook_id: str) -> Query[Breaker]:
        """Look a breaker up; one that never failed is closed."""
        fresh = Breaker(site, host, runbook_id)
        return lambda connection: next(_breakers(connection, "where key = ?", fresh.key), fresh)

    def breaker_named(self, key: str) -> Query[Breaker]:
        """Look up a breaker that failed or opened once; raises NotFoundError."""

        def query(connection: sqlite3.Connection) -> Breaker:
            for breaker in _breakers(connection, "where key = ?", key):
                return breaker
            raise NotFoundError("breaker", key)

        return query

    def keep_breaker(self, breaker: Breaker) -> Write[None]:
        """Keep how it stands now."""
        row = (
            breaker.key, breaker.site, breaker.host, breaker.runbook_id, breaker.failures,
            *_columns(breaker.opened_at), breaker.probe, *_columns(breaker.probed_at),
        )  # fmt: skip

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "insert into breakers values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " on conflict (key) do update set failures = excluded.failures,"
                " opened_wall = excluded.opened_wall, opened_boot = excluded.opened_boot,"
                " opened_monotonic = excluded.opened_monotonic, probe = excluded.probe,"
                " probed_wall = excluded.probed_wall, probed_boot = excluded.probed_boot,"
                " probed_monotonic = excluded.probed_monotonic",
                row,
            )

        return write

    def tell_breaker(
        self, breaker: Breaker, what: str, who: str, reason: str, at: Moment
    ) -> Write[None]:
        """Add a line to its history."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "insert into breaker_history select ?, count(*), ?, ?, ?, ?"
                " from breaker_history where key = ?",
                (breaker.key, at.wall.isoformat(), what, who, reason, breaker.key),
            )

        return write

    def breakers(self) -> Query[Sequence[tuple[Breaker, Sequence[BreakerLine]]]]:
        """List all breakers that ever failed, with their history, by key."""
        return lambda connection: [
            (breaker, list(_history(connection, breaker.key)))
            for breaker in _breakers(connection, "order by key")
        ]

    def begin(self, run: Run) -> Write[None]:
        """Count a run, and forget those that no budget counts any more."""
        recipe = run.recipe

        def write(connection: sqlite3.Connection) -> None:
            for old in _runs(connection, "where rule_id = ?", recipe.rule_id):
                if old.verdict is not None and run.begun_at.since(old.begun_at) >= DAY_S:
                    _forget(connection, old)
            connection.execute(
                "insert into fix_runs values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null)",
                (
                    run.incident_id, run.attempt, recipe.site, run.host,
                    recipe.rule_id, recipe.rule_hash, recipe.runbook_id, recipe.runbook_hash,
                    run.host_limit, run.approved_by, *_columns(run.begun_at),
                ),
            )  # fmt: skip

        return write

    def end(self, run: Run, verdict: Verdict) -> Write[None]:
        """Keep what became of a run.  One that did nothing counts no more."""

        def write(connection: sqlite3.Connection) -> None:
            if verdict is Verdict.NO_DRIFT:
                _forget(connection, run)
                return
            connection.execute(
                "update fix_runs set verdict = ? where incident_id = ? and attempt = ?",
                (verdict, run.incident_id, run.attempt),
            )

        return write

    def run(self, incident_id: str, attempt: int) -> Query[Run | None]:
        """Look a run up."""
        return lambda connection: next(
            _runs(connection, "where incident_id = ? and attempt = ?", incident_id, attempt), None
        )

    def runs(
        self, *, rule_id: str | None = None, runbook_id: str | None = None, host: str | None = None
    ) -> Query[Sequence[Run]]:
        """List the runs that may count, of the rule, runbook and host that are named."""
        named = {"rule_id": rule_id, "runbook_id": runbook_id, "host": host}
        values = {column: value for column, value in named.items() if value is not None}
        which = " and ".join(["where true", *(f"{column} = ?" for column in values)])
        return lambda connection: list(_runs(connection, which, *values.values()))

    def canary(self, recipe: Recipe) -> Query[Canary | None]:
        """Look up the first host of a recipe."""

        def query(connection: sqlite3.Connection) -> Canary | None:
            for incident_id, host, *begun, proven in connection.execute(
                "select incident_id, host, begun_wall, begun_boot, begun_monotonic, proven"
                " from canaries where recipe = ?",
                (recipe.key,),
            ):
                return Canary(incident_id, host, _moment(*begun), bool(proven))
            return None

        return query

    def keep_canary(self, recipe: Recipe, canary: Canary | None) -> Write[None]:
        """Keep the first host of a recipe; None: the next may be first."""

        def write(connection: sqlite3.Connection) -> None:
            if canary is None:
                connection.execute("delete from canaries where recipe = ?", (recipe.key,))
                return
            connection.execute(
                "insert or replace into canaries values (?, ?, ?, ?, ?, ?, ?)",
                (
                    recipe.key, canary.incident_id, canary.host,
                    *_columns(canary.begun_at), canary.proven,
                ),
            )  # fmt: skip

        return write

    def approval(self, incident_id: str) -> Query[Approval | None]:
        """Look up what was asked about an incident, and answered."""
        return lambda connection: next(
            _approvals(connection, "where incident_id = ?", incident_id), None
        )

    def keep_approval(self, approval: Approval) -> Write[None]:
        """Keep a question to a person, or the yes to it."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "delete from approvals where asked_at < ?",
                ((approval.asked_at - _ORPHANED).isoformat(),),
            )
            connection.execute(
                "insert or replace into approvals values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    approval.incident_id, approval.plan, approval.asked_at.isoformat(),
                    *_columns(approval.granted_at), approval.who, approval.reason, approval.over,
                ),
            )  # fmt: skip

        return write

    def drop_approval(self, incident_id: str) -> Write[None]:
        """Forget it: it was used, or turned down."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("delete from approvals where incident_id = ?", (incident_id,))

        return write

    def unanswered(self) -> Query[Sequence[Approval]]:
        """List the questions without a yes, oldest first; some may have lost their incident."""
        which = "where granted_wall is null order by asked_at, incident_id"
        return lambda connection: list(_approvals(connection, which))

    def wait(self, incident_id: str, on: str | None, at: Moment) -> Write[None]:
        """Note what an incident waits for; None: nothing any more."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "delete from gate_waiting where incident_id = ? or since < ?",
                (incident_id, (at.wall - _ORPHANED).isoformat()),
            )
            if on is not None:
                row = (incident_id, on, at.wall.isoformat())
                connection.execute("insert into gate_waiting values (?, ?, ?)", row)

        return write

    def release(self, on: str) -> Write[Sequence[str]]:
        """Give the incidents that wait for a breaker or a recipe, and forget that they do."""

        def write(connection: sqlite3.Connection) -> Sequence[str]:
            rows = connection.execute(
                "delete from gate_waiting where waits_on = ? returning incident_id", (on,)
            ).fetchall()
            return sorted(incident_id for (incident_id,) in rows)

        return write


def _breakers(connection: sqlite3.Connection, which: str, *values: str) -> Iterator[Breaker]:
    for site, host, runbook_id, failures, *rest in connection.execute(
        f"{_BREAKERS} {which}", values
    ):
        opened = None if rest[0] is None else _moment(*rest[0:3])
        probed = None if rest[4] is None else _moment(*rest[4:7])
        yield Breaker(site, host, runbook_id, failures, opened, rest[3], probed)


def _history(connection: sqlite3.Connection, key: str) -> Iterator[BreakerLine]:
    for at, what, who, reason in connection.execute(
        "select at, what, who, reason from breaker_history where key = ? order by line", (key,)
    ):
        yield BreakerLine(dt.datetime.fromisoformat(at), what, who, reason)


def _runs(connection: sqlite3.Connection, which: str, *values: str | int) -> Iterator[Run]:
    rows = connection.execute(f"{_RUNS} {which} order by incident_id, attempt", values).fetchall()
    for incident_id, attempt, host, limit, approved_by, verdict, *rest in rows:
        yield Run(
            incident_id,
            attempt,
            host,
            Recipe(*rest[:5]),
            _moment(*rest[5:]),
            limit,
            approved_by,
            None if verdict is None else Verdict(verdict),
        )


def _forget(connection: sqlite3.Connection, run: Run) -> None:
    connection.execute(
        "delete from fix_runs where incident_id = ? and attempt = ?",
        (run.incident_id, run.attempt),
    )


def _approvals(connection: sqlite3.Connection, which: str, *values: str) -> Iterator[Approval]:
    for incident_id, plan, asked_at, *granted, who, reason, over in connection.execute(
        f"select * from approvals {which}",  # noqa: S608  `which` is one of ours
        values,
    ):
        yield Approval(
            incident_id,
            plan,
            dt.datetime.fromisoformat(asked_at),
            None if granted[0] is None else _moment(*granted),
            who,
            reason,
            None if over is None else Refusal(over),
        )


def _columns(moment: Moment | None) -> tuple[str | None, str | None, float | None]:
    if moment is None:
        return None, None, None
    return moment.wall.isoformat(), moment.boot, moment.monotonic


def _moment(wall: str, boot: str, monotonic: float) -> Moment:
    return Moment(dt.datetime.fromisoformat(wall), boot, monotonic)
