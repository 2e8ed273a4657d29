"""Hundreds of hostile answers and events, and sound ones: none runs that must not, none is lost.

`tests/data/l2` has them as `aright plan judge` reads them, each with what the specification says.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from actors.l2_planner.catalogue_file import read_catalogue
from actors.l2_planner.judge_lines import judge_lines

DATA = Path(__file__).parents[2] / "data" / "l2"
CATALOGUE = read_catalogue(DATA / "catalogue.json")


def lines(name: str) -> list[bytes]:
    return (DATA / name).read_bytes().splitlines()


HOSTILE: list[dict[str, Any]] = [json.loads(line) for line in lines("hostile.jsonl")]
SOUND: list[dict[str, Any]] = [json.loads(line) for line in lines("sound.jsonl")]


def test_none_of_the_hostile_answers_may_run() -> None:
    judged = list(judge_lines(CATALOGUE, lines("hostile.jsonl")))

    assert len(judged) > 350
    assert [each.id for each in judged if each.judgement.decision == "accept"] == []
    assert not any(each.is_error for each in judged)


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: str(case["id"])[:40])
def test_a_hostile_answer_is_dropped_or_shown_to_a_person_as_the_rules_say(
    case: dict[str, Any],
) -> None:
    [judged] = judge_lines(CATALOGUE, [json.dumps(case).encode()])

    assert judged.judgement.decision == case["expect"], judged.judgement.reason


def test_every_sound_answer_may_run() -> None:
    judged = list(judge_lines(CATALOGUE, lines("sound.jsonl")))

    assert len(judged) == len(SOUND) > 50
    assert [
        (each.id, each.judgement.reason) for each in judged if each.judgement.decision != "accept"
    ] == []
