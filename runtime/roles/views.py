"""What operators read: each noun and verb as a query, whether the appliance runs or not.

Rows are plain JSON data.  Expected and actual values stand in them: they are for the operator at
the appliance, and leave it by no channel.
"""

import contextlib
import json
import sqlite3
from collections.abc import Callable, Generator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from actors.circuit_breaker import SqliteGate
from actors.escalator import SqliteTickets, Ticket
from actors.flap_suppressor import SqliteFlaps
from actors.journal import (
    IncidentFilter,
    SqliteJournal,
    dead_letters,
    last_answers,
    list_incidents,
    trace_of,
)
from actors.l1_evaluator import RuleSet, SqliteL1Store, event_of
from actors.messages import Incident, State
from runtime.clock import SystemClock
from runtime.errors import InvalidRequestError, NotFoundError, StateDirError
from runtime.ids import TimeOrderedIds
from runtime.roles.agents_view import agent, agents, enrolment, identity_audit
from runtime.roles.channels_view import channels, dead
from runtime.roles.control import Args, UnknownVerbError, limit_of
from runtime.roles.coverage_view import coverage
from runtime.roles.explain import explanation, why_not
from runtime.roles.flywheel_view import pattern_page, patterns
from runtime.roles.plans_view import plan, plans, plans_of, spending

Row: TypeAlias = dict[str, object]


# A view only reads: neither new names nor channels come into it.
_TICKETS = SqliteTickets(TimeOrderedIds(SystemClock()), ())
_JOURNAL = SqliteJournal(_TICKETS)


def view(connection: sqlite3.Connection, noun: str, verb: str, args: Args) -> object:
    """Answer one reading verb.

    Raises:
        UnknownVerbError, NotFoundError: there is no such verb, or thing.
        InvalidRequestError: an argument is missing or wrong.
    """
    reader = _VIEWS.get((noun, verb))
    if reader is None:
        raise UnknownVerbError(noun, verb)
    return reader(connection, args)


@contextlib.contextmanager
def open_journal(state_dir: Path) -> Generator[sqlite3.Connection]:
    """Open the journal of an appliance that does not run, so that nothing can be changed.

    Raises:
        StateDirError: there is none, or it cannot be read: at once, or while it is open.
    """
    path = state_dir / "journal.db"
    try:
        there = path.exists()
    except OSError as error:  # the state of another user
        raise StateDirError(f"{path}: cannot be read: {error.strerror}") from error
    if not there:
        raise StateDirError(f"no appliance has run in {state_dir}: aright run")
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        with contextlib.closing(connection):
            connection.execute("SELECT count(*) FROM schema_migrations")
            yield connection
    except sqlite3.Error as error:
        raise StateDirError(f"{path}: cannot be read: {error}") from error


def _incidents(connection: sqlite3.Connection, args: Args) -> list[Row]:
    state = args.get("state", "open")
    if state not in ("open", "all", *State):
        raise InvalidRequestError(f"state must be open, all, or one of {', '.join(State)}")
    which = IncidentFilter(
        state,
        args.get("host", ""),
        args.get("check", ""),
        args.get("before", ""),
        limit_of(args),
    )
    return [_incident(each) for each in list_incidents(which)(connection)]


def _incident(incident: Incident) -> Row:
    decision = incident.decision
    return {
        "id": incident.id,
        "site": incident.site,
        "host": incident.host,
        "check": incident.check,
        "severity": incident.severity,
        "state": incident.state,
        "reason": incident.reason,
        "rule": (decision.rule_id or None) if decision else None,
        "plan": decision.plan.decision_id if decision and decision.plan else None,
        "runbook": decision.runbook_id if decision else None,
        "mode": decision.mode if decision else None,
        "count": incident.count,
        "attempt": incident.attempt,
        "opened_at": incident.opened_at.isoformat(timespec="seconds"),
        "moved_at": incident.moved_at.isoformat(timespec="seconds"),
        "last_seen": incident.last_seen.isoformat(timespec="seconds"),
        "due": incident.due.wall.isoformat(timespec="seconds") if incident.due else None,
        "recurred_from": incident.recurred_from,
    }


