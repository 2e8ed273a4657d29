"""Hostile lines take time linear in their length."""

import pytest

from bench.scrub.__main__ import GROWTH, HOSTILE, hostile_seconds


@pytest.mark.parametrize("shape", sorted(HOSTILE))
def test_twice_the_text_takes_no_more_than_twice_the_time_and_a_half(shape: str) -> None:
    # From 8 to 64 KiB: three doublings, and little enough for a machine that others use too.
    def grows_little() -> bool:
        short, long = (hostile_seconds(HOSTILE[shape], kib, 3) for kib in (8, 64))
        return long <= short * GROWTH**3

    # Again where it was not so: between the two the machine may have become slower.
    assert any(grows_little() for _ in range(5))
