"""The schema of rule files says what the rules page says, as far as JSON Schema can."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from actors.catalogue.rule_judgement import rule_from
from actors.catalogue.rule_schema import rule_file_schema
from actors.catalogue.rules import OPERATORS, RULE_KEYS, Rule
from runtime.settings import shipped
from tests.actors.l1_evaluator import hostile
from tests.catalogue.json_schema import accepts

SCHEMA: dict[str, Any] = json.loads(json.dumps(rule_file_schema()))
EQ = {"field": "check_type", "operator": "eq", "value": "door"}
SOUND = {"id": "A", "conditions": [EQ], "action": "escalate"}


def condition(operator: str, value: Any, **more: Any) -> dict[str, Any]:
    return {**SOUND, "conditions": [{**EQ, "operator": operator, "value": value, **more}]}


@pytest.mark.parametrize(
    "path",
    sorted(file for folder in ("l1", "demo") for file in (shipped("rules") / folder).rglob("*.yaml")
           if folder == "l1" or file.parent.name == "l1"),
    ids=lambda path: path.name,
)  # fmt: skip
def test_every_shipped_rule_file_is_valid(path: Path) -> None:
    assert accepts(SCHEMA, yaml.safe_load(path.read_text(encoding="utf-8")))


def test_a_list_and_a_mapping_are_rule_files_and_nothing_else_is() -> None:
    assert accepts(SCHEMA, [SOUND])
    assert accepts(SCHEMA, {"rules": [SOUND], "made_by": "hand"})
    assert not accepts(SCHEMA, SOUND)
    assert not accepts(SCHEMA, "rules")


def test_the_schema_knows_every_operator_and_every_key() -> None:
    rule = SCHEMA["$defs"]["rule"]["properties"]
    assert set(SCHEMA["$defs"]["condition"]["properties"]["operator"]["enum"]) == set(OPERATORS)
    assert set(rule) == {*RULE_KEYS, "params"}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(hostile.rules("r"))
def test_a_valid_rule_is_accepted(raw: dict[str, Any]) -> None:
    if isinstance(rule_from(raw), Rule):
        assert accepts(SCHEMA, [raw]), raw


@pytest.mark.parametrize(
    "raw",
    [
        "text",
        {},
        {**SOUND, "id": ""},
        {**SOUND, "id": 5},
        {**SOUND, "action": ""},
        {**SOUND, "conditions": []},
        {**SOUND, "conditions": "all"},
        {**SOUND, "match_all": True},
        {**SOUND, "match_all": "yes"},
        {**SOUND, "action": "execute_runbook"},
        {**SOUND, "action": "execute_runbook", "runbook_id": ""},
        {**SOUND, "runbook_id": 5},
        {**SOUND, "priority": "first"},
        {**SOUND, "priority": True},
        {**SOUND, "enabled": "no"},
        {**SOUND, "severity_filter": "high"},
        {**SOUND, "any_of": []},
        {**SOUND, "any_of": [[]]},
        {**SOUND, "any_of": [EQ]},
        {**SOUND, "none_of": EQ},
        {**SOUND, "mode": "automatic"},
        {**SOUND, "cooldown_seconds": -1},
        {**SOUND, "max_per_hour": 0},
        {**SOUND, "controls": [5]},
        {**SOUND, "tests": {}},
        {**SOUND, "tests": [{"given": {}}]},
        {**SOUND, "tests": [{"given": {}, "expect": "this", "why": "so"}]},
        {**SOUND, "tests": [{"given": {}, "expect": ""}]},
        {**SOUND, "tests": [{"given": {}, "expect": {"mode": "fast"}}]},
        {**SOUND, "tests": [{"given": {}, "expect": {"priority": 5}}]},
        {**SOUND, "conditions": [{"field": "a", "operator": "eq"}]},
        condition("equals", "x"),
        condition("eq", None),
        condition("eq", ["x"]),
        condition("in", []),
        condition("in", "x"),
        condition("in", [["x"]]),
        condition("gt", "5"),
        condition("gt", True),
        condition("exists", "true"),
        condition("starts_with", 5),
        condition("regex", 5),
        condition("eq", "x", field="a..b"),
        condition("eq", "x", field=""),
        condition("eq", "x", ignore_case="no"),
    ],
)
def test_a_rule_of_the_wrong_shape_is_refused_as_it_is_set_aside(raw: object) -> None:
    assert isinstance(rule_from(raw), str)
    assert not accepts(SCHEMA, [raw])
