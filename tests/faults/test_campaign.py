"""One scenario, and the power goes at every single port call of it, before it and after it."""

from functools import cache

import pytest

from tests.faults.power import Cut, End
from tests.faults.simulator import Story
from tests.faults.worlds import scenario

pytestmark = pytest.mark.timeout(600)  # for what hangs: a slow machine may take its time


@cache
def undisturbed() -> Story:
    return scenario().run()


def test_the_scenario_detects_approves_acts_verifies_and_undoes_and_heals_in_the_end() -> None:
    story = undisturbed()

    assert not story.line
    assert {"awaiting_approval", "acting", "verifying", "rolled_back", "healed"} <= set(story.moves)
    assert story.moves["closed"] == 1
    assert story.acts == 3  # two fixes and an undo


@pytest.mark.parametrize("end", End)
@pytest.mark.parametrize("cut", Cut)
def test_a_cut_at_any_port_call_breaks_no_promise(cut: Cut, end: End) -> None:
    calls = undisturbed().calls
    print(f"{calls} port calls, cut {cut.value} each, {end.value}")  # noqa: T201  # for -s

    for call in range(1, calls + 1):
        story = scenario(call, cut, end).run()

        assert not story.line
        assert story.cuts == 1
        assert story.moves["closed"] == 1