def _required(connection: sqlite3.Connection, args: Args) -> Incident:
    incident_id = _needed(args, "id")
    incident = _JOURNAL.get(incident_id)(connection)
    if incident is None:
        raise NotFoundError("incident", incident_id)
    return incident


def _incident_page(connection: sqlite3.Connection, args: Args) -> Row:
    incident = _required(connection, args)
    observation = _JOURNAL.observation(incident.observation_id)(connection)
    return {
        **_incident(incident),
        "expected": observation.expected,
        "actual": observation.actual,
        "source": observation.source,
        "controls": list(observation.controls),
        "text": _TICKETS.told(incident.id)(connection),
        "trace": trace_of(incident.id)(connection),
        "tickets": [_ticket(each) for each in _TICKETS.about(incident.id)(connection)],
    }


def _event(connection: sqlite3.Connection, args: Args) -> Row:
    incident = _required(connection, args)
    return event_of(_JOURNAL.observation(incident.observation_id)(connection))


def _why(connection: sqlite3.Connection, args: Args) -> Row:
    incident = _required(connection, args)
    trace = trace_of(incident.id)(connection)
    observation = _JOURNAL.observation(incident.observation_id)(connection)
    page: Row = {
        **_incident(incident),
        "text": _TICKETS.told(incident.id)(connection),
        "trace": trace,
        "plans": plans_of(connection, incident.id),
        "rules": "not decided yet",
        "why_not": None,
    }
    version = _deciding_version(trace)
    if version is None:
        return page
    content = SqliteL1Store().rules_of(version)(connection)
    if content is None:
        raise NotFoundError("rule set", version)
    rules, event = _compiled(content), event_of(observation)
    page["explanation"] = told = explanation(rules, event)
    page["rules"] = told.pop("text")
    if rule_id := args.get("rule"):
        answer = why_not(rules, event, rule_id)
        if answer["reason"] == "unknown":
            raise NotFoundError("rule", rule_id)
        page["why_not"] = answer["text"]
    return page


def _deciding_version(trace: list[Mapping[str, object]]) -> str | None:
    """Find the rule set of the last decision, also of one that no rule made."""
    for fact in reversed(trace):
        body = fact["body"]
        if isinstance(body, dict) and "rule_version" in body:
            return str(body["rule_version"])  # pyright: ignore[reportUnknownArgumentType]  JSON
    return None


@lru_cache(maxsize=2)
def _compiled(content: str) -> RuleSet:
    return RuleSet.compile(json.loads(content))


def _tickets(connection: sqlite3.Connection, args: Args) -> list[Row]:
    listed = _TICKETS.listed(resolved=bool(args.get("all")))(connection)
    return [_ticket(each) for each in listed]


def _ticket(ticket: Ticket) -> Row:
    return {
        "id": ticket.id,
        "kind": ticket.kind,
        "key": ticket.key,
        "state": ticket.state,
        "severity": ticket.severity,
        "reason": ticket.reason,
        "host": ticket.host,
        "check": ticket.check,
        "rule": ticket.rule_id,
        "runbook": ticket.runbook_id,
        "incidents": ticket.incidents,
        "unsettled": ticket.unsettled,
        "opened_at": ticket.opened_at.isoformat(timespec="seconds"),
        "due": ticket.due.wall.isoformat(timespec="seconds") if ticket.due else None,
        "late": ticket.late,
    }


def _ticket_page(connection: sqlite3.Connection, args: Args) -> Row:
    page = _TICKETS.page(_needed(args, "id"))(connection)
    return {
        **_ticket(page.ticket),
        "entries": [
            {
                "incident": each.incident_id,
                "host": each.host,
                "check": each.check,
                "rule": each.rule_id,
                "runbook": each.runbook_id,
                "text": each.text,
                "settled": each.settled_at is not None,
            }
            for each in page.incidents
        ],
        "history": [
            {
                "at": line.at.isoformat(timespec="seconds"),
                "what": line.what,
                "who": line.who,
                "note": line.note,
            }
            for line in page.history
        ],
        "deliveries": [
            {
                "channel": each.channel,
                "occasion": each.occasion,
                "state": "sent" if each.sent_at else "dead" if each.dead_at else "waiting",
                "attempts": each.attempts,
                "error": each.error,
            }
            for each in page.deliveries
        ],
    }


