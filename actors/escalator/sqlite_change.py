"""What is done to tickets within one commit: the rows, and what their channels then owe."""

import datetime as dt
import sqlite3
from collections.abc import Sequence

import attrs

from actors.escalator import sqlite_rows as rows
from actors.escalator.core import LONGEST_WAIT_S
from actors.escalator.policy import LOG, Policy, Route
from actors.escalator.sqlite_outbox import (
    give_up,
    hurry,
    keep_quiet,
    owe,
    put_off,
    told_channels,
    untold,
    waits_for,
)
from actors.escalator.ticket import Delivery, Occasion, Ticket, TicketState
from actors.messages import Moment, Severity, Stop, StopKind
from runtime.codec import to_json
from runtime.errors import ConflictError

ARIGHT = "aright"
"""Who acted when no person did."""

PEOPLE = "people"
"""Who could not be reached: the key of that ticket."""

_RANK = {severity: rank for rank, severity in enumerate(Severity)}


@attrs.frozen
class Change:
    """One commit's doing, at one moment."""

    connection: sqlite3.Connection
    at: Moment
    channels: tuple[str, ...]
    policy: Policy

    @property
    def wall(self) -> str:
        """Spell the moment as rows have it."""
        return self.at.wall.isoformat()

    def open(self, fresh: str, stop: Stop) -> str:
        """Open a ticket named `fresh`, or add to the unresolved one of the same cause."""
        ticket_id, severity = self.unresolved(stop.kind, stop.key) or (fresh, None)
        if severity is None:
            self._insert(ticket_id, stop)
            self._tell(rows.ticket(self.connection, ticket_id), Occasion.OPENED)
        elif _RANK[stop.severity] > _RANK[severity]:
            self._raise_to(stop.severity, ticket_id)
        if stop.incident_id is not None:
            self._add(stop.incident_id, ticket_id, stop)
        return ticket_id

    def unresolved(self, kind: StopKind, key: str) -> tuple[str, Severity] | None:
        """Find the unresolved ticket of a cause."""
        row = self.connection.execute(
            "select id, severity from tickets where kind = ? and key = ? and state <> 'resolved'",
            (kind, key),
        ).fetchone()
        return None if row is None else (row[0], Severity(row[1]))

    def settled(self, incident_ids: Sequence[str]) -> list[str]:
        """Mark incidents as closed; name the tickets that are about them."""
        changed = self.connection.execute(
            "update ticket_incidents set settled_at = ?"
            " where incident_id in (select value from json_each(?)) and settled_at is null"
            " returning ticket_id",
            (self.wall, to_json(list(incident_ids))),
        )
        return sorted({ticket_id for (ticket_id,) in changed})

    def ack(self, ticket_id: str, who: str, note: str) -> None:
        """Note that a person takes care."""
        before = self._move(ticket_id, TicketState.ACKED, who, note)
        if before.state is TicketState.OPEN:
            opened_s = (self.at.wall - before.opened_at).total_seconds()
            due = self.policy.settled_due(before.severity, max(0.0, opened_s), self.at)
            self._set_due(ticket_id, due)
            self._follow_up(ticket_id, Occasion.ACKED)

    def resolve(self, ticket_id: str, who: str, note: str) -> None:
        """Close a ticket."""
        self._move(ticket_id, TicketState.RESOLVED, who, note)
        self._set_due(ticket_id, None)
        self._follow_up(ticket_id, Occasion.RESOLVED)

    def late(self, ticket: Ticket) -> None:
        """Nobody did in time what was promised: tell again, and one channel more each time."""
        late = ticket.late + 1
        answered = ticket.state is TicketState.ACKED
        due = self.policy.late_again(ticket.severity, late, answered=answered, at=self.at)
        self.connection.execute("update tickets set late = ? where id = ?", (late, ticket.id))
        self._set_due(ticket.id, due)
        self._log(ticket.id, "late", ARIGHT, "not settled in time" if answered else "no answer")
        self._tell(ticket, Occasion.LATE, late)

    def promise(self, ticket: Ticket) -> None:
        """Give a ticket of before the instant by which somebody must have answered."""
        self._set_due(ticket.id, self.policy.answer_due(ticket.severity, self.at))

    def count_on(self, ticket: Ticket) -> None:
        """Count what was promised in another boot by the clock of this one."""
        if ticket.due is not None:
            left_s = min(ticket.due.since(self.at), self._due_anew(ticket).since(self.at))
            self._set_due(ticket.id, self.at.after(left_s))

    def bring_on(self, delivery: Delivery) -> None:
        """Count what was put off in another boot by the clock of this one."""
        ticket = rows.ticket(self.connection, delivery.ticket_id)
        told_at = self.policy.told_at(delivery.channel, ticket.severity, self.at)
        most_s = max(told_at.since(self.at), LONGEST_WAIT_S)
        due = self.at.after(min(delivery.due.since(self.at), most_s))
        put_off(self.connection, delivery, due)

    def hand_over(self, gone: Delivery) -> None:
        """Have the channels that there are tell what one owed that is no more."""
        give_up(self.connection, gone, "no_channel", self.at)
        ticket = rows.ticket(self.connection, gone.ticket_id)
        if not gone.follows_up and ticket.state is not TicketState.RESOLVED:
            self._tell(ticket, gone.occasion)

    def pass_on(self, dead: Delivery, fresh: str) -> None:
        """Have the next channel tell what a dead one could not; where none is left, say so."""
        ticket = rows.ticket(self.connection, dead.ticket_id)
        if dead.channel == LOG or dead.follows_up or ticket.state is TicketState.RESOLVED:
            return
        told = told_channels(self.connection, ticket.id, dead.occasion)
        for channel in self._route(ticket).fallback:
            if channel not in told and channel in self.channels:
                self._owe(ticket, channel, dead.occasion)
                return
        if untold(self.connection, ticket.id, dead.occasion, LOG):
            nobody = Stop(
                StopKind.NOBODY_REACHED, PEOPLE, Severity.CRITICAL, "nobody_reached", note=ticket.id
            )
            self.open(fresh, nobody)

    def _due_anew(self, ticket: Ticket) -> Moment:
        """Give when a ticket would be due whose time began now."""
        answered = ticket.state is TicketState.ACKED
        if ticket.late:
            return self.policy.late_again(
                ticket.severity, ticket.late, answered=answered, at=self.at
            )
        if answered:
            return self.policy.settled_due(ticket.severity, 0.0, self.at)
        return self.policy.answer_due(ticket.severity, self.at)

    def _route(self, ticket: Ticket) -> Route:
        return self.policy.route(self.channels, ticket.kind, ticket.severity)

    def _tell(self, ticket: Ticket, occasion: str, late: int = 0) -> None:
        hearers = self._hearers(ticket, late)
        name = occasion if late < 2 else f"{occasion}-{late}"  # noqa: PLR2004  the second time
        for channel in self.channels:
            if channel not in hearers:
                continue
            # What waits is told as the ticket then stands: that it is late, too.
            if not (late and waits_for(self.connection, ticket.id, channel)):
                self._owe(ticket, channel, name)

    def _hearers(self, ticket: Ticket, late: int) -> frozenset[str]:
        route = self._route(ticket)
        hearers = frozenset((LOG, *route.channels, *route.fallback[:late]))
        if ticket.kind is not StopKind.CHANNEL_DEAD or ticket.key not in hearers:
            return hearers
        # That a channel is dead is told by the others: by all of them, where it has no companion.
        alone = hearers == frozenset((LOG, ticket.key))
        return (frozenset(self.channels) if alone else hearers) - {ticket.key}

    def _owe(self, ticket: Ticket, channel: str, occasion: str) -> None:
        due = self.policy.told_at(channel, ticket.severity, self.at)
        owe(self.connection, ticket.id, channel, occasion, due)

    def _follow_up(self, ticket_id: str, occasion: Occasion) -> None:
        """Have those who were told hear what became of it; who was not yet told need not be."""
        keep_quiet(self.connection, ticket_id, self.at)
        told = told_channels(self.connection, ticket_id)
        for channel in self.channels:
            if channel in told and channel in self.policy.followers:
                owe(self.connection, ticket_id, channel, occasion, self.at)

    def _insert(self, ticket_id: str, stop: Stop) -> None:
        self.connection.execute(
            "insert into tickets (id, kind, key, state, severity, reason, host, check_name,"
            " rule_id, runbook_id, opened_at, moved_at)"
            " values (?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                ticket_id, stop.kind, stop.key, stop.severity, stop.reason,
                stop.host, stop.check, stop.rule_id, stop.runbook_id, self.wall, self.wall,
            ),
        )  # fmt: skip
        self._set_due(ticket_id, self.policy.answer_due(stop.severity, self.at))
        self._log(ticket_id, "opened", ARIGHT, stop.note)

    def _raise_to(self, severity: Severity, ticket_id: str) -> None:
        self.connection.execute(
            "update tickets set severity = ? where id = ?", (severity, ticket_id)
        )
        self._log(ticket_id, "raised", ARIGHT, severity)
        ticket = rows.ticket(self.connection, ticket_id)
        due = (
            self.policy.answer_due(severity, self.at)
            if ticket.state is TicketState.OPEN
            else self.policy.settled_due(severity, 0.0, self.at)
        )
        if ticket.due is None or due.since(self.at) < ticket.due.since(self.at):
            self._set_due(ticket_id, due)
        if self.policy.told_at("", severity, self.at) == self.at:
            hurry(self.connection, ticket_id, self.at)
        self._tell(ticket, severity)

    def _add(self, incident_id: str, ticket_id: str, stop: Stop) -> None:
        # An incident that stops once more, decided again, counts once; what is newest is shown.
        self.connection.execute(
            "insert into ticket_incidents values (?, ?, ?, ?, ?, ?, ?, ?, null, ?)"
            " on conflict (ticket_id, incident_id) do update set rule_id = excluded.rule_id,"
            " runbook_id = excluded.runbook_id, reason = excluded.reason, settled_at = null,"
            " text = excluded.text",
            (
                ticket_id, incident_id, stop.host, stop.check, stop.rule_id, stop.runbook_id,
                stop.reason, self.wall, stop.text,
            ),
        )  # fmt: skip

    def _move(self, ticket_id: str, state: TicketState, who: str, note: str) -> Ticket:
        """Change the state; give the ticket as it was."""
        before = rows.ticket(self.connection, ticket_id)
        if before.state is TicketState.RESOLVED:
            raise ConflictError(f"ticket {ticket_id} is resolved")
        self.connection.execute(
            "update tickets set state = ?, moved_at = ? where id = ?", (state, self.wall, ticket_id)
        )
        self._log(ticket_id, state, who, note)
        return before

    def _set_due(self, ticket_id: str, due: Moment | None) -> None:
        self.connection.execute(
            "update tickets set due_wall = ?, due_boot = ?, due_monotonic = ? where id = ?",
            (_wall(due), due and due.boot, due and due.monotonic, ticket_id),
        )

    def _log(self, ticket_id: str, what: str, who: str, note: str) -> None:
        self.connection.execute(
            "insert into ticket_history"
            " select ?, count(*), ?, ?, ?, ? from ticket_history where ticket_id = ?",
            (ticket_id, self.wall, what, who, note, ticket_id),
        )


def _wall(due: Moment | None) -> str | None:
    return None if due is None else due.wall.astimezone(dt.UTC).isoformat()
