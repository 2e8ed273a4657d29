"""What an operator may change: each verb of the control socket as a request to its room."""

import enum
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar, cast

import attrs

from actors.drift_receiver import name_problem
from actors.escalator import TicketState, try_out
from actors.messages import (
    JSON,
    Incident,
    Moment,
    Observation,
    Platform,
    Severity,
    Status,
)
from actors.messages.suppression import Suppression
from actors.requests import (
    AckTicket,
    ApproveFix,
    ExtendSuppression,
    LiftSuppression,
    RecordObservation,
    RejectFix,
    ReopenIncident,
    ResetBreaker,
    ResolveTicket,
    Suppress,
)
from runtime.errors import NotFoundError
from runtime.roles.catalogue import Catalogue
from runtime.roles.control import Body, Change, MissingArgumentError, seconds, text
from runtime.roles.line import Line

Told = dict[str, object]
E = TypeVar("E", bound=enum.StrEnum)


@attrs.frozen
class Commands:
    """Obeys operators: each verb becomes a request to the room that decides it."""

    site: str
    line: Line
    reload: Callable[[Line], Awaitable[Catalogue]]

    def changes(self) -> Mapping[tuple[str, str], Change]:
        """Map noun and verb to what they do."""
        return {
            ("incident", "ack"): self._ack_incident,
            ("incident", "approve"): self._approve,
            ("incident", "reject"): self._reject,
            ("incident", "reopen"): self._reopen,
            ("suppression", "lift"): self._lift,
            ("suppression", "extend"): self._extend,
            ("suppression", "add"): self._suppress,
            ("breaker", "reset"): self._reset,
            ("ticket", "ack"): self._ack_ticket,
            ("ticket", "resolve"): self._resolve_ticket,
            ("channel", "test"): self._try_channel,
            ("event", "submit"): self._submit,
            ("rule", "reload"): self._reload_rules,
        }

    async def _ack_incident(self, body: Body) -> Told:
        incident_id = text(body, "id")
        if await self.line.ports.store.read(self.line.journal.get(incident_id)) is None:
            raise NotFoundError("incident", incident_id)
        tickets = await self.line.ports.store.read(self.line.tickets.about(incident_id))
        waiting = [each.id for each in tickets if each.state is TicketState.OPEN]
        for ticket_id in waiting:
            await AckTicket(ticket_id, text(body, "who"), text(body, "note", "")).ask(
                self.line.desk.post
            )
        return {"acknowledged": len(waiting)}

    async def _approve(self, body: Body) -> Told:
        return _incident(await ApproveFix(*_signed(body)).ask(self.line.proposed.post))

    async def _reject(self, body: Body) -> Told:
        return _incident(await RejectFix(*_signed(body)).ask(self.line.proposed.post))

    async def _reopen(self, body: Body) -> Told:
        return _incident(await ReopenIncident(*_signed(body)).ask(self.line.heard.post))

    async def _lift(self, body: Body) -> Told:
        return _suppression(await LiftSuppression(*_signed(body)).ask(self.line.flaps.post))

    async def _extend(self, body: Body) -> Told:
        identity, who, reason = _signed(body)
        wish = ExtendSuppression(identity, seconds(body, "seconds"), who, reason)
        return _suppression(await wish.ask(self.line.flaps.post))

    async def _suppress(self, body: Body) -> Told:
        wish = Suppress(
            self.site,
            text(body, "host"),
            text(body, "check", ""),
            seconds(body, "seconds"),
            text(body, "who"),
            text(body, "reason"),
        )
        return _suppression(await wish.ask(self.line.flaps.post))

    async def _reset(self, body: Body) -> Told:
        wish = ResetBreaker(text(body, "key"), text(body, "who"), text(body, "reason"))
        await wish.ask(self.line.proposed.post)
        return {"key": wish.key}

    async def _ack_ticket(self, body: Body) -> Told:
        await AckTicket(text(body, "id"), text(body, "who"), text(body, "note", "")).ask(
            self.line.desk.post
        )
        return {"state": TicketState.ACKED}

    async def _resolve_ticket(self, body: Body) -> Told:
        await ResolveTicket(text(body, "id"), text(body, "who"), text(body, "note", "")).ask(
            self.line.desk.post
        )
        return {"state": TicketState.RESOLVED}

    async def _try_channel(self, body: Body) -> Told:
        name, channels = text(body, "name"), self.line.ports.channels
        channel = next((each for each in channels if each.name == name), None)
        if channel is None:
            raise NotFoundError("channel", name, [each.name for each in channels])
        ticket_id = self.line.ports.ids.new("ticket")
        tried = await try_out(channel, ticket_id, Moment.read(self.line.ports.clock))
        return {"channel": name, "taken": tried.taken, "said": tried.said, "delivery": tried.id}

    async def _submit(self, body: Body) -> Told:
        observation = _submitted(self.site, self.line, body)
        recorded = await RecordObservation(observation).ask(self.line.heard.post)
        return {
            "observation_id": recorded.observation_id,
            "incident_id": recorded.incident_id,
            "duplicate": recorded.duplicate,
        }

    async def _reload_rules(self, _body: Body) -> Told:
        catalogue = await self.reload(self.line)
        return {
            "version": catalogue.rules.version,
            "rules": len(catalogue.rules.rules),
            "set_aside": list(catalogue.problems),
        }


def _signed(body: Body) -> tuple[str, str, str]:
    return text(body, "id"), text(body, "who"), text(body, "reason")


def _incident(incident: Incident) -> Told:
    return {"id": incident.id, "state": incident.state, "reason": incident.reason}


def _suppression(suppression: Suppression) -> Told:
    return {"id": suppression.id, "host": suppression.host, "check": suppression.check}


def _submitted(site: str, line: Line, body: Body) -> Observation:
    event = body.get("event")
    if not isinstance(event, dict):
        raise MissingArgumentError("event", "an object")
    told = cast("Body", event)
    named = line.ports.catalogue().names.named(_name(told, "check_type"))
    host = _name(told, "host_id")
    watch = line.ports.watches.get(host)
    return Observation(
        id=line.ports.ids.new("observation"),
        site=site,
        host=host,
        check=named.name,
        status=_one_of(Status, told, "status", Status.FAIL),
        severity=_one_of(Severity, told, "severity", named.severity),
        observed_at=line.ports.clock.now(),
        source="operator",
        platform=_one_of(Platform, told, "platform", watch.platform if watch else Platform.UNKNOWN),
        distro=text(told, "distro", ""),
        expected=text(told, "expected", ""),
        actual=text(told, "actual", ""),
        details=_object(told, "details"),
        metadata=_object(told, "metadata"),
        controls=named.controls,
    )


def _name(told: Body, name: str) -> str:
    """Take the name of a host or a check; what agents may not send, operators may not either."""
    value = text(told, name)
    problem = name_problem(value) if value else "is empty"
    if problem is not None:
        raise MissingArgumentError(name, f"a name; it {problem}")
    return value


def _one_of(kind: type[E], told: Body, name: str, default: E) -> E:
    value = text(told, name, default.value)
    try:
        return kind(value)
    except ValueError as error:
        allowed = ", ".join(each.value for each in kind)
        raise MissingArgumentError(name, f"one of {allowed}") from error


def _object(told: Body, name: str) -> Mapping[str, JSON]:
    value = told.get(name, {})
    if not isinstance(value, dict):
        raise MissingArgumentError(name, "an object")
    return cast("Mapping[str, JSON]", value)
