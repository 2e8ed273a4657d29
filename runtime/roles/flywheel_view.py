"""What people read of the flywheel: patterns, what their attempts prove, and their ledger."""

import sqlite3

from actors.flywheel import (
    FlywheelSettings,
    Known,
    Record,
    SqliteFlywheel,
    pattern_id_of,
    shortfalls,
)
from actors.messages import Mode
from actors.messages.promotion import Stage
from runtime.errors import InvalidRequestError
from runtime.roles.control import Args

Row = dict[str, object]

_MEMORY = SqliteFlywheel()


def patterns(connection: sqlite3.Connection, args: Args) -> list[Row]:
    """List what plans did; without `all` only what was proposed, is a rule, or may become one."""
    stage = args.get("stage", "")
    if stage not in ("", "none", *Stage):
        raise InvalidRequestError(f"stage must be none, or one of {', '.join(Stage)}")
    rows = [_row(each) for each in _MEMORY.all()(connection)]
    return [row for row in rows if stage in ("", row["stage"])]


def pattern_page(connection: sqlite3.Connection, args: Args) -> Row:
    """Tell all there is about one pattern."""
    name = args.get("id")
    if not name:
        raise InvalidRequestError("id is missing")
    known = _MEMORY.get(pattern_id_of(name))(connection)
    pattern, promotion = known.pattern, known.promotion
    return {
        **_row(known),
        "signature": pattern.signature,
        "kind": pattern.kind,
        "params": dict(pattern.params),
        "rolled_back": known.record.tally.rolled_back,
        "failed": known.record.tally.failed,
        "unknown": known.record.tally.unknown,
        "first_at": known.first_at.isoformat(timespec="seconds"),
        "until": promotion.until.wall.isoformat(timespec="seconds")
        if promotion and promotion.until
        else None,
        "rule_version": promotion.in_force if promotion else "",
        "missing": missing(known.record, Mode.APPROVE, args),
        "missing_for_auto": missing(known.record, Mode.AUTO, args),
        "file": _MEMORY.rule_file(pattern.id)(connection),
        "ledger": [
            {
                "at": each.at.isoformat(timespec="seconds"),
                "what": each.line.what,
                "from": each.line.before,
                "to": each.line.after,
                "who": each.line.who,
                "why": each.line.why,
                "numbers": dict(each.line.numbers),
            }
            for each in _MEMORY.ledger(pattern.id)(connection)
        ],
    }


def missing(record: Record, mode: Mode, args: Args) -> list[str]:
    """Say what keeps it from being proven, on as many hosts as the site asks for."""
    hosts = args.get("min_hosts", "")
    settings = FlywheelSettings(int(hosts)) if hosts.isdigit() else FlywheelSettings()
    return list(shortfalls(record, mode, settings))


def _row(known: Known) -> Row:
    pattern, tally, promotion = known.pattern, known.record.tally, known.promotion
    return {
        "id": pattern.id,
        "stage": promotion.stage if promotion else "none",
        "mode": promotion.mode if promotion else None,
        "reason": promotion.reason if promotion else "",
        "in_force": bool(promotion and promotion.in_force),
        "check": pattern.check,
        "platform": pattern.platform,
        "runbook": pattern.runbook_id,
        "rule": pattern.rule_id,
        "healed": tally.healed,
        "attempts": tally.attempts,
        "bound": round(tally.lower_bound, 4),
        "clean_run": tally.clean_run,
        "hosts": known.record.hosts,
        "last_at": known.last_at.isoformat(timespec="seconds"),
    }
