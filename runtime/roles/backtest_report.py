"""What a backtest found, as data: counts, and the difference by rule, by host and by site."""

from collections import Counter

import attrs

from actors.l1_evaluator import Change, Group, Outcome
from runtime.roles.backtest import Backtest

Row = dict[str, object]


def report(test: Backtest) -> Row:
    """Give all of it as plain data; each list has what is touched most first."""
    compared = test.compared
    by_place = compared.by_place()
    return {
        "before": "as decided then" if test.before is None else _set(test.before.rules.version),
        "after": _set(test.after.rules.version),
        "events": {"total": test.heard.total(), **test.heard},
        "drifts": compared.drifts,
        "decided": {"before": compared.decided_before, "after": compared.decided_after},
        "undecided": {
            "before": compared.drifts - compared.decided_before,
            "after": compared.drifts - compared.decided_after,
        },
        "not_decided_yet": test.undecided_yet,
        "changes": _counts(compared.by_change()),
        "hosts_touched": len(by_place),
        "by_rule": [_group(group) for group in compared.groups()],
        "by_host": [
            {"site": site, "host": host, "changes": _counts(counted)}
            for (site, host), counted in by_place.items()
        ],
        "by_site": [
            {"site": site, "changes": _counts(counted)}
            for site, counted in compared.by_site().items()
        ],
        "stored_decisions": _replayed(test),
        "bad_lines": test.bad_lines,
        "set_aside": list(test.problems),
    }


def _set(version: str) -> Row:
    return {"rule_set": version}


def _counts(counted: Counter[Change]) -> dict[str, int]:
    return {change.value: counted[change] for change in Change if counted[change]}


def _group(group: Group) -> Row:
    return {
        "changes": [change.value for change in group.changes],
        "drifts": group.places.total(),
        "hosts": len(group.places),
        "before": _outcome(group.before),
        "after": _outcome(group.after),
        "examples": group.examples,
    }


def _outcome(outcome: Outcome) -> Row:
    return {
        "rule": outcome.rule_id,
        "action": outcome.action or None,
        "runbook": outcome.runbook_id or None,
        "mode": outcome.mode,
    }


def _replayed(test: Backtest) -> Row | None:
    replay = test.replay
    if replay is None:
        return None
    return {
        "same": replay.same,
        "different": replay.different,
        "rule_set_not_kept": test.not_kept,
        "found": [attrs.asdict(each) for each in replay.found],
    }
