"""Escalator: whom to tell, by which channel, when again.

Receives  AckTicket, ResolveTicket; stops come as writes in the commits of other rooms (Tickets)
Sends     notices by its channels, one courier each
Keeps     tickets with their history; the outbox: what each channel owes, brought, or gave up on
Falls     harmlessly: a delivery may be brought twice, under one id
"""

from actors.escalator.actor import EscalatorActor
from actors.escalator.channels import Channel, LogChannel, WebhookChannel
from actors.escalator.core import Patience
from actors.escalator.courier import Courier
from actors.escalator.policy import LOG, PROMISES, Policy, Promise, Route
from actors.escalator.promises import Promises
from actors.escalator.quiet import Quiet
from actors.escalator.sqlite import SCHEMA, SqliteTickets
from actors.escalator.sqlite_outbox import SqliteOutbox
from actors.escalator.ticket import (
    Carried,
    Delivery,
    Occasion,
    Standing,
    Ticket,
    TicketIncident,
    TicketLine,
    TicketPage,
    TicketState,
)

__all__ = [
    "LOG",
    "PROMISES",
    "SCHEMA",
    "Carried",
    "Channel",
    "Courier",
    "Delivery",
    "EscalatorActor",
    "LogChannel",
    "Occasion",
    "Patience",
    "Policy",
    "Promise",
    "Promises",
    "Quiet",
    "Route",
    "SqliteOutbox",
    "SqliteTickets",
    "Standing",
    "Ticket",
    "TicketIncident",
    "TicketLine",
    "TicketPage",
    "TicketState",
    "WebhookChannel",
]
