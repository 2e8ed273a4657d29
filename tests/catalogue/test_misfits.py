"""What a rule may name: checks that are reported, actions there are, runbooks that fit."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from actors.catalogue.check_files import ALIASES, load_checks
from actors.catalogue.check_names import load_names
from actors.catalogue.misfits import misfits, surroundings_of
from actors.catalogue.rule_judgement import rule_from
from actors.catalogue.rules import Rule
from actors.catalogue.runbook_files import load_runbooks

RULES = Path(__file__).parents[2] / "rules"
CHECKS = load_checks(RULES / "checks").by_id
AROUND = surroundings_of(
    CHECKS, load_names(RULES / "checks" / ALIASES, CHECKS), load_runbooks(RULES / "runbooks")
)


def about(operator: str, value: Any, field: str = "check_type") -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


def named(**written: Any) -> list[tuple[str, str]]:
    raw = {"id": "R", "conditions": [about("eq", "shadow_permissions")], "action": "escalate"}
    rule = rule_from({**raw, **written})
    assert isinstance(rule, Rule)
    return [(misfit.code, misfit.reason) for misfit in misfits(rule, AROUND)]


HEALED = {"action": "execute_runbook", "runbook_id": "LIN-PERM-001"}


def test_a_rule_that_names_what_is_there_fits() -> None:
    assert named() == []
    assert named(**HEALED) == []
    assert named(**HEALED, any_of=[[about("eq", "linux", "platform")]]) == []
    assert named(conditions=[about("eq", "windows_defender")]) == []


@pytest.mark.parametrize(
    "written",
    [
        {"conditions": [about("eq", "firewal")]},
        {"conditions": [about("in", ["shadow_permissions", "firewal"])]},
        {"conditions": [about("ne", "firewal", "incident_type")]},
        {"any_of": [[about("exists", True, "host_id")], [about("eq", "firewal")]]},
        {"none_of": [about("eq", "firewal")]},
    ],
)
def test_a_check_that_nobody_reports_is_a_misfit_wherever_it_is_named(
    written: dict[str, Any],
) -> None:
    assert named(**written) == [("unknown_check", "no check is called 'firewal'")]


def test_an_agent_s_own_word_for_a_check_is_not_its_name() -> None:
    assert named(conditions=[about("eq", "screenlock")]) == [
        ("unknown_check", "no check is called 'screenlock'")
    ]


@pytest.mark.parametrize(
    ("written", "code", "words"),
    [
        ({"action": "reboot"}, "unknown_action", "unknown action 'reboot'"),
        ({"runbook_id": "NO"}, "unknown_runbook", "no runbook is called 'NO'"),
        ({**HEALED, "runbook_id": "NO"}, "unknown_runbook", "no runbook is called 'NO'"),
        (
            {**HEALED, "any_of": [[about("in", ["shadow_permissions", "ssh_root_login"])]]},
            "unfit_runbook",
            "runbook LIN-PERM-001 does not heal ssh_root_login",
        ),
        (
            {**HEALED, "any_of": [[about("eq", "windows", "platform")]]},
            "unfit_runbook",
            "runbook LIN-PERM-001 is for linux, not for windows",
        ),
    ],
)
def test_an_action_or_a_runbook_that_does_not_fit_is_a_misfit(
    written: dict[str, Any], code: str, words: str
) -> None:
    [(told, reason)] = named(**written)

    assert told == code
    assert words in reason


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"id": "R\ud800"}, "half a character"),
        ({"text": "call\udfff"}, "half a character"),
        ({"conditions": [about("eq", "\ud800", "actual")]}, "half a character"),
        ({"note": 1 << 20_000}, "more than 4,300 digits"),
        ({"priority": 1 << 20_000}, "more than 4,300 digits"),
        ({**HEALED, "params": {1: "a", "b": "c"}}, "params are no JSON"),
    ],
)
def test_what_no_store_can_keep_is_a_misfit(written: dict[str, Any], words: str) -> None:
    [(code, reason)] = named(**written)

    assert code == "unkeepable"
    assert words in reason


def test_a_date_that_is_a_key_or_a_value_can_be_kept() -> None:
    day = dt.date(2024, 5, 1)

    assert named(history={day: "made", "seen": day}) == []
    assert named(**HEALED, params={"since": day}) == []
