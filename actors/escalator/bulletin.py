"""What a channel tells of a ticket, in parts that may leave.  Pure.

Every text that a host or a person wrote is scrubbed here; the renderings put the parts in the form
of their channel and add nothing but words of ours.
"""

from collections.abc import Mapping
from typing import LiteralString

import attrs

from actors.escalator.ticket import Delivery, Occasion, TicketIncident, TicketPage, TicketState
from actors.messages import Severity, StopKind
from actors.messages.sentences import meaning_of
from runtime.scrub import Code, Scrubbed, Scrubber, joined, ours

_LISTED = 5
"""Incidents in one message, at most; the count says how many there are."""

_TEXT = 1500
"""Characters of what a person shall do; the whole stands in `aright ticket show`."""

_WORDS = 300
"""Characters of what somebody noted."""

_TITLES: Mapping[StopKind, LiteralString] = {
    StopKind.AUDIT: "Would have been healed",
    StopKind.FLAP: "Keeps coming back",
    StopKind.SUPPRESSED: "Held back by a person",
    StopKind.BREAKER: "Stopped after failures",
    StopKind.BUDGET: "Over budget",
    StopKind.CANARY: "Waits for the first host",
    StopKind.WINDOW: "Waits for the window",
    StopKind.APPROVAL: "Approval wanted",
    StopKind.REJECTED: "Rejected",
    StopKind.EXPIRED: "Nobody approved it in time",
    StopKind.NO_RULE: "No rule knows it",
    StopKind.RULE_ESCALATES: "For a person",
    StopKind.FIX_FAILED: "Fix failed",
    StopKind.FIX_UNKNOWN: "Fix unknown",
    StopKind.ROLLED_BACK: "Fix taken back",
    StopKind.DEAD_LETTER: "A message was set aside",
    StopKind.ROOM_DOWN: "Part of the appliance is down",
    StopKind.CHANNEL_DEAD: "A channel is dead",
    StopKind.CHANNEL_TEST: "TEST, nothing stopped",
    StopKind.NOBODY_REACHED: "Nobody could be reached",
    StopKind.RULES_SET_ASIDE: "Rules were set aside",
    StopKind.PROMOTION: "A plan may become a rule",
    StopKind.DEMOTION: "A rule that was a plan is out of force",
    StopKind.STORE: "No room is left",
}

_SEVERITIES: Mapping[Severity, LiteralString] = {
    Severity.LOW: "low",
    Severity.MEDIUM: "medium",
    Severity.HIGH: "high",
    Severity.CRITICAL: "critical",
}

_COLOURS: Mapping[Severity, Code] = {
    Severity.LOW: Code("4a90d9"),
    Severity.MEDIUM: Code("e0a800"),
    Severity.HIGH: Code("e8590c"),
    Severity.CRITICAL: Code("c92a2a"),
}


@attrs.frozen
class Brand:
    """Whose name, colour and picture a message bears."""

    name: Scrubbed = attrs.field(factory=lambda: ours("Aright"))
    site: Scrubbed = attrs.field(factory=lambda: ours(""))
    """As its people call it."""
    colour: Code | None = None
    """Six hexadecimal digits; None: by severity."""
    logo_url: Scrubbed | None = None
    footer: Scrubbed | None = None
    link: tuple[Scrubbed, Scrubbed] | None = None
    """An address of a ticket, before and after its id."""


@attrs.frozen
class Bulletin:
    """One telling of one ticket."""

    delivery_id: Code
    ticket_id: Code
    site_id: Scrubbed
    brand: Brand
    title: Scrubbed
    """What stopped, in a few words."""
    meaning: Scrubbed
    """What it means and how it is lifted."""
    kind: Code
    reason: Code
    severity: Severity
    state: TicketState
    occasion: str
    news: Scrubbed
    """What is new: opened, raised, nobody answered, who took care, who settled it."""
    host: Scrubbed
    check: Scrubbed
    rule_id: Code
    runbook_id: Code
    incidents: int
    entries: tuple[Scrubbed, ...]
    """Some of the incidents, a line each."""
    text: Scrubbed
    """What a person shall do; empty where nobody wrote it down."""
    opened_at: Code
    asks: Code | None
    """The incident whose fix somebody must approve or reject, while it waits for that."""
    repeat: bool
    """Whether the same telling may have arrived before."""
    receipts: Mapping[str, str]
    """What the other side gave back for earlier tellings, by occasion, the oldest first."""

    @property
    def colour(self) -> Code:
        """Give the colour, six hexadecimal digits."""
        return self.brand.colour or _COLOURS[self.severity]

    @property
    def link(self) -> Scrubbed | None:
        """Give the address of the ticket, where there is one."""
        if self.brand.link is None:
            return None
        before, after = self.brand.link
        return joined(before, self.ticket_id, after)

    @property
    def site(self) -> Scrubbed:
        """Give the site as its people call it, or else its id."""
        return self.brand.site if self.brand.site.text else self.site_id

    @property
    def headline(self) -> Scrubbed:
        """Say it in one line: site, severity, what, where."""
        where = [ours(" on "), self.host] if self.host.text else []
        what = [ours(": "), self.check] if self.check.text else []
        told = [self.site, ours(", "), ours(_SEVERITIES[self.severity]), ours(": "), self.title]
        return joined(*told, *what, *where)

    @property
    def facts(self) -> tuple[tuple[LiteralString, Scrubbed], ...]:
        """List what is known, a label and a value each; what is empty is left out."""
        known: tuple[tuple[LiteralString, Scrubbed], ...] = (
            ("Site", self.site),
            ("Severity", ours(_SEVERITIES[self.severity])),
            ("Host", self.host),
            ("Check", self.check),
            ("Rule", joined(self.rule_id)),
            ("Runbook", joined(self.runbook_id)),
            ("Reason", joined(self.reason)),
            ("Incidents", joined(self.incidents) if self.incidents > 1 else ours("")),
            ("Opened", joined(self.opened_at)),
            ("Ticket", joined(self.ticket_id)),
        )
        return tuple((label, value) for label, value in known if value.text)

    @property
    def repeated(self) -> Scrubbed | None:
        """Say that it may be a repeat, and of what."""
        return joined(ours("repeat of "), self.delivery_id) if self.repeat else None


