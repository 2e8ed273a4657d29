"""Which runbooks a model is offered for a drift: few, chosen by code, the same every time."""

from typing import Final

import attrs

from actors.catalogue.runbooks import Risk
from actors.l2_planner.closed_catalogue import Choice, ClosedCatalogue
from actors.l2_planner.core import IncidentFacts

MOST: Final = 8
_RISKS: Final = tuple(Risk)


def candidates(catalogue: ClosedCatalogue, facts: IncidentFacts) -> ClosedCatalogue:
    """Narrow a catalogue to what heals this drift on this host, the least risky first.

    An answer is judged by the narrowed one, so that a model cannot choose what it was not offered.
    """
    fitting = [
        (_order(name, choice), name)
        for name, choice in catalogue.choices.items()
        if choice.fits(facts.platform, facts.check)
    ]
    offered = {name: catalogue.choices[name] for _, name in sorted(fitting)[:MOST]}
    return attrs.evolve(catalogue, choices=offered)


def _order(name: str, choice: Choice) -> tuple[bool, int, str]:
    """Sort what may run by itself to the front, then by risk; one that is not named comes last."""
    risk = _RISKS.index(Risk(choice.risk)) if choice.risk in _RISKS else len(_RISKS)
    return not choice.auto, risk, name