def _suppressions(connection: sqlite3.Connection, args: Args) -> list[Row]:
    pages = SqliteFlaps().pages(ended=bool(args.get("all")))(connection)
    return [
        {
            "id": page.suppression.id,
            "kind": page.suppression.kind,
            "host": page.suppression.host,
            "check": page.suppression.check,
            "since": page.suppression.opened_at.wall.isoformat(timespec="seconds"),
            "until": page.suppression.until.wall.isoformat(timespec="seconds")
            if page.suppression.until
            else "a person lifts it",
            "ended": page.ended_at.isoformat(timespec="seconds") if page.ended_at else None,
            "incidents": len(page.incidents),
            "history": [
                {
                    "at": line.at.isoformat(timespec="seconds"),
                    "what": line.what,
                    "who": line.who,
                    "reason": line.reason,
                }
                for line in page.history
            ],
        }
        for page in pages
    ]


def _breakers(connection: sqlite3.Connection, _args: Args) -> list[Row]:
    return [
        {
            "key": breaker.key,
            "state": breaker.state,
            "failures": breaker.failures,
            "opened_at": breaker.opened_at.wall.isoformat(timespec="seconds")
            if breaker.opened_at
            else None,
            "history": [
                {
                    "at": line.at.isoformat(timespec="seconds"),
                    "what": line.what,
                    "who": line.who,
                    "reason": line.reason,
                }
                for line in history
            ],
        }
        for breaker, history in SqliteGate().breakers()(connection)
    ]


def _answers(connection: sqlite3.Connection, args: Args) -> list[Mapping[str, object]]:
    return last_answers(args.get("host", ""))(connection)


def _dead_letters(connection: sqlite3.Connection, _args: Args) -> list[Mapping[str, object]]:
    return dead_letters(connection)


def _anchors(connection: sqlite3.Connection, limit: int) -> object:
    from runtime.roles.anchors import anchors  # late, as below

    return anchors(connection, limit)


def _evidence(connection: sqlite3.Connection, verb: str, args: Args) -> object:
    # Late: what reads the evidence log brings the library of keys along.
    from runtime.roles import evidence_view

    return evidence_view.VIEWS[verb](connection, args)


_VIEWS: Mapping[tuple[str, str], Callable[[sqlite3.Connection, Args], object]] = {
    ("incident", "list"): _incidents,
    ("incident", "show"): _incident_page,
    ("incident", "event"): _event,
    ("incident", "why"): _why,
    ("plan", "list"): plans,
    ("plan", "show"): plan,
    ("plan", "budget"): spending,
    ("ticket", "list"): _tickets,
    ("ticket", "show"): _ticket_page,
    ("suppression", "list"): _suppressions,
    ("breaker", "list"): _breakers,
    ("channel", "list"): channels,
    ("channel", "dead"): dead,
    ("check", "list"): _answers,
    ("coverage", "show"): coverage,
    ("agent", "list"): agents,
    ("agent", "window"): enrolment,
    ("agent", "audit"): identity_audit,
    ("dead-letter", "list"): _dead_letters,
    ("flywheel", "list"): patterns,
    ("flywheel", "show"): pattern_page,
    ("agent", "show"): agent,
    ("evidence", "list"): lambda connection, args: _evidence(connection, "list", args),
    ("evidence", "show"): lambda connection, args: _evidence(connection, "show", args),
    ("evidence", "anchors"): lambda connection, args: _anchors(connection, limit_of(args)),
    ("evidence", "status"): lambda connection, args: _evidence(connection, "status", args),
}


def _needed(args: Args, name: str) -> str:
    value = args.get(name)
    if not value:
        raise InvalidRequestError(f"{name} is missing")
    return value