@attrs.frozen
class Press:
    """Makes the bulletins of one site."""

    site_id: str
    scrubber: Scrubber
    brand: Brand = attrs.field(factory=Brand)

    def bulletin(self, delivery: Delivery, page: TicketPage) -> Bulletin:
        """Put together what may be told of a ticket; raises ScrubError."""
        ticket = page.ticket
        return Bulletin(
            delivery_id=Code(delivery.id),
            ticket_id=Code(ticket.id),
            site_id=self._clean(self.site_id),
            brand=self.brand,
            title=_title(ticket.kind),
            meaning=ours(meaning_of(ticket.kind, ticket.reason)),
            kind=Code(ticket.kind.value),
            reason=Code.or_withheld(ticket.reason),
            severity=ticket.severity,
            state=ticket.state,
            occasion=delivery.occasion,
            news=self._news(delivery, page),
            host=self._clean(ticket.host),
            check=self._clean(ticket.check),
            rule_id=Code.or_withheld(ticket.rule_id),
            runbook_id=Code.or_withheld(ticket.runbook_id),
            incidents=ticket.incidents,
            entries=tuple(self._entry(one) for one in page.incidents[:_LISTED]),
            text=self._text(page.incidents),
            opened_at=Code(ticket.opened_at.isoformat(timespec="seconds")),
            asks=_asks(page),
            repeat=delivery.begun,
            receipts={
                one.occasion: one.receipt
                for one in sorted(page.deliveries, key=lambda one: one.number)
                if one.channel == delivery.channel and one.receipt
            },
        )

    def _clean(self, text: str, most: int = _WORDS) -> Scrubbed:
        return self.scrubber.text(text).without_controls().cut(most)

    def _text(self, incidents: tuple[TicketIncident, ...]) -> Scrubbed:
        text = next((one.text for one in incidents if one.text), "")
        return self._clean(text, _TEXT)

    def _entry(self, one: TicketIncident) -> Scrubbed:
        host, check = self._clean(one.host), self._clean(one.check)
        return joined(Code.or_withheld(one.incident_id), ours("  "), check, ours(" on "), host)

    def _news(self, delivery: Delivery, page: TicketPage) -> Scrubbed:
        last = page.history[-1]
        if page.ticket.state is TicketState.RESOLVED:
            return self._said(ours("Resolved by "), last.who, last.note)
        if delivery.occasion == Occasion.ACKED:
            acked = next(line for line in reversed(page.history) if line.what == Occasion.ACKED)
            return self._said(ours("Acknowledged by "), acked.who, acked.note)
        if page.ticket.late:
            answered = page.ticket.state is TicketState.ACKED
            lacking = ours("Still not settled") if answered else ours("Nobody has answered yet")
            return joined(lacking, ours("; reminder "), page.ticket.late)
        if delivery.occasion in _SEVERITIES:
            return joined(ours("Raised to "), ours(_SEVERITIES[page.ticket.severity]))
        return ours("New")

    def _said(self, what: Scrubbed, who: str, note: str) -> Scrubbed:
        said = joined(what, self._clean(who))
        return joined(said, ours(": "), self._clean(note)) if note else said


def _title(kind: StopKind) -> Scrubbed:
    known = _TITLES.get(kind)
    return joined(Code(kind.value)) if known is None else ours(known)


def _asks(page: TicketPage) -> Code | None:
    ticket = page.ticket
    waits = ticket.kind is StopKind.APPROVAL and ticket.state is not TicketState.RESOLVED
    unsettled = [one.incident_id for one in page.incidents if one.settled_at is None]
    return Code.or_withheld(unsettled[0]) if waits and len(unsettled) == 1 else None
