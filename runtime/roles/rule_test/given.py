"""The event that a test beside a rule means: the fields it names, and what such events have."""

import datetime as dt
import difflib
import enum
from collections.abc import Mapping, Sequence
from typing import Final, cast

import attrs

from actors.catalogue.check_names import CheckNames
from actors.catalogue.checks import Check
from actors.l1_evaluator import event_of
from actors.messages import Observation, Platform, Severity, Status
from runtime.errors import ArightError

SITE, HOST, AGENT = "site-1", "host-1", "agent-1"
SOURCES: Final = ("scanner", "agent", "operator")
_NEVER = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


class ImpossibleEventError(ArightError):
    """A test gives an event that no host, agent or operator could send."""


@attrs.frozen
class Known:
    """The checks of which events speak."""

    checks: Mapping[str, Check]
    names: CheckNames

    def event(self, given: Mapping[str, object]) -> dict[str, object]:
        """Complete the fields of a test to an event as rules see it; null takes a field away.

        Raises:
            ImpossibleEventError: a field that events do not have, a value that it never has, or
                two fields that contradict each other.
        """
        check = given.get("check_type") or given.get("incident_type")
        if not isinstance(check, str):
            raise ImpossibleEventError("given names no check_type")
        meant = self.names.named(check).name
        if meant != check:
            raise ImpossibleEventError(f"agents say {check!r}; rules see it as {meant!r}")
        event = self.plain_event(check)
        for field, value in given.items():
            if value is not None:
                _must_be_possible(field, value, event)
        event |= given
        if "drift_detected" not in given:
            event["drift_detected"] = event["status"] == Status.FAIL
        _must_agree(event)
        return {field: value for field, value in event.items() if value is not None}

    def given(self, event: Mapping[str, object]) -> dict[str, object]:
        """Give the fields that a test must name for `event` to give this one again."""
        plain = self.plain_event(str(event.get("check_type") or event.get("incident_type")))
        told = {"check_type": event.get("check_type")}
        told |= {field: event.get(field) for field in plain if event.get(field) != plain[field]}
        if told.get("drift_detected") is not None:  # as the status says
            del told["drift_detected"]
        return told

    def plain_event(self, check: str) -> dict[str, object]:
        """Give the event of a drift that a check finds on a host of its own platform."""
        known = self.checks.get(check)
        scanned = known is not None and not known.is_reported and known.platform is Platform.LINUX
        return event_of(
            Observation(
                id="",
                site=SITE,
                host=HOST,
                check=check,
                status=Status.FAIL,
                severity=self.names.named(check).severity,
                observed_at=_NEVER,
                source="scanner" if scanned else "agent",
                platform=Platform.UNKNOWN if known is None else known.platform,
                expected="" if known is None else str(known.baseline),
                agent_id="" if scanned else AGENT,
            )
        )


def _must_be_possible(field: str, value: object, event: Mapping[str, object]) -> None:
    if field not in event:
        near = difflib.get_close_matches(field, event, n=1)
        meant = f"did you mean {near[0]!r}? " if near else ""
        raise ImpossibleEventError(
            f"no event has the field {field!r}; {meant}there are {', '.join(event)}"
        )
    allowed = _ALLOWED.get(field)
    if allowed is not None and value not in allowed:
        raise ImpossibleEventError(f"{field} is one of {', '.join(allowed)}, never {value!r}")
    kind = type(event[field]) if isinstance(event[field], bool | dict) else str
    if not isinstance(value, kind):
        raise ImpossibleEventError(f"{field} is {_KINDS[kind]}, never {value!r}")


def _must_agree(event: Mapping[str, object]) -> None:
    check, incident = event["check_type"], event["incident_type"]
    if None not in (check, incident) and check != incident:
        raise ImpossibleEventError(f"incident_type is always check_type: {check!r}")
    status, drift = event["status"], event["drift_detected"]
    if None not in (status, drift) and drift is not (status == Status.FAIL):
        raise ImpossibleEventError(f"drift_detected is true for fail, and status is {status!r}")


def _words(kind: type[enum.StrEnum]) -> Sequence[str]:
    return tuple(each.value for each in kind)


_ALLOWED: Final[Mapping[str, Sequence[str]]] = {
    "status": _words(Status),
    "severity": _words(Severity),
    "platform": _words(Platform),
    "source": SOURCES,
}
_KINDS: Final = cast(
    "Mapping[type, str]", {bool: "true or false", dict: "a mapping", str: "a text"}
)
