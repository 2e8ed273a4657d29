"""How much may be spent on plans: reserved before a call, settled after it.  Pure.

A budget belongs to a calendar hour or day of UTC.  A reservation that was never settled, because
the process died in between, counts as spent: nobody knows what the provider asks for it.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final

import attrs

CALLS: Final = "_calls"
"""Ends the name of a budget that counts calls, not micro-dollars."""

_at_least_none = attrs.validators.ge(0)


@attrs.frozen
class Budgets:
    """What plans may cost at most, in micro-dollars, and how often a model may be asked."""

    hour: int = attrs.field(default=250_000, validator=_at_least_none)
    day: int = attrs.field(default=1_000_000, validator=_at_least_none)
    pattern_day: int = attrs.field(default=50_000, validator=_at_least_none)
    """For one kind of drift."""
    calls_hour: int = attrs.field(default=60, validator=_at_least_none)
    calls_day: int = attrs.field(default=500, validator=_at_least_none)
    calls_pattern_day: int = attrs.field(default=10, validator=_at_least_none)


@attrs.frozen
class Spent:
    """What was reserved or paid in a period."""

    cost: int = 0
    """Micro-dollars."""
    calls: int = 0


@attrs.frozen
class Spending:
    """What was spent so far in the periods that an instant belongs to."""

    hour: Spent = Spent()
    day: Spent = Spent()
    pattern_day: Spent = Spent()


@attrs.frozen
class Use:
    """How far one budget is used."""

    name: str
    """hour, day, pattern, or one of these with `_calls`."""
    used: int
    limit: int


@attrs.frozen
class OverBudget:
    """A call would cost more than is left."""

    use: Use
    key: str
    """Names the budget and its period: one ticket for each."""


@attrs.frozen
class Reservation:
    """A call that may be made, at its worst cost."""

    id: str
    decision_id: str
    site: str
    pattern: str
    provider: str
    model: str
    at: dt.datetime
    cost: int
    """Micro-dollars at most."""


def hour_of(at: dt.datetime) -> str:
    """Name the hour of UTC to which an instant belongs."""
    return f"{at.astimezone(dt.UTC):%Y-%m-%dT%H}"


def day_of(at: dt.datetime) -> str:
    """Name the day of UTC to which an instant belongs."""
    return f"{at.astimezone(dt.UTC):%Y-%m-%d}"


def uses(spending: Spending, budgets: Budgets) -> Sequence[Use]:
    """List how far each budget is used; the last two are of one kind of drift."""
    hour, day, pattern = spending.hour, spending.day, spending.pattern_day
    return [
        Use("hour", hour.cost, budgets.hour),
        Use("hour_calls", hour.calls, budgets.calls_hour),
        Use("day", day.cost, budgets.day),
        Use("day_calls", day.calls, budgets.calls_day),
        Use("pattern", pattern.cost, budgets.pattern_day),
        Use("pattern_calls", pattern.calls, budgets.calls_pattern_day),
    ]


def admit(wish: Reservation, spending: Spending, budgets: Budgets) -> OverBudget | None:
    """Say whether a call fits into every budget; the first that it does not fit is named."""
    hour, day = hour_of(wish.at), day_of(wish.at)
    periods = {"hour": hour, "day": day, "pattern": f"{day}/{wish.pattern}"}
    for use in uses(spending, budgets):
        of_calls = use.name.endswith(CALLS)
        if use.used + (1 if of_calls else wish.cost) > use.limit:
            return OverBudget(use, f"{use.name}/{periods[use.name.removesuffix(CALLS)]}")
    return None
