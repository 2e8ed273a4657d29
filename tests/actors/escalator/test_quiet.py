"""Quiet hours: what waits for the morning, and what time they take out of a promise."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from actors.escalator import Quiet
from actors.messages import Severity

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Quiet(BERLIN, dt.time(22), dt.time(7))


def local(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(dt.UTC)


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        ("2026-03-02T21:59", None),
        ("2026-03-02T22:00", "2026-03-03T07:00"),
        ("2026-03-03T03:00", "2026-03-03T07:00"),
        ("2026-03-03T07:00", None),
        ("2026-03-29T01:30", "2026-03-29T07:00"),  # the clocks go forward that night
        ("2026-10-24T23:00", "2026-10-25T07:00"),  # and back that night
    ],
)
def test_what_is_not_grave_waits_for_the_end_of_the_night(at: str, ends: str | None) -> None:
    told = NIGHT.ends(local(at), Severity.LOW)

    assert told == (None if ends is None else local(ends))
    assert NIGHT.ends(local(at), Severity.CRITICAL) is None


def test_what_is_critical_cannot_be_made_to_wait() -> None:
    with pytest.raises(ValueError, match="critical never waits"):
        Quiet(BERLIN, dt.time(22), dt.time(7), frozenset({Severity.CRITICAL}))


def test_a_promise_does_not_run_while_people_sleep() -> None:
    evening = local("2026-03-02T21:00")

    assert NIGHT.stretched_s(evening, Severity.LOW, 1800) == 1800
    assert NIGHT.stretched_s(evening, Severity.LOW, 2 * 3600) == 11 * 3600
    assert NIGHT.stretched_s(local("2026-03-03T02:00"), Severity.LOW, 3600) == 6 * 3600
    assert NIGHT.stretched_s(evening, Severity.HIGH, 2 * 3600) == 2 * 3600


TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))


@given(
    start=TIMES,
    end=TIMES,
    minutes=st.integers(0, 366 * 1440),
    seconds=st.floats(1, 86_400),
)
def test_a_promise_never_breaks_while_people_sleep(
    start: dt.time, end: dt.time, minutes: int, seconds: float
) -> None:
    quiet = Quiet(BERLIN, start, end)
    at = local("2026-01-01T00:00") + dt.timedelta(minutes=minutes)

    stretched = quiet.stretched_s(at, Severity.LOW, seconds)

    assert stretched >= seconds
    if start != end:
        due = at + dt.timedelta(seconds=stretched)
        held = quiet.ends(due - dt.timedelta(milliseconds=1), Severity.LOW)
        assert held is None or held - due <= dt.timedelta(0)
