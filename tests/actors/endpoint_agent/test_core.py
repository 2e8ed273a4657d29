"""What an agent drops when it must, and which ack means which event."""

import datetime as dt

import pytest
from hypothesis import given, strategies as st

from actors.endpoint_agent import (
    Bounds,
    Exchange,
    Fate,
    Held,
    UnaskedAckError,
    fate_of,
    report_of,
    victims,
)
from actors.messages import Observation, Platform, Severity, Status

SPOOLS = st.lists(st.tuples(st.integers(1, 500), st.booleans()), max_size=60).map(
    lambda rows: [Held(number, size, passed) for number, (size, passed) in enumerate(rows, start=1)]
)
BOUNDS = st.builds(Bounds, st.integers(1, 40), st.integers(1, 6000))


@given(held=SPOOLS, bounds=BOUNDS)
def test_what_stays_is_within_bounds_and_no_more_is_dropped_than_must_be(
    held: list[Held], bounds: Bounds
) -> None:
    def fits(rows: list[Held]) -> bool:
        return len(rows) <= bounds.events and sum(row.size for row in rows) <= bounds.bytes

    dropped = victims(held, bounds)
    left = [row for row in held if row not in dropped]

    assert fits(left)
    if dropped:
        assert not fits([*left, dropped[-1]])


@given(held=SPOOLS, bounds=BOUNDS)
def test_the_oldest_passes_are_dropped_first_then_the_oldest_of_all(
    held: list[Held], bounds: Bounds
) -> None:
    passes = [row for row in held if row.passed]
    drifts = [row for row in held if not row.passed]

    dropped = victims(held, bounds)

    assert list(dropped) == [*passes, *drifts][: len(dropped)]


# Acks.


@given(st.data())
def test_each_event_is_settled_once_or_sent_again_and_acks_follow_the_order(
    data: st.DataObject,
) -> None:
    exchange, waiting, flying = Exchange(window=5), list(range(1, 13)), list[int]()
    for _ in range(200):
        if not waiting:
            break
        ids = [each for each in waiting if each > exchange.cursor][: exchange.room]
        flying += exchange.choose(ids)
        assert len(flying) == len(set(flying)) <= 5
        if flying:
            fate = data.draw(st.sampled_from(Fate))
            assert exchange.settle(fate) == flying[0]
            settled = flying.pop(0)
            if fate is not Fate.KEPT:
                waiting.remove(settled)
        else:
            assert exchange.waits
            exchange.rewind()


def test_an_ack_for_nothing_is_no_ack() -> None:
    with pytest.raises(UnaskedAckError):
        Exchange().settle(Fate.TAKEN)


@pytest.mark.parametrize(
    ("received", "error", "fate"),
    [
        (True, "", Fate.TAKEN),
        (False, "store full, keep it", Fate.KEPT),
        (False, "hostname is missing", Fate.REFUSED),
    ],
)
def test_an_ack_says_what_becomes_of_its_event(received: bool, error: str, fate: Fate) -> None:
    assert fate_of(received=received, error=error) is fate


# Reports.


def seen(status: Status, actual: str = "") -> Observation:
    return Observation(
        id="obs",
        site="",
        host="ws-7",
        check="ssh_root_login",
        status=status,
        severity=Severity.HIGH,
        observed_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        source="scanner",
        platform=Platform.LINUX,
        actual=actual,
        controls=("nist:ac-17", "nist:ac-6"),
    )


@pytest.mark.parametrize("status", [Status.ERROR, Status.UNKNOWN])
def test_what_is_neither_pass_nor_fail_is_told_as_neither(status: Status) -> None:
    assert report_of(seen(status)) is None


def test_a_drift_is_told_with_its_value_cut_to_what_an_appliance_takes() -> None:
    report = report_of(seen(Status.FAIL, "x" * 100_000))

    assert report is not None
    assert (report.passed, report.control) == (False, "nist:ac-17")
    assert len(report.actual) == 8192
