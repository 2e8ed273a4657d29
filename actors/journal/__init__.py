"""Journal: what was heard becomes durable, then an incident; its life is kept line by line.

Receives  RecordObservation, RecordObservations, ReopenIncident
Sends     IncidentToDecide; after a crash, a jam or a wait also ExecuteRunbook
Keeps     observations, how far each start of an agent was heard, last answers, incidents with
          their events, intents, dead letters
Falls     it is vital: over budget the process drains and ends; at the next start everything
          unfinished is handed out again, and what stays so for three starts goes to a person
"""

from actors.journal.actor import Heard, JournalActor
from actors.journal.core import TRANSITIONS
from actors.journal.due import DueWork
from actors.journal.facts import SqliteFacts
from actors.journal.queries import (
    IncidentFilter,
    PastAction,
    PastDrift,
    PastFilter,
    answers_heard,
    count_decided,
    dead_letters,
    last_answers,
    list_incidents,
    past_actions,
    past_drift,
    trace_of,
)
from actors.journal.retention import Retention
from actors.journal.sqlite import SCHEMA, SqliteJournal
from actors.journal.store import DeadLetterRow

__all__ = [
    "SCHEMA",
    "TRANSITIONS",
    "DeadLetterRow",
    "DueWork",
    "Heard",
    "IncidentFilter",
    "JournalActor",
    "PastAction",
    "PastDrift",
    "PastFilter",
    "Retention",
    "SqliteFacts",
    "SqliteJournal",
    "answers_heard",
    "count_decided",
    "dead_letters",
    "last_answers",
    "list_incidents",
    "past_actions",
    "past_drift",
    "trace_of",
]
