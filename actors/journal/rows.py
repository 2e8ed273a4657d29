"""Rows of the journal's tables, and the messages they stand for."""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from typing import cast

from actors.messages import JSON, Decision, Incident, Moment, Observation, Severity, State
from runtime.codec import converter, from_json, to_json

Cell = str | int | float | None

INCIDENT = (
    "id, site, host, check_id, severity, state, opened_at, moved_at, last_seen, observation_id,"
    " count, reason, due_wall, due_boot, due_monotonic, decision, attempt, recurred_from,"
    " stalled_starts"
)
"""The columns of an incident, in the order of `incident_of` and `cells_of`."""


HEARD = ", ".join(
    f"observations.{name}"
    for name in ("id", "host", "check_id", "status", "observed_at", "seq", "body")
)
"""The columns of an observation, in the order of `told_by`."""

_LEFT_OUT: Mapping[str, JSON] = {
    "agent_id": "", "boot_id": "", "expected": "", "actual": "", "controls": [], "metadata": {},
    "distro": "", "details": {},
}  # fmt: skip
"""What is told of an observation that says nothing of it."""

_NO_MOMENT: tuple[Cell, Cell, Cell] = (None, None, None)


def cells_of(
    incident: Incident, spelled: Callable[[dt.datetime], str] = dt.datetime.isoformat
) -> tuple[Cell, ...]:
    """Give the cells of a row; `spelled` may know an instant by heart."""
    due = incident.due
    return (
        incident.id,
        incident.site,
        incident.host,
        incident.check,
        incident.severity._value_,
        incident.state._value_,
        spelled(incident.opened_at),
        spelled(incident.moved_at),
        spelled(incident.last_seen),
        incident.observation_id,
        incident.count,
        incident.reason,
        *(_NO_MOMENT if due is None else (spelled(due.wall), due.boot, due.monotonic)),
        None if incident.decision is None else to_json(incident.decision),
        incident.attempt,
        incident.recurred_from,
        incident.stalled_starts,
    )


def incident_of(row: Iterable[object]) -> Incident:
    """Read a row of `INCIDENT`."""
    (
        id_, site, host, check, severity, state, opened_at, moved_at, last_seen, observation_id,
        count, reason, due_wall, due_boot, due_monotonic, decision, attempt, recurred_from, stalled,
    ) = row  # fmt: skip
    return Incident(
        id=str(id_),
        site=str(site),
        host=str(host),
        check=str(check),
        severity=Severity(str(severity)),
        state=State(str(state)),
        opened_at=instant_of(opened_at),
        moved_at=instant_of(moved_at),
        last_seen=instant_of(last_seen),
        observation_id=str(observation_id),
        count=int(str(count)),
        reason=str(reason),
        due=moment_of(due_wall, due_boot, due_monotonic),
        decision=None if decision is None else from_json(str(decision), Decision),
        attempt=int(str(attempt)),
        recurred_from=None if recurred_from is None else str(recurred_from),
        stalled_starts=int(str(stalled)),
    )


def moment_cells(moment: Moment | None) -> tuple[Cell, Cell, Cell]:
    """Give the three cells of a moment."""
    if moment is None:
        return _NO_MOMENT
    return (moment.wall.isoformat(), moment.boot, moment.monotonic)


def moment_of(wall: object, boot: object, monotonic: object) -> Moment | None:
    """Read the three cells of a moment."""
    if wall is None:
        return None
    return Moment(instant_of(wall), str(boot), float(str(monotonic)))


def instant_of(text: object) -> dt.datetime:
    """Read an instant."""
    return dt.datetime.fromisoformat(str(text))


def told_by(row: Iterable[object]) -> dict[str, JSON]:
    """Read a row of `HEARD`: the fields of the observation, as JSON has them."""
    id_, host, check, status, observed_at, seq, body = cast("Iterable[JSON]", row)
    return {
        **_LEFT_OUT,
        **cast("dict[str, JSON]", json.loads(str(body))),
        "id": id_,
        "host": host,
        "check": check,
        "status": status,
        "observed_at": observed_at,
        "seq": seq,
    }


def observation_of(row: Iterable[object]) -> Observation:
    """Read a row of `HEARD`."""
    return converter.structure(told_by(row), Observation)
