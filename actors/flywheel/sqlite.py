"""The memory of the flywheel in SQLite; see `FlywheelMemory` for what each method promises."""

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from actors.flywheel.core import CLEAN_RUN, Promotion, Record
from actors.flywheel.pattern import RULE_PREFIX, Pattern
from actors.flywheel.rule_text import Sample
from actors.flywheel.statistics import Tally
from actors.flywheel.store import Attempt, KeptLine, Known, LedgerLine
from actors.messages import JSON, Mode, Moment, Verdict
from actors.messages.promotion import Stage
from runtime.codec import from_json, to_json
from runtime.errors import NotFoundError
from runtime.store import Query, Write

_KNOWN = """
    select id, signature, check_name, platform, kind, runbook_id, params,
           healed, failed, rolled_back, unknown, clean_run, first_at, last_at,
           (select count(distinct host) from pattern_attempts
             where pattern_id = id and verdict = 'healed'),
           stage, mode, since_wall, since_boot, since_monotonic,
           until_wall, until_boot, until_monotonic, entered, reason, in_force
      from patterns left join promotions on pattern_id = id
"""


class SqliteFlywheel:
    """Patterns, attempts, promotions and their ledger, as rows."""

    def count(self, pattern: Pattern, attempt: Attempt, at: Moment) -> Write[bool]:
        """Count an attempt, once ever; say whether it is new."""
        wall, pattern_id = at.wall.isoformat(), pattern.id

        def write(connection: sqlite3.Connection) -> bool:
            connection.execute(
                "insert into patterns (id, signature, check_name, platform, kind, runbook_id,"
                " params, first_at, last_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " on conflict do nothing",
                (
                    pattern_id, pattern.signature, pattern.check, pattern.platform,
                    pattern.kind, pattern.runbook_id, pattern.spelled_params, wall, wall,
                ),
            )  # fmt: skip
            kept = connection.execute(
                "insert into pattern_attempts values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " on conflict do nothing",
                (
                    attempt.incident_id, attempt.attempt, pattern_id, attempt.site, attempt.host,
                    attempt.severity, attempt.source, "rule" if attempt.by_rule else "plan",
                    attempt.verdict, wall,
                ),
            )  # fmt: skip
            if not kept.rowcount:
                return False
            tally = _known(connection, pattern_id).record.tally.counting(attempt.verdict)
            connection.execute(
                "update patterns set healed = ?, failed = ?, rolled_back = ?, unknown = ?,"
                " clean_run = ?, last_at = ? where id = ?",
                (
                    tally.healed, tally.failed, tally.rolled_back, tally.unknown,
                    tally.clean_run, wall, pattern_id,
                ),
            )  # fmt: skip
            return True

        return write

    def get(self, pattern_id: str) -> Query[Known]:
        """Look a pattern up; the query raises NotFoundError."""
        return lambda connection: _known(connection, pattern_id)

    def all(self) -> Query[Sequence[Known]]:
        """List every pattern, the one tried last first."""
        return lambda connection: list(_found(connection, "order by last_at desc, id"))

    def to_review(self) -> Query[Sequence[Known]]:
        """List those that stand in a stage, or whose clean run is long enough for a proposal."""
        which = "where clean_run >= ? or stage <> 'retired' order by id"
        return lambda connection: list(_found(connection, which, CLEAN_RUN))

    def samples(self, pattern_id: str) -> Query[Sequence[Sample]]:
        """Tell the kinds of incidents that it healed, the most frequent first."""
        return lambda connection: [
            Sample(*row)
            for row in connection.execute(
                "select severity, source, count(*) from pattern_attempts"
                " where pattern_id = ? and verdict = 'healed' group by 1, 2 order by 3 desc, 1, 2",
                (pattern_id,),
            )
        ]

    def justifying(self, pattern_id: str) -> Query[Mapping[str, Verdict]]:
        """List the incidents on which it was tried, each with its last verdict."""
        return lambda connection: {
            str(incident_id): Verdict(verdict)
            for incident_id, verdict in connection.execute(
                "select incident_id, verdict from pattern_attempts where pattern_id = ?"
                " order by incident_id, attempt",
                (pattern_id,),
            )
        }

    def keep(self, promotion: Promotion, rule: str, line: LedgerLine, at: Moment) -> Write[None]:
        """Keep where a promotion stands, the file of its rule, and the line that says why."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "insert or replace into promotions values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    promotion.pattern_id, promotion.stage, promotion.mode,
                    *_columns(promotion.since), *_columns(promotion.until),
                    to_json(promotion.entered), promotion.reason, promotion.in_force, rule,
                ),
            )  # fmt: skip
            connection.execute(
                "insert into promotion_ledger"
                " (pattern_id, at, what, from_stage, to_stage, who, why, numbers)"
                " values (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    promotion.pattern_id, at.wall.isoformat(), line.what, line.before, line.after,
                    line.who, line.why, to_json(line.numbers),
                ),
            )  # fmt: skip

        return write

    def ledger(self, pattern_id: str) -> Query[Sequence[KeptLine]]:
        """Give its lines, oldest first."""
        return lambda connection: [
            KeptLine(
                dt.datetime.fromisoformat(at),
                LedgerLine(
                    what,
                    None if before is None else Stage(before),
                    Stage(after),
                    who,
                    why,
                    cast("dict[str, JSON]", json.loads(numbers)),
                ),
            )
            for at, what, before, after, who, why, numbers in connection.execute(
                "select at, what, from_stage, to_stage, who, why, numbers from promotion_ledger"
                " where pattern_id = ? order by seq",
                (pattern_id,),
            )
        ]

    def rule_files(self) -> Query[Mapping[str, str]]:
        """Give the rule files that must stand, by the id of their rule."""
        return lambda connection: {
            f"{RULE_PREFIX}{pattern_id}": str(rule)
            for pattern_id, rule in connection.execute(
                "select pattern_id, rule from promotions where rule <> '' order by pattern_id"
            )
        }

    def rule_file(self, pattern_id: str) -> Query[str]:
        """Give the file of one rule; empty where none must stand."""
        return lambda connection: self.rule_files()(connection).get(
            f"{RULE_PREFIX}{pattern_id}", ""
        )


def _known(connection: sqlite3.Connection, pattern_id: str) -> Known:
    for known in _found(connection, "where id = ?", pattern_id):
        return known
    ids = (str(row[0]) for row in connection.execute("select id from patterns").fetchall())
    raise NotFoundError("pattern", pattern_id, ids)


def _found(connection: sqlite3.Connection, which: str, *values: str | int) -> Iterator[Known]:
    for row in connection.execute(f"{_KNOWN} {which}", values).fetchall():
        signature, check, platform, kind, runbook_id, params = row[1:7]
        first_at, last_at, hosts = row[12:15]
        yield Known(
            Pattern(signature, check, platform, kind, runbook_id, json.loads(params)),
            Record(Tally(*row[7:12]), hosts),
            None if row[15] is None else _promotion(row[0], row[15:]),
            dt.datetime.fromisoformat(first_at),
            dt.datetime.fromisoformat(last_at),
        )


def _promotion(pattern_id: str, row: Sequence[str]) -> Promotion:
    stage, mode, *moments, entered, reason, in_force = row
    since, until = moments[:3], moments[3:]
    return Promotion(
        pattern_id,
        Stage(stage),
        Mode(mode),
        _moment(*since),
        from_json(entered, Tally),
        _moment(*until) if until[0] else None,
        reason,
        in_force,
    )


def _columns(moment: Moment | None) -> tuple[str | None, str | None, float | None]:
    if moment is None:
        return None, None, None
    return moment.wall.isoformat(), moment.boot, moment.monotonic


def _moment(wall: str, boot: str, monotonic: str) -> Moment:
    return Moment(dt.datetime.fromisoformat(wall), boot, float(monotonic))
