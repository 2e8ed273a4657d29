"""What a person does in a scenario, as a request to the room that decides it."""

from collections.abc import Awaitable
from typing import Final

from actors.flap_suppressor import SqliteFlaps
from actors.journal import IncidentFilter, list_incidents
from actors.messages.suppression import drift_key
from actors.requests import (
    ApproveFix,
    LiftSuppression,
    RejectFix,
    ReopenIncident,
    ResetBreaker,
    Suppress,
)
from runtime.errors import NotFoundError
from runtime.roles.line import Line
from runtime.roles.scenario.model import Step

SITE: Final = "site-1"
_SIGNED: Final = ("operator", "as the scenario says")


async def obey(step: Step, host: str, line: Line) -> None:
    """Do what a person orders.

    Raises:
        NotFoundError: there is no incident, suppression or breaker to give the order about.
        ConflictError: it does not fit the state that the incident is in.
    """
    check, runbook = step.check or "", step.runbook or ""
    order: Awaitable[object]
    match step.operator:
        case "approve":
            order = ApproveFix(await _incident(host, check, line), *_SIGNED).ask(line.proposed.post)
        case "reject":
            order = RejectFix(await _incident(host, check, line), *_SIGNED).ask(line.proposed.post)
        case "reopen":
            order = ReopenIncident(await _incident(host, check, line), *_SIGNED).ask(
                line.heard.post
            )
        case "lift":
            order = LiftSuppression(await _suppression(host, check, line), *_SIGNED).ask(
                line.flaps.post
            )
        case "suppress":
            order = Suppress(SITE, host, check, step.lasts, *_SIGNED).ask(line.flaps.post)
        case "reset":
            key = drift_key(SITE, host, runbook)
            order = ResetBreaker(key, *_SIGNED).ask(line.proposed.post)
        case None:
            raise ValueError("the step orders nothing")
    await order


async def _incident(host: str, check: str, line: Line) -> str:
    query = list_incidents(IncidentFilter("all", host, check, limit=1))
    found = await line.ports.store.read(query)
    if not found:
        raise NotFoundError("incident", f"of {host} and {check}")
    return found[0].id


async def _suppression(host: str, check: str, line: Line) -> str:
    found = await line.ports.store.read(SqliteFlaps().standing(SITE, host, check))
    if found is None:
        raise NotFoundError("suppression", f"of {host} and {check}")
    return found.id
