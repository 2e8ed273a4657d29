"""A bulletin as an event of PagerDuty's Events API v2.

Source: developer.pagerduty.com, Events API v2: send an alert event.
"""

from collections.abc import Mapping
from typing import LiteralString

from actors.escalator.bulletin import Bulletin
from actors.escalator.ticket import Occasion, TicketState
from actors.messages import Severity
from runtime.scrub import Code, Scrubbed, Template, assemble, joined, ours

_SUMMARY = 1024
"""Characters that a summary may have."""

_SEVERITIES: Mapping[Severity, LiteralString] = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "info",
}


def event(bulletin: Bulletin, routing_key: Code) -> Scrubbed:
    """Spell the event that brings PagerDuty's alert where the ticket stands.

    The key of the alert is the ticket's id: a ticket is the one of its cause as long as it is
    unresolved, so that a repeat finds the same alert, and a late "resolve" never closes another.
    """
    action = _action(bulletin)
    body: dict[str, Template] = {
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": bulletin.ticket_id,
    }
    if action.text == "trigger":
        body |= _alert(bulletin)
    return assemble(body)


def _action(bulletin: Bulletin) -> Scrubbed:
    # What was opened and is resolved by now needs nobody to wake up: to resolve it is heard, or
    # does nothing where PagerDuty never knew of it.
    if bulletin.state is TicketState.RESOLVED:
        return ours("resolve")
    return ours("acknowledge") if bulletin.occasion == Occasion.ACKED else ours("trigger")


def _alert(bulletin: Bulletin) -> dict[str, Template]:
    details: dict[str, Template] = dict(bulletin.facts)
    details["News"] = bulletin.news
    details["Meaning"] = bulletin.meaning
    if bulletin.entries:
        details["Incidents seen"] = bulletin.entries
    if bulletin.text.text:
        details["To do"] = bulletin.text
    alert: dict[str, Template] = {
        "payload": {
            "summary": bulletin.headline.cut(_SUMMARY),
            "source": bulletin.host if bulletin.host.text else bulletin.site,
            "severity": ours(_SEVERITIES[bulletin.severity]),
            "timestamp": bulletin.opened_at,
            "component": bulletin.check if bulletin.check.text else joined(bulletin.kind),
            "group": bulletin.site,
            "class": bulletin.kind,
            "custom_details": details,
        },
        "client": bulletin.brand.name,
    }
    if bulletin.link is not None:
        alert["client_url"] = bulletin.link
        alert["links"] = ({"href": bulletin.link, "text": bulletin.ticket_id},)
    if bulletin.brand.logo_url is not None:
        alert["images"] = ({"src": bulletin.brand.logo_url, "alt": bulletin.brand.name},)
    return alert
