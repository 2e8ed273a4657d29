"""The rule that a plan becomes: an ordinary file, exact, with tests, and nobody's data."""

from pathlib import Path

import attrs
import pytest
import yaml
from hypothesis import example, given, settings, strategies as st

from actors.catalogue.pattern_signature import STATES, drift_kind
from actors.catalogue.rule_files import read_rules
from actors.catalogue.rule_judgement import rule_from
from actors.catalogue.rules import Rule
from actors.flywheel import Promotion, Sample, rule_file, rule_of
from actors.l1_evaluator import RuleSet
from actors.messages import JSON, Mode
from actors.messages.promotion import Stage
from tests.actors.flywheel.world import NOW, pattern

SAMPLES = [Sample("high", "scanner", 55), Sample("high", "agent", 5)]
PARAM_VALUES = st.one_of(st.text(), st.integers(), st.booleans())


def written(stage: Stage, mode: Mode = Mode.AUTO) -> Rule:
    raw = rule_of(pattern(), Promotion("p", stage, mode, NOW), SAMPLES, lambda _: None)
    [read] = yaml.safe_load(rule_file(raw, ["from 60 fixes"]))["rules"]
    rule = rule_from(read)
    assert isinstance(rule, Rule), rule
    return rule


@pytest.mark.parametrize(
    ("stage", "mode", "max_per_hour"),
    [(Stage.SHADOW, "audit", None), (Stage.CANARY, "auto", 1), (Stage.ACTIVE, "auto", None)],
)
def test_a_shadow_only_says_it_a_canary_heals_one_host_an_hour_and_an_active_one_heals(
    stage: Stage, mode: str, max_per_hour: int | None
) -> None:
    rule = written(stage)

    assert (rule.mode, rule.max_per_hour) == (mode, max_per_hour)
    assert (rule.id, rule.runbook_id) == (pattern().rule_id, pattern().runbook_id)
    assert rule.params == pattern().params


@pytest.mark.parametrize("stage", [Stage.PROPOSED, Stage.RETIRED])
def test_without_a_signature_there_is_no_rule(stage: Stage) -> None:
    with pytest.raises(ValueError, match="it has no rule"):
        written(stage)


def test_its_tests_come_true_and_each_condition_has_one_that_fails_it_alone() -> None:
    rule = written(Stage.ACTIVE)
    rules = RuleSet.compile([rule.written])

    for test in rule.tests:
        event = {"status": "fail", **test.given}
        winner = rules.winner(event)
        assert (winner is not None) is (test.expected.rule == "this"), test
    assert [test.expected.rule for test in rule.tests].count("this") == len(SAMPLES)


def test_it_speaks_of_kinds_alone_and_holds_nothing_that_a_host_said() -> None:
    said = "service spooler-of-jdoe not running, MRN 00482913"
    known = attrs.evolve(pattern(), kind=drift_kind(said))
    raw = rule_of(known, Promotion("p", Stage.ACTIVE, Mode.AUTO, NOW), SAMPLES, lambda _: None)

    text = rule_file(raw, [])
    assert not any(word in text for word in ("jdoe", "00482913", "ws-", "MRN"))
    event = {
        "check_type": known.check, "platform": "linux", "status": "fail", "actual": said,
    }  # fmt: skip
    assert RuleSet.compile([raw]).winner(event) is not None


@settings(max_examples=50)
@given(params=st.dictionaries(st.text(), PARAM_VALUES, max_size=5), kind=st.sampled_from(
    ["mode", "number", "list", "text", "empty", *sorted(STATES)]
))  # fmt: skip
@example(params={"text": "\ufffe\uffff\U0001ffff"}, kind="text")
def test_whatever_the_params_are_the_file_says_the_same_as_the_rule(
    params: dict[str, JSON], kind: str
) -> None:
    known = attrs.evolve(pattern(), params=params, kind=kind)
    raw = rule_of(known, Promotion("p", Stage.CANARY, Mode.AUTO, NOW), SAMPLES, lambda _: "X")

    text = rule_file(raw, ["a remark", "another\nover two lines: - {"])
    assert yaml.load(text, yaml.CSafeLoader) == {"rules": [raw]}


def test_the_file_is_read_as_every_rule_file_is(tmp_path: Path) -> None:
    raw = rule_of(pattern(), Promotion("p", Stage.SHADOW, Mode.AUTO, NOW), SAMPLES, lambda _: None)
    (tmp_path / "rule.yaml").write_text(rule_file(raw, ["a remark"]), encoding="utf-8")

    read = read_rules(tmp_path)
    assert (read.rules, read.places[0].line) == ((raw,), 3)
