"""A rule for a kind of drift decides answers of that kind, and of no other."""

import pytest
from hypothesis import example, given, strategies as st

from actors.catalogue.kind_conditions import KindConditions, kind_conditions
from actors.catalogue.pattern_signature import STATES, drift_kind
from actors.l1_evaluator import RuleSet

WORDS = st.one_of(
    st.sampled_from(sorted(STATES)),
    st.sampled_from(["sshd", "0644", "12.5", "12", "days", ",", ":", "-3%", "PermitRootLogin"]),
    st.text(min_size=1, max_size=6),
)
ANSWERS = st.one_of(
    st.text(max_size=60),
    st.lists(WORDS, max_size=9).map(" ".join),
    st.lists(WORDS, max_size=9).map("".join),
)
SHAPES = ["mode", "number", "list", "text", "empty"]


def asking(kind: KindConditions) -> RuleSet:
    rules = RuleSet.compile(
        [
            {
                "id": "ASKS",
                "conditions": [
                    {"field": "status", "operator": "eq", "value": "fail"},
                    *kind.conditions,
                ],
                "none_of": list(kind.none_of),
                "action": "escalate",
            }
        ]
    )
    assert not rules.quarantined
    return rules


def decides(rules: RuleSet, actual: str) -> bool:
    return rules.winner({"status": "fail", "actual": actual}) is not None


@given(answer=ANSWERS, other=ANSWERS)
@example("0644", "644")
@example("1 off", "1 of")
@example("running, not enabled", "not running")
@example("\N{LATIN SMALL LIGATURE FF}", "o\N{LATIN SMALL LIGATURE FF}")
def test_what_such_a_rule_decides_is_of_its_kind(answer: str, other: str) -> None:
    kind = drift_kind(answer)
    rules = asking(kind_conditions(kind))

    for each in (answer, other):
        assert not decides(rules, each) or drift_kind(each) == kind


@given(answer=ANSWERS.filter(lambda text: len(text) <= 400))
@example("0 0")
@example("Empty")
@example("  ")
def test_such_a_rule_decides_every_plain_answer_of_its_kind(answer: str) -> None:
    plain = "".join(each for each in answer if each in " \t\n\r" or "!" <= each <= "~")

    assert decides(asking(kind_conditions(drift_kind(plain))), plain)


def test_an_answer_that_is_not_plain_or_that_is_long_is_decided_by_no_such_rule() -> None:
    rules = asking(kind_conditions("off"))

    assert decides(rules, "Off")
    assert not decides(rules, "aus, off, \N{LATIN SMALL LETTER A WITH DIAERESIS}")
    assert not decides(rules, "off" + " " * 400)


@pytest.mark.parametrize("kind", [*SHAPES, "not running", "enabled not running", *sorted(STATES)])
def test_the_example_of_a_kind_is_of_that_kind_and_decided(kind: str) -> None:
    known = kind_conditions(kind)

    assert drift_kind(known.example) == kind
    rules = asking(known)
    assert decides(rules, known.example)
    assert known.near
    for answer in known.near:
        assert drift_kind(answer) != kind
        assert not decides(rules, answer)


@pytest.mark.parametrize("kind", ["", "nonsense", "not  running", "off nonsense"])
def test_what_is_no_kind_has_no_conditions(kind: str) -> None:
    with pytest.raises(ValueError, match="no answer is of the kind"):
        kind_conditions(kind)
