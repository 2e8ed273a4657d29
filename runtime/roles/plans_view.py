"""What operators read of plans: decisions with what explains them, and the spend ledger."""

import datetime as dt
import sqlite3
from collections.abc import Mapping

from actors.l2_planner import PlanFilter, PlanRecord, SqlitePlans
from runtime.clock import SystemClock
from runtime.errors import InvalidRequestError
from runtime.roles.control import limit_of

Row = dict[str, object]

_RULINGS = ("accept", "review", "reject", "none")


def plans(connection: sqlite3.Connection, args: Mapping[str, str]) -> list[Row]:
    """List decisions, newest first."""
    ruling = args.get("ruling", "")
    if ruling and ruling not in _RULINGS:
        raise InvalidRequestError(f"ruling must be one of {', '.join(_RULINGS)}")
    which = PlanFilter(
        args.get("incident", ""),
        args.get("host", ""),
        ruling,
        args.get("before", ""),
        limit_of(args),
    )
    return [_row(each) for each in SqlitePlans().listed(which)(connection)]


def plans_of(connection: sqlite3.Connection, incident_id: str) -> list[Row]:
    """List the decisions about one incident, oldest first."""
    listed = SqlitePlans().listed(PlanFilter(incident_id))(connection)
    return [_page(each) for each in reversed(listed)]


def plan(connection: sqlite3.Connection, args: Mapping[str, str]) -> Row:
    """Tell all there is about one decision."""
    if not args.get("id"):
        raise InvalidRequestError("id is missing")
    return _page(SqlitePlans().record(args["id"])(connection))


def spending(connection: sqlite3.Connection, args: Mapping[str, str]) -> Row:
    """Tell what plans cost in this hour and day of UTC."""
    if not args.get("site"):
        raise InvalidRequestError("site is missing")
    now = SystemClock().now()
    spent = SqlitePlans().spending(args["site"], args.get("pattern", ""), now)(connection)
    return {
        "at": now.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "hour": spent.hour.cost,
        "hour_calls": spent.hour.calls,
        "day": spent.day.cost,
        "day_calls": spent.day.calls,
        "pattern": spent.pattern_day.cost,
        "pattern_calls": spent.pattern_day.calls,
    }


def _row(record: PlanRecord) -> Row:
    return {
        "id": record.id,
        "made_at": record.made_at.isoformat(timespec="seconds"),
        "incident": record.incident_id,
        "host": record.host,
        "check": record.check,
        "ruling": record.ruling,
        "reason": record.reason,
        "runbook": record.runbook_id,
        "confidence": record.confidence,
        "provider": record.provider or None,
        "model": record.model or None,
        "cost_usd": record.cost / 1_000_000,
        "took_ms": record.took_ms,
        "verdict": None if record.verdict is None else record.verdict.value,
    }


def _page(record: PlanRecord) -> Row:
    tokens = record.tokens
    return {
        **_row(record),
        "site": record.site,
        "pattern": record.pattern,
        "params": dict(record.params),
        "reasoning": record.reasoning,
        "prompt_hash": record.prompt_hash or None,
        "candidates": list(record.candidates),
        "tokens_in": None if tokens is None else tokens.input,
        "tokens_cached": None if tokens is None else tokens.cached,
        "tokens_out": None if tokens is None else tokens.output,
        "answer_of": record.answer_of or None,
        "tries": [
            {
                "provider": each.provider,
                "model": each.model,
                "outcome": each.outcome,
                "took_ms": each.took_ms,
                "cost_usd": each.cost / 1_000_000,
            }
            for each in record.tries
        ],
    }
