"""A small closed catalogue, an incident, and answers that a model could give."""

import json

from actors.catalogue.patterns import WholeMatch, compile_whole_match
from actors.l2_planner import Choice, ClosedCatalogue, IncidentFacts, Slot, SlotType


def whole(pattern: str) -> WholeMatch:
    """Compile a pattern that is known to compile."""
    matches = compile_whole_match(pattern)
    assert isinstance(matches, WholeMatch)
    return matches


FACTS = IncidentFacts(host="ws-7", platform="linux", check="ssh_max_tries")

CATALOGUE = ClosedCatalogue({
    "LIN-SSH-003": Choice(
        platform="linux",
        checks=frozenset({"ssh_max_tries"}),
        auto=True,
        slots={
            "value": Slot(SlotType.ENUM, required=True, values=("1", "2", "3", "4")),
            "port": Slot(SlotType.INT, min=1, max=65535),
            "reload": Slot(SlotType.BOOL),
            "service": Slot(
                SlotType.STR, matches=(whole("^[a-z][a-z0-9-]*$"),), pattern="^[a-z][a-z0-9-]*$",
                max_length=32,
            ),
            "note": Slot(SlotType.STR, is_free=True, max_length=100),
            "host": Slot(SlotType.STR, matches=(whole("[a-z0-9-]+"),)),
        },
    ),
    "LIN-SSH-009": Choice("linux", frozenset({"ssh_max_tries"})),
    "ANY-NTP-001": Choice("any", frozenset({"time_sync"}), auto=True),
    "WIN-FW-001": Choice("windows", frozenset({"ssh_max_tries"}), auto=True),
})  # fmt: skip


def answer(**changes: object) -> str:
    """Spell an answer that may run, with some fields changed; None by `drop` leaves one out."""
    fields: dict[str, object] = {
        "runbook_id": "LIN-SSH-003",
        "params": {"value": "4"},
        "confidence": 0.93,
        "requires_human_review": False,
        "reasoning": "The limit is above four.",
    }
    return json.dumps({**fields, **changes})


def without(name: str) -> str:
    """Spell an answer that may run, without one of its fields."""
    fields = json.loads(answer())
    del fields[name]
    return json.dumps(fields)
