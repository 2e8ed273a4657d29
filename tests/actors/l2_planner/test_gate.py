"""The gate: the nine rules, each with what must not pass it and what must."""

import json

import pytest

from actors.l2_planner import Judgement, Ruling, judge
from tests.actors.l2_planner.answers import CATALOGUE, FACTS, answer, without


def judged(output: str | bytes) -> tuple[str, str]:
    """Give the decision on an answer, and its reason."""
    judgement = judge(output, FACTS, CATALOGUE)
    return judgement.decision.value, judgement.reason


def test_a_plan_that_fits_in_everything_may_run_as_it_was_chosen() -> None:
    assert judge(answer(), FACTS, CATALOGUE) == Judgement(
        Ruling.ACCEPT, "ok", "LIN-SSH-003", {"value": "4"}, 0.93, "The limit is above four."
    )


@pytest.mark.parametrize(
    "output",
    [
        f"\n\t  {answer()}\r\n",
        f"```json\n{answer()}\n```",
        f"```\n{answer()}```",
        f"````JSON\r\n{answer()}\r\n````  ",
        answer().encode(),
        json.dumps(json.loads(answer()), indent=4),
        answer(confidence=1),
        answer(reasoning='Ünïcode, \U0001f600 and "{braces}" ` in text'),
        answer(pattern_signature="ssh_max_tries/linux"),
        answer(params={"value": "4", "port": 22, "reload": True, "service": "sshd"}),
        answer(params={"value": "4", "host": "ws-7"}),
        without("reasoning"),
    ],
)
def test_what_only_looks_different_is_accepted(output: str | bytes) -> None:
    assert judged(output) == ("accept", "ok")


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (answer(reasoning="x" * 17_000), "too_large"),
        (" " * 16_384 + answer(), "too_large"),
        (answer(reasoning="é" * 8_200), "too_large"),
        (answer(extra=json.loads("[" * 16 + "]" * 16)), "too_deep"),
        ("[" * 16_000, "too_deep"),
        ('{"a":' * 3_000, "too_deep"),
        ("", "not_json"),
        ("no plan for this", "not_json"),
        (answer()[:-1], "not_json"),
        (answer().replace('"', "'"), "not_json"),
        (answer().replace("0.93", "NaN"), "not_json"),
        (answer().replace("0.93", "Infinity"), "not_json"),
        (answer().replace("0.93", "9" * 5_000), "not_json"),
        (f"[{answer()}]", "no_object"),
        (json.dumps(answer()), "no_object"),
        ("null", "no_object"),
        (answer() + answer(), "several_objects"),
        (f"First: {answer()} or rather {answer(confidence=1)}", "several_objects"),
        (answer()[:-1] + ', "confidence": 0.99}', "repeated_key"),
        (answer()[:-1] + ', "confid\\u0065nce": 0.99}', "repeated_key"),
        (answer().replace('"value": "4"', '"value": "9", "value": "4"'), "repeated_key"),
        (answer(reasoning="\udc80").encode().replace(b"\\udc80", b"\x80"), "not_text"),
        ("\ud800", "not_text"),
    ],
)
def test_rule_1_what_is_not_exactly_one_object_is_dropped(output: str | bytes, reason: str) -> None:
    assert judged(output) == ("reject", reason)


@pytest.mark.parametrize(
    "output",
    [
        f"Here is the plan: {answer()}",
        f"{answer()}\nHope it helps!",
        f"Sure {{as you like}}:\n```json\n{answer()}\n```\n",
        f"```json\n```json\n{answer()}\n```\n```",
        f"\ufeff{answer()}",
        f"\u00a0{answer()}",
    ],
)
def test_rule_1_prose_around_the_object_needs_a_person(output: str) -> None:
    assert judged(output) == ("review", "prose_around")


@pytest.mark.parametrize(
    ("confidence", "decision"),
    [
        ("0.7", "accept"),
        ("7e-1", "accept"),
        ("1.0", "accept"),
        ("0.69999999999999999999999", "review"),
        ("0", "review"),
        ("-0.0", "review"),
        ("1e-999999", "review"),
        ("1.0000000000000000000001", "reject"),
        ("1e999", "reject"),
        ("-1", "reject"),
        ("true", "reject"),
        ("null", "reject"),
        ('"0.95"', "reject"),
        ("[0.95]", "reject"),
        ("95", "reject"),
    ],
)
def test_rule_2_confidence_is_a_number_from_0_to_1(confidence: str, decision: str) -> None:
    assert judged(answer().replace("0.93", confidence))[0] == decision


def test_rule_2_an_answer_without_confidence_is_dropped() -> None:
    assert judged(without("confidence")) == ("reject", "confidence_no_number")


@pytest.mark.parametrize("value", [True, None, 0, "", "false", "False", [], {}, 0.0])
def test_rule_3_only_false_lets_a_plan_run(value: object) -> None:
    assert judged(answer(requires_human_review=value)) == ("review", "human_review")


