"""The messages that carry an incident down the line.

Each is a hint, never the truth: the state in the journal is, and a handler that finds another
state there than the message implies lets the message drop.  So a message may come twice.
"""

import attrs

from actors.messages.incident import Incident
from actors.messages.many import one_of_many
from actors.messages.observation import Observation


@one_of_many
class IncidentToDecide:
    """An incident is observed, or is to be decided again; the journal tells L1."""

    incident: Incident
    observation: Observation


@attrs.frozen
class PlanWanted:
    """No rule fits: L1 asks the planner, and the incident is `deciding` until it answers."""

    incident: Incident
    observation: Observation


@attrs.frozen
class FixProposed:
    """A rule or a plan named a runbook (`incident.decision`); its room asks the safety gate."""

    incident: Incident
    observation: Observation


@attrs.frozen
class ExecuteRunbook:
    """The gate said yes, or the journal found a fix unfinished: the runner works it to its end."""

    incident: Incident
