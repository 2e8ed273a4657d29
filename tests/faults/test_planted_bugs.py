"""Whoever looks for broken promises must find some where there are some, and none elsewhere."""

from collections.abc import Mapping

import pytest

from tests.faults.planted import BUGS
from tests.faults.worlds import long_world

pytestmark = pytest.mark.timeout(600)  # for what hangs: a slow machine may take its time

SEEDS = range(20)

FOUND: Mapping[str, str] = {
    "ack_before_commit": "was acked, and the journal does not know it",
    "volatile_flap_window": "though it came back",
    "skipped_detect": "nobody looked at it before",
}
"""By what each bug is known."""


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found_within_twenty_seeds(bug: str) -> None:
    for seed in SEEDS:
        line = long_world(seed, "hunt", bug).run().line
        if FOUND[bug] in line:
            print(f"found at seed {seed}: {line}")  # noqa: T201  # for -s
            return
    pytest.fail(f"{bug} is not found")


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_found_in_the_true_code_with_the_same_seed(seed: int) -> None:
    assert not long_world(seed, "hunt").run().line
