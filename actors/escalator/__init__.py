"""Escalator: whom to tell, by which channel, when again.

Receives  AckTicket, ResolveTicket; stops come as writes in the commits of other rooms (Tickets)
Sends     what channels tell, one courier each; clicks, as AckTicket, ApproveFix, RejectFix
Keeps     tickets with their history; the outbox: what each channel owes, brought, or gave up on
Falls     harmlessly: a delivery may be brought twice, under one id
"""

from actors.escalator.actor import EscalatorActor
from actors.escalator.bulletin import Brand, Bulletin, Press
from actors.escalator.channels import Channel, LogChannel, WebhookChannel
from actors.escalator.clicks import ClickDesk, Clicks
from actors.escalator.core import Patience
from actors.escalator.courier import Courier
from actors.escalator.email import EmailChannel, Envelope, SendGridSender, SmtpSender
from actors.escalator.pagerduty import PagerDutyChannel
from actors.escalator.policy import LOG, PROMISES, Policy, Promise, Route
from actors.escalator.promises import Promises
from actors.escalator.quiet import Quiet
from actors.escalator.slack import Buttons, SlackApi, SlackAppChannel, SlackWebhookChannel
from actors.escalator.slack_socket import SlackSocket
from actors.escalator.sqlite import SCHEMA, SqliteTickets
from actors.escalator.sqlite_outbox import SqliteOutbox
from actors.escalator.teams import TeamsChannel
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
from actors.escalator.trial import try_out

__all__ = [
    "LOG",
    "PROMISES",
    "SCHEMA",
    "Brand",
    "Bulletin",
    "Buttons",
    "Carried",
    "Channel",
    "ClickDesk",
    "Clicks",
    "Courier",
    "Delivery",
    "EmailChannel",
    "Envelope",
    "EscalatorActor",
    "LogChannel",
    "Occasion",
    "PagerDutyChannel",
    "Patience",
    "Policy",
    "Press",
    "Promise",
    "Promises",
    "Quiet",
    "Route",
    "SendGridSender",
    "SlackApi",
    "SlackAppChannel",
    "SlackSocket",
    "SlackWebhookChannel",
    "SmtpSender",
    "SqliteOutbox",
    "SqliteTickets",
    "Standing",
    "TeamsChannel",
    "Ticket",
    "TicketIncident",
    "TicketLine",
    "TicketPage",
    "TicketState",
    "WebhookChannel",
    "try_out",
]
