"""What scripts print, and what of it is taken."""

import pytest

from actors.runbook_runner.commands import captured, ran
from actors.runbook_runner.core import Captured, NoOutcome, Ran
from runtime.hosts.processes import Completed

DEEP = '{"a":' + "[" * 500 + "]" * 500 + "}"
HALF_A_CHARACTER = '{"a": "\\ud800"}'


@pytest.mark.parametrize(
    "printed", ["[" * 60_000, DEEP, HALF_A_CHARACTER, '{"a": NaN}', "[]", "garbage \x00", ""]
)
def test_no_output_of_a_script_makes_the_runner_fall(printed: str) -> None:
    assert captured(Completed(0, printed, "")) == NoOutcome("not_parsed")
    assert ran(Completed(3, printed, "")) == Ran(3)


def test_what_a_capture_says_is_spelled_in_one_way() -> None:
    assert captured(Completed(0, '{"b": 1,\n "a": "é"}', "")) == Captured('{"a":"é","b":1}')
