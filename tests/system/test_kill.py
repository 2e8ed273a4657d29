"""kill -9 of the journal's process: what was acked stays, and the next life goes on from there."""

from pathlib import Path
from random import Random

import pytest

from actors.messages import State
from tests.system.kills import Tally, live_and_die

KILLS = 20


@pytest.mark.timeout(300)  # each life starts a Python of its own
def test_nothing_acked_is_lost_in_twenty_kills_under_load(tmp_path: Path) -> None:
    random, tally = Random("twenty kills"), Tally()  # noqa: S311  a seed repeats the delays

    for _ in range(KILLS):
        live_and_die(tmp_path, random, tally)

    assert tally.lives == KILLS
    # The kills came at work, not between.
    assert tally.events > 50 * KILLS
    assert tally.taken_up
    assert tally.left_begun
    assert {State.HEALED, State.ESCALATED, State.CLOSED} <= tally.left_in.keys()
