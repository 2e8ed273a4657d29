"""Endpoint agent: tells an appliance what the checks of its own host say, and heals when told.

Receives  RecordObservation from the scanner; commands to heal from the appliance
Sends     Register, ReportDrift, ReportHealing, Heartbeat and ReportRMMStatus, by gRPC
Keeps     reports until they are acked, within bounds; each command, before it is done
Falls     nothing is lost: what was not acked is sent again under its number.  A command that was
          being done counts as interrupted; it is reported so, and never done again
"""

from actors.endpoint_agent.core import (
    Bounds,
    Exchange,
    Fate,
    Given,
    Held,
    Outcome,
    Report,
    Standing,
    Tier,
    UnaskedAckError,
    Wishes,
    fate_of,
    report_of,
    victims,
)
from actors.endpoint_agent.credentials import Credentials, EnrolmentFailedError, Invitation
from actors.endpoint_agent.errors import leaves
from actors.endpoint_agent.healer import Healer, Remedies
from actors.endpoint_agent.news import News
from actors.endpoint_agent.spooler import Spooler
from actors.endpoint_agent.sqlite import SCHEMA, SqliteCommands, SqliteSpool, count_spooled
from actors.endpoint_agent.uplink import Place, Uplink
from actors.endpoint_agent.wire import PATH, ack_of, event_of

__all__ = [
    "PATH",
    "SCHEMA",
    "Bounds",
    "Credentials",
    "EnrolmentFailedError",
    "Exchange",
    "Fate",
    "Given",
    "Healer",
    "Held",
    "Invitation",
    "News",
    "Outcome",
    "Place",
    "Remedies",
    "Report",
    "Spooler",
    "SqliteCommands",
    "SqliteSpool",
    "Standing",
    "Tier",
    "UnaskedAckError",
    "Uplink",
    "Wishes",
    "ack_of",
    "count_spooled",
    "event_of",
    "fate_of",
    "leaves",
    "report_of",
    "victims",
]
