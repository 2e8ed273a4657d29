"""Drift receiver: the ear of the appliance to the agents on endpoints, by gRPC.

Receives  the five calls of `protos/compliance.proto`
Sends     RecordObservations, and acks an event when the journal has it on disk; orders to heal,
          with acks and heartbeats, until the agent confirms them
Keeps     the agents that registered, by host, with what they were told and may do; what they say
          of their hosts; the orders, and what was said of them
Falls     streams end, and agents send again what was not acked; the journal knows it again by
          (agent, boot, seq)

Whoever serves agents imports `serve` and `servicer` in it: HTTP/2 and protobuf take 5 MiB and a
tenth of a second, which an appliance without agents shall not spend.
"""

from actors.drift_receiver.core import Agent, ReceiverSettings, Vocabulary, name_problem
from actors.drift_receiver.door import Door
from actors.drift_receiver.fleet import Fleet
from actors.drift_receiver.heal_orders import HealOrders
from actors.drift_receiver.page import agent_page
from actors.drift_receiver.sqlite import SCHEMA, SqliteAgents, count_agents
from actors.drift_receiver.sqlite_orders import SqliteHealOrders
from actors.drift_receiver.store import Agents
from actors.drift_receiver.terms import Tier, Update

__all__ = [
    "SCHEMA",
    "Agent",
    "Agents",
    "Door",
    "Fleet",
    "HealOrders",
    "ReceiverSettings",
    "SqliteAgents",
    "SqliteHealOrders",
    "Tier",
    "Update",
    "Vocabulary",
    "agent_page",
    "count_agents",
    "name_problem",
]
