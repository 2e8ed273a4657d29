"""The gate takes no longer for a hostile answer: its work is bounded by the bytes it reads."""

import time

import pytest

from actors.l2_planner import judge
from tests.actors.l2_planner.answers import CATALOGUE, FACTS, answer

SIZE = CATALOGUE.max_output_bytes


def filled(unit: str, around: str = "{}") -> str:
    """Repeat a text until an answer has as many bytes as may be."""
    room = SIZE - len(around.replace("{}", "").encode())
    return around.replace("{}", unit * (room // len(unit.encode())))


HOSTILE = {
    "braces": filled("{"),
    "brackets": filled("["),
    "pairs of braces": filled("{}", "x{}"),
    "closed after open": filled("}{"),
    "keys in keys": filled('{"a":'),
    "open quotes": filled('"', "{{}"),
    "escaped quotes": filled('\\"', '{"{}'),
    "backslashes": filled("\\", '{"{}'),
    "backticks": filled("`"),
    "fences": filled("```{", "```json\n{}"),
    "fence and braces": filled("} ", "```{{}"),
    "blanks after a brace": filled("}" + " " * 200, "```{{}"),
    "blanks": filled(" ", "{}" + "{"),
    "digits": filled("9", '{"confidence":{}}'),
    "numbers": filled("9e9,", '{"a":[{}1]}'),
    "exponent": '{"confidence":1e' + "9" * 4000 + "}",
    "tiny": '{"confidence":1e-' + "9" * 4000 + "}",
    "links": answer(reasoning="http://a " * 1700),
    "named links": answer(reasoning="[a](" * 4000),
    "keys": "{" + ",".join(f'"{n}":0' for n in range(1200)) + "}",
    "escapes": answer(reasoning="\u202e" * 2000),
    "texts": filled('"",', "[{}0]"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_answer_of_the_largest_size_holds_the_gate_up(kind: str) -> None:
    judge(answer(), FACTS, CATALOGUE)

    took = min(_timed(HOSTILE[kind]) for _ in range(5))

    # Measured: 2.1 ms at most, on a busy machine.  The bound is what every answer is promised.
    assert took < 0.005


def test_what_is_too_large_is_not_read_at_all() -> None:
    huge = "{" * 50_000_000

    assert min(_timed(huge) for _ in range(3)) < 0.001


def _timed(output: str) -> float:
    begun = time.thread_time()
    judge(output, FACTS, CATALOGUE)
    return time.thread_time() - begun
