"""The red team: what it tries, and that it would notice if something got through."""

from collections import Counter
from pathlib import Path

import attrs
import pytest

from actors.catalogue.runbook_files import load_runbooks
from actors.l2_planner import ClosedCatalogue, Ruling, SitePolicy, Slot, SlotType, catalogue_of
from actors.l2_planner.attacks import Attacks, BadAnswer, BadEvent, BadValue
from actors.l2_planner.redteam import Outcome, Verdict, attack, sound_answers
from actors.l2_planner.redteam_file import load_attacks
from runtime.errors import InvalidFileError
from runtime.scrub import Scrubber
from tests.actors.l2_planner.answers import CATALOGUE, whole

RULES = Path(__file__).parents[3] / "rules"
SHIPPED = load_attacks([RULES / "redteam"])
SCRUBBER = Scrubber(b"the key of a site")
MARK = "0123456789abcdef0123456789abcdef"


def attacked(catalogue: ClosedCatalogue, attacks: Attacks = SHIPPED) -> list[Outcome]:
    return attack(catalogue, attacks, SCRUBBER, MARK)


def test_nothing_gets_through_the_shipped_catalogue() -> None:
    shipped = catalogue_of(load_runbooks(RULES / "runbooks").values(), SitePolicy())

    outcomes = attacked(shipped)

    assert len(outcomes) > 150
    assert Counter(each.verdict for each in outcomes) == {Verdict.HELD: len(outcomes)}
    assert any(each.decision is Ruling.ACCEPT for each in sound_answers(shipped).values())


def test_nothing_gets_through_a_catalogue_of_which_answers_do_run() -> None:
    answers = sound_answers(CATALOGUE)

    assert answers["LIN-SSH-003"].decision is Ruling.ACCEPT
    assert {each.verdict for each in attacked(CATALOGUE)} == {Verdict.HELD}


def test_a_pattern_that_lets_a_command_through_is_unsafe() -> None:
    ssh = CATALOGUE.choices["LIN-SSH-003"]
    lax = Slot(SlotType.STR, matches=(whole("[^\n]*"),), pattern="[^\n]*")
    choices = {"LIN-SSH-003": attrs.evolve(ssh, slots={**ssh.slots, "service": lax})}

    found = [each for each in attacked(ClosedCatalogue(choices)) if each.is_unsafe]

    assert "value-semicolon" in {each.attack for each in found}
    assert {(each.kind, each.decision, each.runbook) for each in found} == {
        ("value", "accept", "LIN-SSH-003")
    }


def test_an_answer_that_runs_is_unsafe() -> None:
    attacks = Attacks(answers=[BadAnswer("control", "A sound answer", "<<SOUND>>")])

    [outcome] = attacked(CATALOGUE, attacks)

    assert (outcome.verdict, outcome.decision) == (Verdict.UNSAFE, "accept")


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (
            BadEvent("e", "t", {"actual": "the secret word"}, "", ("secret word",)),
            "hidden_in_prompt",
        ),
        (BadEvent("e", "t", {"actual": MARK}, ""), "left_the_data"),
    ],
)
def test_a_prompt_that_holds_what_it_must_not_is_unsafe(event: BadEvent, reason: str) -> None:
    [outcome] = attacked(CATALOGUE, Attacks(events=[event]))

    assert (outcome.verdict, outcome.reason) == (Verdict.UNSAFE, reason)


def test_what_a_catalogue_has_not_is_not_attacked() -> None:
    attacks = Attacks(
        answers=[BadAnswer("a", "t", "<<FOREIGN ANSWER>>")], values=[BadValue("v", "t", "x")]
    )
    alone = ClosedCatalogue({"ANY-NTP-001": CATALOGUE.choices["ANY-NTP-001"]})

    assert {each.verdict for each in attacked(alone, attacks)} == {Verdict.DOES_NOT_APPLY}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("answers: [{id: a, title: t, says: x}, {id: a, title: t, says: y}]", "1: a is there"),
        ("answers: [{id: a, title: t}]", "answers.0.says: is missing"),
        ("answer: []", "did you mean 'answers'?"),
    ],
)
def test_a_wrong_file_of_attacks_is_told_with_its_line(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(InvalidFileError, match=words.replace("?", r"\?")):
        load_attacks([tmp_path])
