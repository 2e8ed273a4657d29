"""What operators read of the coverage: checks, agents and outages of a window, as plain data."""

import sqlite3
from collections.abc import Mapping, Sequence

from actors.coverage import AgentCoverage, CheckCoverage, Span, SqliteCoverage, instant, minutes
from runtime.clock import SystemClock
from runtime.roles.control import Args, whole

_LONGEST_S = 36_500 * 86_400


def coverage(connection: sqlite3.Connection, args: Args) -> Mapping[str, object]:
    """Say what was observed in the last `since` seconds, of all or of a host, a check.

    Raises:
        InvalidRequestError: `since` is no such number.
    """
    since_s = whole(args, "since", usual=86_400, most=_LONGEST_S)
    memory = SqliteCoverage(lambda _: None)  # a view only reads
    now = SystemClock().now()
    report = memory.report(now, since_s, args.get("host", ""), args.get("check", ""))(connection)
    return {
        "began": report.began.isoformat(timespec="seconds"),
        "ended": report.ended.isoformat(timespec="seconds"),
        "checks": [_check(each) for each in report.checks],
        "agents": [_agent(each) for each in report.agents],
        "outages": _times(report.outages),
    }


def _check(check: CheckCoverage) -> Mapping[str, object]:
    account = check.account
    return {
        "host": check.host,
        "check": check.check,
        "source": check.source,
        "elapsed_ms": account.elapsed,
        "unobserved_ms": account.unobserved,
        "unobserved_min": minutes(account.unobserved),
        "causes": {
            cause.value: minutes(length) for cause, length in account.by_cause.items() if length
        },
        "holes": [
            {
                **_time(hole.unobserved),
                "cause": hole.cause.value,
                "reason": hole.reason,
            }
            for hole in check.holes
        ],
        "last_observed": check.last_at and check.last_at.isoformat(timespec="seconds"),
        "unanswered": check.unanswered,
        "retired": check.retired,
    }


def _agent(agent: AgentCoverage) -> Mapping[str, object]:
    return {
        "host": agent.host,
        "agent_id": agent.agent_id,
        "boot_id": agent.boot_id,
        "last_seq": agent.last_seq,
        "lost": sum(span.last - span.first + 1 for span in agent.lost),
        "gaps": [[span.first, span.last] for span in agent.lost],
        "last_event": agent.last_at.isoformat(timespec="seconds"),
    }


def _times(spans: Sequence[Span]) -> list[Mapping[str, object]]:
    return [_time(span) for span in spans]


def _time(span: Span) -> dict[str, object]:
    return {
        "began": instant(span.first).isoformat(timespec="seconds"),
        "ended": instant(span.last).isoformat(timespec="seconds"),
        "minutes": minutes(span.length),
    }