def test_rule_3_an_answer_that_does_not_say_so_needs_a_person() -> None:
    assert judged(without("requires_human_review")) == ("review", "human_review")


@pytest.mark.parametrize(
    "name",
    [
        "LIN-SSH-003 ", "lin-ssh-003", "LIN\u2010SSH\u2010003", "LIN-SSH-00\uff13",
        "LIN-SSH-003\u200b",
        "LIN-SSH-003\n", "LIN-SSH-003\x00", "", "RB-NONE", "LIN-SSH-003; reboot", "*",
        ["LIN-SSH-003"], {"id": "LIN-SSH-003"}, 3, True, False, "\ud800",
    ],
)  # fmt: skip
def test_rule_4_a_runbook_is_named_exactly_or_the_answer_is_dropped(name: object) -> None:
    assert judged(answer(runbook_id=name)) == ("reject", "unknown_runbook")


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (answer(runbook_id=None), ("review", "no_plan")),
        (answer(runbook_id=None, confidence=2), ("reject", "confidence_out_of_range")),
        (without("runbook_id"), ("reject", "runbook_missing")),
        (answer(runbook_id="WIN-FW-001", params={}), ("reject", "wrong_platform")),
        (answer(runbook_id="ANY-NTP-001", params={}), ("review", "wrong_check")),
        (answer(runbook_id="LIN-SSH-009", params={}), ("review", "not_automatic")),
    ],
)
def test_rule_4_it_fits_the_host_and_the_check(output: str, expected: tuple[str, str]) -> None:
    assert judged(output) == expected


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ([], "params_no_object"),
        (None, "params_no_object"),
        ("value=4", "params_no_object"),
        ({}, "param_missing"),
        ({"value": "4", "Value": "4"}, "unknown_param"),
        ({"value": "4", "command": "rm -rf /"}, "unknown_param"),
        ({"value": 4}, "param_not_allowed"),
        ({"value": "5"}, "param_not_allowed"),
        ({"value": ["4"]}, "param_not_allowed"),
        ({"value": None}, "param_not_allowed"),
        ({"value": "4", "port": True}, "param_type"),
        ({"value": "4", "port": "22"}, "param_type"),
        ({"value": "4", "port": 22.0}, "param_type"),
        ({"value": "4", "port": 0}, "param_out_of_range"),
        ({"value": "4", "port": 10**300}, "param_out_of_range"),
        ({"value": "4", "reload": 1}, "param_type"),
        ({"value": "4", "reload": "true"}, "param_type"),
        ({"value": "4", "service": "sshd\n"}, "param_control_character"),
        ({"value": "4", "service": "sshd;id"}, "param_pattern"),
        ({"value": "4", "service": "\uff53shd"}, "param_pattern"),
        ({"value": "4", "service": "\ud800"}, "param_control_character"),
        ({"value": "4", "service": ""}, "param_pattern"),
        ({"value": "4", "service": "s" * 33}, "param_too_long"),
        ({"value": "4", "service": {}}, "param_type"),
    ],
)
def test_rule_5_params_are_what_the_catalogue_says_or_the_answer_is_dropped(
    params: object, reason: str
) -> None:
    assert judged(answer(params=params)) == ("reject", reason)


def test_rule_5_nothing_free_form_runs_without_a_person() -> None:
    assert judged(answer(params={"value": "4", "note": "as asked"})) == ("review", "free_value")
    assert judged(answer(runbook_id="LIN-SSH-009", params={}))[0] == "review"


@pytest.mark.parametrize(
    "key", ["command", "Runbook_id", "runbook_id ", "steps", "host", "", "__class__"]
)
def test_rule_6_an_unknown_key_needs_a_person(key: str) -> None:
    assert judged(answer(**{key: "dc-01"})) == ("review", "unknown_key")


def test_rule_7_no_param_names_another_host() -> None:
    assert judged(answer(params={"value": "4", "host": "dc-01"})) == ("review", "other_host")


def test_rule_8_reasoning_is_shown_without_links_and_control_characters() -> None:
    reasoning = "See [the fix](https://evil.example/x)\x1b[31m or http://a.b/c\u202e now\ud800"

    shown = judge(answer(reasoning=reasoning), FACTS, CATALOGUE).reasoning

    assert shown == "See the fix (link removed)[31m or (link removed) now"


@pytest.mark.parametrize("value", [{}, ["run"], 4, None, True])
def test_rule_8_reasoning_that_is_no_text_needs_a_person(value: object) -> None:
    assert judged(answer(reasoning=value)) == ("review", "reasoning_no_text")


@pytest.mark.parametrize("signature", ["*", "ssh:*", "", None, 3, "a b", ".*", "ok\n"])
def test_a_signature_that_would_stand_for_many_needs_a_person(signature: object) -> None:
    assert judged(answer(pattern_signature=signature)) == ("review", "signature_no_name")


def test_a_reason_to_drop_an_answer_counts_more_than_one_to_ask() -> None:
    assert judged(answer(confidence=0.1, params={"value": "9"})) == ("reject", "param_not_allowed")
