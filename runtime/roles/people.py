"""From settings to what the escalator takes: who hears what, by when, and what may wait."""

from collections.abc import Iterable
from datetime import time
from zoneinfo import ZoneInfo

from actors.escalator import Policy, Promise, Quiet, Route
from actors.messages import Severity, StopKind
from runtime import people_settings as told
from runtime.errors import InvalidFileError
from runtime.roles.line import Line
from runtime.settings import Settings


def reach_of(line: Line) -> dict[str, bool | int]:
    """Tell whether people are reached, for probes."""
    standing = line.people.standing
    return {
        "unreached": standing.unreached,
        "tickets_late": standing.late,
        "deliveries_dead": standing.dead,
    }


def policy_of(settings: Settings) -> Policy:
    """Give what a site has settled about being told.

    Raises:
        InvalidFileError: a route names a kind of ticket that there is not.
    """
    promises = {
        Severity.CRITICAL: settings.sla.critical,
        Severity.HIGH: settings.sla.high,
        Severity.MEDIUM: settings.sla.medium,
        Severity.LOW: settings.sla.low,
    }
    return Policy(
        routes=tuple(_route(each) for each in settings.routing),
        promises={
            severity: Promise(each.response, each.resolution) for severity, each in promises.items()
        },
        quiet=None if settings.quiet_hours is None else _quiet(settings.quiet_hours),
        followers=frozenset(each.name for each in settings.channels if _follows(each)),
    )


def _follows(channel: told.Channel) -> bool:
    # An alert of PagerDuty that nobody acknowledges or resolves calls people for nothing.
    return isinstance(channel, told.PagerDuty) or channel.updates


def _route(route: told.Route) -> Route:
    return Route(
        tuple(route.channels),
        tuple(route.fallback),
        _severities(route.severities),
        frozenset(_kind(each) for each in route.kinds) or frozenset(StopKind),
    )


def _kind(name: str) -> StopKind:
    try:
        return StopKind(name)
    except ValueError as error:
        known = ", ".join(sorted(StopKind))
        problem = f"routing: {name} is no kind of ticket; allowed: {known}"
        raise InvalidFileError("settings", problem) from error


def _quiet(hours: told.QuietHours) -> Quiet:
    return Quiet(
        ZoneInfo(hours.zone),
        time.fromisoformat(hours.start),
        time.fromisoformat(hours.end),
        _severities(hours.severities),
    )


def _severities(names: Iterable[str]) -> frozenset[Severity]:
    return frozenset(Severity(name) for name in names)
