"""Days and weeks of everything at once, on virtual time.  More seeds: ARIGHT_SEEDS=50."""

import os

import pytest

from tests.faults.simulator import Story
from tests.faults.watchman import MOVES
from tests.faults.worlds import SEASONS, long_world

pytestmark = pytest.mark.timeout(600)  # for what hangs: a slow machine may take its time

SEEDS = range(int(os.environ.get("ARIGHT_SEEDS", "1")))


def told(story: Story) -> None:
    """Show with `-s`, or when it fails, what the run was like."""
    print(story.calls, "port calls,", story.cuts, "cuts,", dict(story.moves))  # noqa: T201


@pytest.mark.parametrize("seed", SEEDS)
def test_a_week_of_drifts_flaps_windows_and_cuts_breaks_no_promise(seed: int) -> None:
    story = long_world(seed, "week").run()

    told(story)
    assert not story.line
    assert story.virtual_s >= 7 * 86_400
    assert story.cuts > 10
    # It was not for lack of life that nothing broke.
    assert set(story.moves) == {state for state in MOVES if state} | {"closed", "recurred"}


def test_a_day_of_flaps_cooldowns_windows_and_backoff_is_over_in_no_time() -> None:
    story = long_world(3, "day").run()

    told(story)
    assert not story.line
    assert story.virtual_s >= SEASONS["day"].days * 86_400
    assert {"suppressed", "recurred"} <= set(story.moves)
