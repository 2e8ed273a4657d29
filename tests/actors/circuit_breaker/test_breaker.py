"""The breaker: failures open it, a pause lets one run probe, a verified fix closes it."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actors.circuit_breaker.breaker import Breaker, BreakerState
from tests.actors.circuit_breaker.ports import moment

PAUSE = 1800.0


def fresh() -> Breaker:
    return Breaker("site", "ws-1", "rb-1")


def opened(at: float = 0.0) -> Breaker:
    breaker = fresh()
    for _ in range(3):
        breaker = breaker.failed(moment(at), 3)
    return breaker


def test_three_failures_in_a_row_open_it_and_two_do_not() -> None:
    twice = fresh().failed(moment(), 3).failed(moment(), 3)
    assert twice.state is BreakerState.CLOSED
    assert twice.failed(moment(), 3).state is BreakerState.OPEN


def test_a_verified_fix_between_them_starts_the_count_anew() -> None:
    breaker = fresh().failed(moment(), 3).failed(moment(), 3).healed().failed(moment(), 3)
    assert (breaker.state, breaker.failures) == (BreakerState.CLOSED, 1)


def test_when_the_pause_is_over_exactly_one_may_probe() -> None:
    breaker = opened(at=0)
    assert breaker.wait_s(moment(PAUSE - 1), PAUSE) == 1
    assert breaker.wait_s(moment(PAUSE), PAUSE) == 0

    probing = breaker.probing("i-1", moment(PAUSE))

    assert probing.state is BreakerState.HALF_OPEN
    assert probing.wait_s(moment(PAUSE), PAUSE) == PAUSE


def test_a_probe_that_fails_opens_it_for_another_pause() -> None:
    again = opened().probing("i-1", moment(PAUSE)).failed(moment(PAUSE + 5), 3)
    assert again.state is BreakerState.OPEN
    assert again.wait_s(moment(PAUSE + 5), PAUSE) == PAUSE


def test_a_probe_that_heals_closes_it() -> None:
    assert opened().probing("i-1", moment(PAUSE)).healed() == fresh()


def test_a_probe_that_found_nothing_to_do_lets_the_next_one_try() -> None:
    probing = opened().probing("i-1", moment(PAUSE))
    assert probing.did_nothing("i-1").wait_s(moment(PAUSE), PAUSE) == 0
    assert probing.did_nothing("i-2") == probing


def test_a_probe_that_never_tells_gives_way_after_a_pause() -> None:
    probing = opened().probing("i-1", moment(PAUSE))
    assert probing.wait_s(moment(2 * PAUSE), PAUSE) == 0


def test_a_clock_set_back_does_not_prolong_the_pause() -> None:
    assert opened().wait_s(moment(PAUSE, wall_off=-3600), PAUSE) == 0


class Breakers(RuleBasedStateMachine):
    """Any order of time, runs and verdicts."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker, self.now, self.in_a_row = fresh(), 0.0, 0

    @rule(seconds=st.floats(0, 2 * PAUSE))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(verdict=st.sampled_from(["failed", "healed", "nothing"]))
    def a_fix_is_tried(self, verdict: str) -> None:
        if self.breaker.wait_s(moment(self.now), PAUSE) > 0:
            return
        self.breaker = self.breaker.probing("i", moment(self.now))
        if verdict == "failed":
            self.breaker = self.breaker.failed(moment(self.now), 3)
            self.in_a_row += 1
        elif verdict == "healed":
            self.breaker = self.breaker.healed()
            self.in_a_row = 0
        else:
            self.breaker = self.breaker.did_nothing("i")

    @invariant()
    def it_is_open_exactly_after_three_failures_in_a_row(self) -> None:
        assert (self.breaker.state is BreakerState.CLOSED) == (self.in_a_row < 3)


TestBreakers = Breakers.TestCase
