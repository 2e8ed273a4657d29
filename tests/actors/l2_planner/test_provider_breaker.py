"""The breaker of a provider: after failures in a row it is left alone, then probed."""

from actors.l2_planner.asking import Fault
from actors.l2_planner.provider_breaker import ProviderBreaker


def failing(times: int, fault: Fault = Fault.TIMEOUT) -> ProviderBreaker:
    breaker = ProviderBreaker()
    for _ in range(times):
        breaker.failed(fault, 0.0)
    return breaker


def test_it_is_left_alone_after_three_failures_in_a_row_and_says_so_once() -> None:
    breaker = ProviderBreaker()

    told = [breaker.failed(Fault.TIMEOUT, 0.0) for _ in range(4)]

    assert told == [False, False, True, False]
    assert not breaker.admit(1.0)
    assert breaker.reason is Fault.TIMEOUT


def test_an_answer_in_between_starts_the_count_anew() -> None:
    breaker = failing(2)
    breaker.answered()
    breaker.failed(Fault.TIMEOUT, 0.0)

    assert breaker.admit(0.0)


def test_a_wrong_key_needs_no_second_failure() -> None:
    assert ProviderBreaker().failed(Fault.UNAUTHORIZED, 0.0)


def test_after_the_rest_one_question_probes_and_the_others_wait() -> None:
    breaker = failing(3)

    assert breaker.admit(31.0)
    assert not breaker.admit(31.0)
    breaker.failed(Fault.TIMEOUT, 31.0)
    assert not breaker.admit(31.0 + 59.0)
    assert breaker.admit(31.0 + 61.0)
    assert breaker.answered()
    assert breaker.admit(31.0 + 61.0)


def test_a_probe_that_was_given_up_makes_room_for_the_next() -> None:
    breaker = failing(3)
    breaker.admit(31.0)
    breaker.left()

    assert breaker.admit(31.0)


def test_a_pause_that_is_asked_for_is_kept() -> None:
    breaker = ProviderBreaker()

    assert not breaker.failed(Fault.RATE_LIMITED, 0.0, 20.0)
    assert not breaker.admit(19.0)
    assert breaker.admit(21.0)


def test_what_speaks_against_a_question_does_not_speak_against_the_provider() -> None:
    breaker = failing(9, Fault.REFUSED)

    assert breaker.admit(0.0)


def test_the_first_answer_of_a_life_is_news_and_the_next_ones_are_not() -> None:
    breaker = ProviderBreaker()

    assert [breaker.answered() for _ in range(3)] == [True, False, False]
