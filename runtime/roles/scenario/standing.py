"""How things stand beside how a scenario expects them: what is read, and what is said of it."""

import datetime as dt
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import attrs

from actors.journal import IncidentFilter, list_incidents, trace_of
from actors.messages import Incident
from runtime.roles.line import Line
from runtime.roles.scenario.host import SimulatedHost
from runtime.roles.scenario.model import Expectation, after
from runtime.store import Query

_ALL = 1_000_000


@attrs.frozen
class Miss:
    """Something that did not come true."""

    position: int
    """Of the expectation in its scenario."""
    says: str
    why: Sequence[str] = ()
    """The trace of the incident that it is about."""


def misses(
    expected: Expectation, position: int, line: Line, hosts: Mapping[str, SimulatedHost]
) -> Query[list[Miss]]:
    """Compare one expectation with how things stand now."""

    def query(connection: sqlite3.Connection) -> list[Miss]:
        which = IncidentFilter("all", expected.host or "", expected.check or "", limit=_ALL)
        incidents = list_incidents(which)(connection)
        last = incidents[0] if incidents else None
        wrong = [
            f"{what} is {found}, expected {wanted}"
            for what, found, wanted in (
                *_of_incident(expected, last),
                *_of_all(expected, incidents, line, hosts, connection),
            )
            if found != wanted
        ]
        if not wrong:
            return []
        why = [] if last is None else list(_trace(last, line, connection))
        about = " ".join(filter(None, (expected.host, expected.check)))
        says = f"at {after(expected.at)}{about and f' {about}'}: {'; '.join(wrong)}"
        return [Miss(position, says, why)]

    return query


def _of_incident(
    expected: Expectation, last: Incident | None
) -> Iterator[tuple[str, object, object]]:
    decision = None if last is None else last.decision
    found = {
        "state": "none" if last is None else last.state.value,
        "reason": "none" if last is None else last.reason,
        "rule": "none" if decision is None else decision.rule_id,
        "runbook": "none" if decision is None else decision.runbook_id,
    }
    for what, value in found.items():
        if (wanted := getattr(expected, what)) is not None:
            yield what, value, str(wanted)


def _of_all(
    expected: Expectation,
    incidents: Sequence[Incident],
    line: Line,
    hosts: Mapping[str, SimulatedHost],
    connection: sqlite3.Connection,
) -> Iterator[tuple[str, object, object]]:
    if expected.incidents is not None:
        yield "incidents", len(incidents), expected.incidents
    if expected.acts is not None:
        acts = [
            (host.name, runbook)
            for host in hosts.values()
            if expected.host in (None, host.name)
            for runbook in host.acts
        ]
        if expected.check is not None:
            healing = {each.decision.runbook_id for each in incidents if each.decision}
            acts = [(name, runbook) for name, runbook in acts if runbook in healing]
        yield "acts", len(acts), expected.acts
    if expected.tickets is not None:
        if expected.host is None and expected.check is None:
            tickets = list(line.tickets.listed(resolved=True)(connection))
        else:
            about = (line.tickets.about(each.id)(connection) for each in incidents)
            tickets = list({each.id: each for some in about for each in some}.values())
        found = dict(sorted(Counter(each.kind.value for each in tickets).items()))
        wanted = {kind.value: number for kind, number in sorted(expected.tickets.items())}
        yield "tickets", found, wanted


def _trace(incident: Incident, line: Line, connection: sqlite3.Connection) -> Iterator[str]:
    reason = f", {incident.reason}" if incident.reason else ""
    yield f"{incident.host} {incident.check} is {incident.state}{reason}"
    start = line.ports.clock.now() - dt.timedelta(seconds=line.ports.clock.monotonic())
    for row in trace_of(incident.id)(connection):
        since = dt.datetime.fromisoformat(str(row["at"])) - start
        moved = f" -> {row['to']}" if row["to"] else ""
        yield f"  {after(since.total_seconds()):>8}  {row['kind']}{moved}"
