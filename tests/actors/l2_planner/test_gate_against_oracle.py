"""The gate never lets anything unsafe run, whatever a model says: against an oracle of its own."""

import json
import string

from hypothesis import given, strategies as st

from actors.l2_planner import Ruling, judge
from tests.actors.l2_planner.answers import CATALOGUE, FACTS, answer
from tests.actors.l2_planner.oracle import unsafe

NAMES = st.sampled_from(
    [*CATALOGUE.choices, "lin-ssh-003", "LIN-SSH-003 ", "RB", "", None, 3, True, ["LIN-SSH-003"]]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 70_000),
    st.integers(),
    st.floats(),
    st.sampled_from(["1", "4", "5", "sshd", "sshd\n", "ws-7", "dc-01", "$(id)", "\ud800", "a-b"]),
    st.text(max_size=8),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner)
)
PARAMS = st.one_of(
    VALUES,
    st.dictionaries(
        st.sampled_from(["value", "port", "reload", "service", "note", "host", "Value", "command"]),
        VALUES,
    ),
    st.fixed_dictionaries(
        {"value": st.sampled_from(["1", "2", "3", "4", "4", 4, True])},
        optional={
            "port": st.sampled_from([1, 22, 65535, 0, 65536, True, "22", 22.0]),
            "reload": st.sampled_from([True, False, 0, 1, None]),
            "service": st.sampled_from(["sshd", "a", "sshd\n", "-x", "", "S"]),
            "host": st.sampled_from(["ws-7", "WS-7", "dc-01"]),
        },
    ),
)
SURE = st.one_of(st.sampled_from([0.7, 0.9, 1, 1.0, 0.93]), SCALARS)
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "runbook_id": st.just("LIN-SSH-003") | NAMES,
        "confidence": SURE,
        "requires_human_review": st.just(value=False) | SCALARS,
        "params": PARAMS,
        "reasoning": st.text(max_size=20) | VALUES,
        "pattern_signature": st.sampled_from(["ssh/linux", "*", None]),
        "host": SCALARS,
    },
)
AROUND = st.sampled_from(
    ["{}", "{}", "```json\n{}\n```", " {}\n", "Plan: {}", "[{}]", "{}{}", "{},"]
)


def check(output: str) -> None:
    """Hold a judgement against the oracle."""
    judgement = judge(output, FACTS, CATALOGUE)

    danger = unsafe(output, FACTS, CATALOGUE)
    assert judgement.decision is not Ruling.ACCEPT or danger is None, danger


@given(fields=ANSWERS, around=AROUND)
def test_no_answer_of_any_fields_runs_that_should_not(
    fields: dict[str, object], around: str
) -> None:
    check(around.replace("{}", json.dumps(fields)))


@given(
    cut=st.integers(0, 200),
    gone=st.integers(0, 12),
    put=st.text(
        alphabet=st.sampled_from(string.printable + "\u200b\ufeff\u202e\u0661é\ud800\x00"),
        max_size=6,
    ),
)
def test_no_answer_runs_that_a_few_characters_made_unsafe(cut: int, gone: int, put: str) -> None:
    sound = answer(params={"value": "4", "port": 22, "service": "sshd"})

    check(sound[:cut] + put + sound[cut + gone :])


@given(text=st.text(max_size=400))
def test_no_text_at_all_makes_the_gate_fall(text: str) -> None:
    check(text)


@given(data=st.binary(max_size=400))
def test_no_bytes_at_all_make_the_gate_fall(data: bytes) -> None:
    assert judge(data, FACTS, CATALOGUE).decision is Ruling.REJECT


SOUND = st.fixed_dictionaries(
    {
        "runbook_id": st.just("LIN-SSH-003"),
        "confidence": SURE,
        "requires_human_review": st.just(value=False),
        "params": PARAMS,
    },
    optional={"reasoning": st.text(max_size=20)},
)


@given(fields=SOUND)
def test_what_the_oracle_finds_nothing_in_is_not_dropped(fields: dict[str, object]) -> None:
    output = json.dumps(fields)

    if unsafe(output, FACTS, CATALOGUE) is None:
        assert judge(output, FACTS, CATALOGUE).decision is not Ruling.REJECT
