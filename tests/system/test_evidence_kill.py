"""kill -9 of a process that proves: no leaf is lost, and no two heads are signed for one size."""

from pathlib import Path
from random import Random

import pytest

from tests.system.evidence_kills import Tally, live_and_die

KILLS = 20


@pytest.mark.timeout(300)  # each life starts a Python of its own
def test_nothing_logged_is_lost_and_heads_agree_over_twenty_kills(tmp_path: Path) -> None:
    random, tally = Random("twenty kills"), Tally()  # noqa: S311  a seed repeats the delays

    for number in range(1, KILLS + 1):
        live_and_die(tmp_path, random, tally, check=number == KILLS)

    assert tally.lives == KILLS
    # The kills came at work, not between.
    assert tally.leaves > 20 * KILLS
    assert len(tally.heads) > KILLS
