"""How well the scrubber does on labelled texts: what goes, and what stays."""

import pytest

from runtime.scrub import Scrubber
from tests.runtime.scrub.labelled import Score, labelled, measured

NAMES = (
    "corpus.txt",
    "held_out.txt",
    "outsider.txt",
    "outsider_again.txt",
    "reader.txt",
    "reader_again.txt",
    "reader_last.txt",
    "clinics.txt",
    "clinics_again.txt",
    "drifts.txt",
)
SCRUBBER = Scrubber(b"the key of the tests")


@pytest.fixture(scope="module", params=NAMES)
def score(request: pytest.FixtureRequest) -> Score:
    return measured(SCRUBBER, labelled(request.param))


def test_what_a_word_or_field_tells_goes(score: Score) -> None:
    assert score.in_context >= 0.98, "\n".join(score.wrong)


def test_what_its_form_alone_tells_goes(score: Score) -> None:
    assert score.by_form >= 0.80, "\n".join(score.wrong)


def test_what_is_a_machines_stays_character_for_character(score: Score) -> None:
    assert score.damage <= 0.01, "\n".join(score.wrong)


@pytest.mark.parametrize("name", NAMES)
def test_to_scrub_again_changes_nothing(name: str) -> None:
    once = [SCRUBBER.text(each.text).text for each in labelled(name)]

    assert [SCRUBBER.text(text).text for text in once] == once
