"""The catalogue in force as a closed one: what plans may name, and what may run by itself."""

from collections.abc import Iterable
from typing import Final

import attrs

from actors.catalogue.patterns import WholeMatch, compile_whole_match
from actors.catalogue.runbooks import MAX_TEXT, Param, ParamType, Risk, Runbook
from actors.l2_planner.closed_catalogue import Choice, ClosedCatalogue, Slot, SlotType

_RISKS: Final = tuple(Risk)
_MODE: Final = "[0-7]{3,4}"
_PATH: Final = r"(?:/(?:[^./][^/]*|\.[^./][^/]*|\.\.[^/]+))+"
"""Absolute, and no part of it is `.` or `..`."""
_OF_A_PERSON: Final = (
    "evil.example", "203.0.113.66", "2001:db8::66", "root", "Everyone", "two words", "--help",
    "a;b", "/opt/x", "C:/x",
)  # fmt: skip
"""Which machine is asked for the time, who is let in: a text that may say so is for a person."""


@attrs.frozen
class SitePolicy:
    """What plans may name on a site, beside what the catalogue says."""

    irreversible: bool = True
    """Whether runbooks without undo are offered; they never run without a person's yes."""
    disruptive: bool = True
    """Whether runbooks that people notice are offered; likewise."""
    max_risk: Risk = Risk.HIGH
    """The most that may go wrong with what is offered."""
    auto_risk: Risk = Risk.LOW
    """The most that may go wrong with what runs without a person's yes."""

    def offers(self, runbook: Runbook) -> bool:
        """Say whether a plan may name it at all."""
        return (
            not runbook.by_person
            and (self.irreversible or not runbook.irreversible)
            and (self.disruptive or not runbook.disruptive)
            and _at_most(runbook.risk, self.max_risk)
        )

    def trusts(self, runbook: Runbook) -> bool:
        """Say whether a plan with it may run without a person's yes."""
        return (
            not (runbook.irreversible or runbook.disruptive or runbook.reboots)
            and _at_most(runbook.risk, self.auto_risk)
        )  # fmt: skip


def catalogue_of(runbooks: Iterable[Runbook], policy: SitePolicy) -> ClosedCatalogue:
    """Close the catalogue in force: the same gate then judges by it as by one from a file."""
    offered = [runbook for runbook in runbooks if policy.offers(runbook)]
    return ClosedCatalogue({
        runbook.id: Choice(
            runbook.platform.value,
            frozenset(runbook.checks),
            policy.trusts(runbook),
            {param.name: _slot(param) for param in runbook.params},
            runbook.risk.value,
            runbook.title,
        )
        for runbook in offered
    })  # fmt: skip


def _at_most(risk: Risk, bound: Risk) -> bool:
    return _RISKS.index(risk) <= _RISKS.index(bound)


def _slot(param: Param) -> Slot:
    match param.type:
        case ParamType.BOOL:
            return Slot(SlotType.BOOL, param.required)
        case ParamType.ENUM:
            return Slot(SlotType.ENUM, param.required, param.allowed)
        case ParamType.INT:
            return Slot(SlotType.INT, param.required, is_free=True)
        case ParamType.MODE:
            return _text(param, _MODE, is_free=True)
        case ParamType.PATH:
            return _text(param, _PATH, is_free=True)
        case ParamType.STRING:
            return _text(param, is_free=False)


def _text(param: Param, *patterns: str, is_free: bool) -> Slot:
    if param.pattern:
        patterns = (*patterns, param.pattern)
    compiled = [compile_whole_match(pattern) for pattern in patterns]
    matches = tuple(each for each in compiled if isinstance(each, WholeMatch))
    return Slot(
        SlotType.STR,
        param.required,
        matches=matches,
        pattern=patterns[-1] if patterns else "",
        is_free=is_free or any(all(each(text) for each in matches) for text in _OF_A_PERSON),
        max_length=MAX_TEXT,
    )
