"""The memory of the planner in SQLite; see `PlanMemory` for what each method promises."""

import datetime as dt
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from actors.l2_planner.ledger import (
    Budgets,
    OverBudget,
    Reservation,
    Spending,
    Spent,
    admit,
    day_of,
    hour_of,
)
from actors.l2_planner.record import KeptAnswer, PlanRecord
from actors.l2_planner.store import PlanFilter
from actors.messages import Moment, Verdict
from runtime.codec import from_json, to_json
from runtime.errors import NotFoundError
from runtime.store import Query, Write

_HEALS_KEPT_S: Final = 24 * 3600.0

_SPENT = """
    select coalesce(sum(case when hour = ? then coalesce(cost, reserved) end), 0),
           coalesce(sum(hour = ?), 0),
           coalesce(sum(coalesce(cost, reserved)), 0), count(*),
           coalesce(sum(case when pattern = ? then coalesce(cost, reserved) end), 0),
           coalesce(sum(pattern = ?), 0)
      from plan_spending
     where site = ? and day = ?
"""
"""Cost and calls of an hour, of its day, and of one kind of drift in that day."""


@attrs.frozen
class SqlitePlans:
    """Decisions, spending, answers and heals as rows."""

    days: int = 90
    """For which decisions and what was spent on them are kept."""

    def reserve(self, wish: Reservation, budgets: Budgets) -> Write[OverBudget | None]:
        """Take the worst cost of a call out of every budget, or say which one has no room."""

        def write(connection: sqlite3.Connection) -> OverBudget | None:
            spending = self.spending(wish.site, wish.pattern, wish.at)(connection)
            if (over := admit(wish, spending, budgets)) is not None:
                return over
            connection.execute(
                "insert into plan_spending values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null)",
                (
                    wish.id, wish.decision_id, wish.site, wish.pattern, wish.provider, wish.model,
                    wish.at.isoformat(), hour_of(wish.at), day_of(wish.at), wish.cost,
                ),
            )  # fmt: skip
            return None

        return write

    def settle(self, reservation_id: str, cost: int) -> Write[None]:
        """Put what a call cost in the place of what was reserved for it."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "update plan_spending set cost = ? where id = ?", (cost, reservation_id)
            )

        return write

    def spending(self, site: str, pattern: str, at: dt.datetime) -> Query[Spending]:
        """Add up what was spent in the hour and day of an instant."""
        hour, day = hour_of(at), day_of(at)

        def query(connection: sqlite3.Connection) -> Spending:
            row = connection.execute(_SPENT, (hour, hour, pattern, pattern, site, day)).fetchone()
            return Spending(Spent(*row[:2]), Spent(*row[2:4]), Spent(*row[4:]))

        return query

    def keep(self, record: PlanRecord) -> Write[None]:
        """Keep a decision, and forget what is older than it is to be remembered."""
        oldest = (record.made_at - dt.timedelta(days=self.days)).isoformat()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("delete from plan_decisions where made_at < ?", (oldest,))
            connection.execute("delete from plan_spending where day < ?", (oldest[:10],))
            connection.execute(
                "insert into plan_decisions values (?, ?, ?, ?, ?, ?, ?)",
                (
                    record.id, record.incident_id, record.host, record.made_at.isoformat(),
                    record.ruling, to_json(record), record.verdict,
                ),
            )  # fmt: skip

        return write

    def answer(
        self, pattern: str, catalogue: str, event: str, since: dt.datetime
    ) -> Query[KeptAnswer | None]:
        """Look for an answer to this drift, or to any of its kind, not older than `since`."""

        def query(connection: sqlite3.Connection) -> KeptAnswer | None:
            for (answer,) in connection.execute(
                "select answer from plan_answers where pattern = ? and catalogue = ?"
                " and event in ('', ?) and answered_at >= ? order by answered_at desc limit 1",
                (pattern, catalogue, event, since.isoformat()),
            ):
                return from_json(answer, KeptAnswer)
            return None

        return query

    def keep_answer(self, answer: KeptAnswer) -> Write[None]:
        """Keep an answer in the place of an older one."""
        oldest = (answer.answered_at - dt.timedelta(days=self.days)).isoformat()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("delete from plan_answers where answered_at < ?", (oldest,))
            connection.execute(
                "insert or replace into plan_answers values (?, ?, ?, ?, ?)",
                (
                    answer.pattern, answer.catalogue, answer.event,
                    answer.answered_at.isoformat(), to_json(answer),
                ),
            )  # fmt: skip

        return write

    def ended(
        self, drift: str, incident_id: str, attempt: int, verdict: Verdict, at: Moment
    ) -> Write[None]:
        """Count a verified fix of a drift, once; whoever made it."""

        def write(connection: sqlite3.Connection) -> None:
            if verdict is not Verdict.HEALED:
                return
            for old, its_attempt, *healed in connection.execute(
                "select incident_id, attempt, healed_wall, healed_boot, healed_monotonic"
                " from plan_heals where drift = ?",
                (drift,),
            ).fetchall():
                if at.since(_moment(*healed)) > _HEALS_KEPT_S:
                    connection.execute(
                        "delete from plan_heals where incident_id = ? and attempt = ?",
                        (old, its_attempt),
                    )
            connection.execute(
                "insert or ignore into plan_heals values (?, ?, ?, ?, ?, ?)",
                (incident_id, attempt, drift, at.wall.isoformat(), at.boot, at.monotonic),
            )

        return write

    def plan_ended(self, decision_id: str, pattern: str, verdict: Verdict) -> Write[None]:
        """Keep what became of a plan; one that failed is not used again."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "update plan_decisions set verdict = ? where id = ?", (verdict, decision_id)
            )
            if verdict not in (Verdict.HEALED, Verdict.NO_DRIFT):
                connection.execute("delete from plan_answers where pattern = ?", (pattern,))

        return write

    def heals(self, drift: str) -> Query[Sequence[Moment]]:
        """List when a drift was healed lately."""
        return lambda connection: [
            _moment(*healed)
            for healed in connection.execute(
                "select healed_wall, healed_boot, healed_monotonic from plan_heals"
                " where drift = ? order by healed_wall",
                (drift,),
            )
        ]

    def listed(self, which: PlanFilter) -> Query[Sequence[PlanRecord]]:
        """List decisions, newest first."""
        named = {"incident_id = ?": which.incident_id, "host = ?": which.host}
        named |= {"ruling = ?": which.ruling, "id < ?": which.before}
        asked = {condition: value for condition, value in named.items() if value}
        where = " and ".join(["where true", *asked])
        return lambda connection: list(
            _records(connection, f"{where} order by id desc limit ?", *asked.values(), which.limit)
        )

    def record(self, decision_id: str) -> Query[PlanRecord]:
        """Look a decision up; raises NotFoundError."""

        def query(connection: sqlite3.Connection) -> PlanRecord:
            for record in _records(connection, "where id = ?", decision_id):
                return record
            raise NotFoundError("plan", decision_id)

        return query


def _records(
    connection: sqlite3.Connection, which: str, *values: str | int
) -> Iterator[PlanRecord]:
    rows = connection.execute(
        f"select record, verdict from plan_decisions {which}",  # noqa: S608  `which` is one of ours
        values,
    )
    for record, verdict in rows:
        kept = from_json(record, PlanRecord)
        yield attrs.evolve(kept, verdict=None if verdict is None else Verdict(verdict))


def _moment(wall: str, boot: str, monotonic: float) -> Moment:
    return Moment(dt.datetime.fromisoformat(wall), boot, monotonic)
