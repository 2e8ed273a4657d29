"""Budgets: how often a runbook runs on a host, and how many hosts a rule touches.  Pure.

A budget is a sliding window over the runs that were let through, so nothing has to be refilled,
and the time at which there is room again is known when it refuses.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction

import attrs

from actors.circuit_breaker.records import Run
from actors.messages import Moment

DAY_S = 24 * 3600.0
HOUR_S = 3600.0


@attrs.frozen
class Use:
    """How far a budget is used."""

    kind: str
    """runbook: runs of it on a host in a day; rule: hosts that it touched in an hour."""
    name: str
    """Id of the runbook or rule."""
    host: str
    """Of a runbook's budget; empty for a rule's."""
    used: int
    limit: int
    wait_s: float
    """Seconds until one more fits; 0 while there is room."""


def host_limit(hosts: int, share: float, own: int | None) -> int:
    """Give the number of hosts that one rule may touch in an hour.

    Args:
        hosts: how many the site has.
        share: the part of them that a rule may touch.
        own: the rule's own bound, which stands where there is one.
    """
    # As a decimal: the float 0.05 x 140 is a little more than 7, and its ceiling 8.
    return own if own is not None else max(1, math.ceil(Fraction(str(share)) * hosts))


def runbook_use(runs: Sequence[Run], runbook_id: str, host: str, now: Moment, limit: int) -> Use:
    """Say how far the day's runs of a runbook on a host are used up."""
    left = _left(runs, now, DAY_S)
    return Use("runbook", runbook_id, host, len(left), limit, _wait(left, limit))


def rule_use(runs: Sequence[Run], rule_id: str, now: Moment, limit: int, *, host: str = "") -> Use:
    """Say how far the hour's hosts of a rule are used up.

    A host that was touched within the hour is no further one: `host` may come again.
    """
    by_host: defaultdict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_host[run.host].append(run)
    lasts = {name: max(_left(its, now, HOUR_S), default=0.0) for name, its in by_host.items()}
    touched = sorted(left for left in lasts.values() if left > 0)
    wait_s = 0.0 if lasts.get(host, 0.0) > 0 else _wait(touched, limit)
    return Use("rule", rule_id, "", len(touched), limit, wait_s)


def uses(runs: Iterable[Run], now: Moment, runs_per_day: int) -> Sequence[Use]:
    """List every budget of which something is used, runbooks first, by name."""
    by_runbook: defaultdict[tuple[str, str], list[Run]] = defaultdict(list)
    by_rule: defaultdict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_runbook[run.recipe.runbook_id, run.host].append(run)
        by_rule[run.recipe.rule_id].append(run)
    listed = [
        *(runbook_use(its, *key, now, runs_per_day) for key, its in sorted(by_runbook.items())),
        *(rule_use(its, key, now, its[-1].host_limit) for key, its in sorted(by_rule.items())),
    ]
    return [use for use in listed if use.used]


def _left(runs: Iterable[Run], now: Moment, window_s: float) -> list[float]:
    """Give the seconds for which each run still counts, the first to fall out first."""
    ages = (now.since(run.begun_at) for run in runs)
    return sorted(window_s - age for age in ages if age < window_s)


def _wait(left: Sequence[float], limit: int) -> float:
    return 0.0 if len(left) < limit else left[len(left) - limit]
