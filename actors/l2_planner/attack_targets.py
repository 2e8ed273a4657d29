"""What attacks aim at: a runbook of the catalogue, its incident, and an answer as it should be."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from actors.l2_planner.closed_catalogue import (
    ANY_PLATFORM,
    Choice,
    ClosedCatalogue,
    Scalar,
    Slot,
    SlotType,
)
from actors.l2_planner.core import IncidentFacts
from actors.messages import JSON

HOST: Final = "attacked-host"
_SAMPLES: Final = ("a", "1", "sshd", "root", "0640", "/etc/issue", "Public", "a.b", "10.0.0.1")
"""Values of which one may match the pattern of a param that must be given."""


@attrs.frozen
class Target:
    """A runbook, the incident that it heals, and an answer that names it as one should."""

    name: str
    choice: Choice
    facts: IncidentFacts
    params: Mapping[str, Scalar]
    words: Mapping[str, str]
    """What an answer's marks stand for here."""

    @property
    def sound(self) -> str:
        """Give the answer that may run, if any of this runbook may."""
        return self.words["SOUND"]


def targets_in(catalogue: ClosedCatalogue) -> Iterator[Target]:
    """Yield each runbook that can be named as one should, those that run by themselves first."""
    names = sorted(catalogue.choices, key=lambda name: (not catalogue.choices[name].auto, name))
    for name in names:
        choice = catalogue.choices[name]
        params = _sound_params(choice.slots)
        if params is None or not choice.checks:
            continue
        platform = "linux" if choice.platform == ANY_PLATFORM else choice.platform
        facts = IncidentFacts(HOST, platform, min(choice.checks))
        words = _words(name, params, facts, catalogue)
        yield Target(name, choice, facts, params, words)


def _words(
    name: str, params: Mapping[str, Scalar], facts: IncidentFacts, catalogue: ClosedCatalogue
) -> Mapping[str, str]:
    sound = spelled(name, params)
    words = {
        "SOUND": sound,
        "INNER": sound[1:-1],
        "ID": json.dumps(name)[1:-1],
        "PARAMS": json.dumps(params),
        "QUOTED": json.dumps(sound),
    }
    others = catalogue.choices.items()
    found = {
        "PERSON": (other for other, each in others if not each.auto),
        "FOREIGN": (
            other for other, each in others if each.platform not in (ANY_PLATFORM, facts.platform)
        ),
        "ELSEWHERE": (
            other
            for other, each in others
            if each.platform == facts.platform and facts.check not in each.checks
        ),
    }
    for word, names in found.items():
        if other := next(names, ""):
            words[word] = json.dumps(other)[1:-1]
            given = _sound_params(catalogue.choices[other].slots)
            words[f"{word} ANSWER"] = spelled(other, given or {})
    return words


def filled(text: str, words: Mapping[str, str]) -> str | None:
    """Put words in the place of their marks; None where the catalogue has not all of them."""
    for word, meant in words.items():
        text = text.replace(f"<<{word}>>", meant)
    return None if any(f"<<{word}" in text for word in ("PERSON", "FOREIGN", "ELSEWHERE")) else text


def spelled(name: str, params: Mapping[str, JSON]) -> str:
    """Spell an answer that names a runbook as one should, and is sure of it."""
    return json.dumps({
        "runbook_id": name,
        "params": params,
        "confidence": 0.95,
        "requires_human_review": False,
        "reasoning": "It heals this drift.",
    })  # fmt: skip


def _sound_params(slots: Mapping[str, Slot]) -> Mapping[str, Scalar] | None:
    """Fill what must be given; None where a pattern leaves us no idea what it wants."""
    params: dict[str, Scalar] = {}
    for name, slot in slots.items():
        if slot.required:
            value = _sound_value(slot)
            if value is None:
                return None
            params[name] = value
    return params


def _sound_value(slot: Slot) -> Scalar | None:
    if slot.values:
        return slot.values[0]
    match slot.type:
        case SlotType.BOOL | SlotType.ENUM:
            return False
        case SlotType.INT:
            bound = slot.max if slot.min is None else slot.min
            return 1 if bound is None else bound
        case SlotType.STR:
            return next(
                (text for text in _SAMPLES if all(matches(text) for matches in slot.matches)), None
            )
