"""Maintenance windows: open by the clock on the wall, in any zone, when the clocks change too."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

from actors.circuit_breaker.window import Window, next_opening

BERLIN, NEW_YORK, LORD_HOWE = map(
    ZoneInfo, ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
)
EVERY_DAY = frozenset(range(7))


def window(
    start: str, end: str, zone: ZoneInfo = BERLIN, days: frozenset[int] = EVERY_DAY
) -> Window:
    return Window("w", zone, days, dt.time.fromisoformat(start), dt.time.fromisoformat(end))


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("span", "at", "opens"),
    [
        # Winter in Berlin is UTC+1, in New York UTC-5.
        (window("22:00", "04:00"), "2026-01-05 12:00", "2026-01-05 21:00"),
        (window("22:00", "04:00"), "2026-01-06 02:59:59", "2026-01-06 02:59:59"),
        (window("22:00", "04:00"), "2026-01-06 03:00", "2026-01-06 21:00"),
        (window("22:00", "04:00", NEW_YORK), "2026-01-06 03:00", "2026-01-06 03:00"),
        (window("22:00", "04:00", NEW_YORK), "2026-01-06 09:00", "2026-01-07 03:00"),
        # Summer is an hour earlier in UTC.
        (window("22:00", "04:00"), "2026-07-06 12:00", "2026-07-06 20:00"),
        (window("22:00", "04:00", NEW_YORK), "2026-07-06 12:00", "2026-07-07 02:00"),
    ],
)  # fmt: skip
def test_a_window_opens_by_local_time(span: Window, at: str, opens: str) -> None:
    assert next_opening(utc(at), span) == utc(opens)


def test_a_night_belongs_to_the_day_on_which_it_began() -> None:
    friday = window("22:00", "04:00", days=frozenset({4}))
    assert next_opening(utc("2026-01-09 12:00"), friday) == utc("2026-01-09 21:00")
    assert next_opening(utc("2026-01-10 02:00"), friday) == utc("2026-01-10 02:00")
    assert next_opening(utc("2026-01-10 03:00"), friday) == utc("2026-01-16 21:00")


def test_equal_ends_make_a_whole_day() -> None:
    sunday = window("00:00", "00:00", days=frozenset({6}))
    assert next_opening(utc("2026-01-11 22:59:59"), sunday) == utc("2026-01-11 22:59:59")
    assert next_opening(utc("2026-01-11 23:00"), sunday) == utc("2026-01-17 23:00")


# Berlin skips 02:00-03:00 on 2026-03-29 (at 01:00 UTC), New York on 2026-03-08 (at 07:00 UTC).


@pytest.mark.parametrize(
    ("span", "at", "opens"),
    [
        # A start in the skipped hour: the moment of the skip.
        (window("02:30", "04:00"), "2026-03-29 00:00", "2026-03-29 01:00"),
        (window("02:30", "04:00", NEW_YORK), "2026-03-08 06:00", "2026-03-08 07:00"),
        # An end in the skipped hour: closed by then.
        (window("01:00", "02:30"), "2026-03-29 00:59:59", "2026-03-29 00:59:59"),
        (window("01:00", "02:30"), "2026-03-29 01:00", "2026-03-29 23:00"),
        # Wholly skipped: shut that day.
        (window("02:00", "03:00"), "2026-03-29 00:00", "2026-03-30 00:00"),
        (window("02:10", "02:50", days=frozenset({6})), "2026-03-23 00:00", "2026-04-05 00:10"),
        # Half an hour is skipped on Lord Howe Island (2026-10-04, 15:30 UTC the day before).
        (window("02:10", "05:00", LORD_HOWE), "2026-10-03 15:00", "2026-10-03 15:30"),
    ],
)  # fmt: skip
def test_in_spring_a_skipped_hour_opens_nothing_outside_the_hours_named(
    span: Window, at: str, opens: str
) -> None:
    assert next_opening(utc(at), span) == utc(opens)


# Berlin reads 02:00-03:00 twice on 2026-10-25, from 00:00 UTC and again from 01:00 UTC.


@pytest.mark.parametrize(
    ("span", "at", "opens"),
    [
        (window("02:30", "04:00"), "2026-10-25 00:00", "2026-10-25 00:30"),
        (window("02:30", "04:00"), "2026-10-25 02:59:59", "2026-10-25 02:59:59"),
        (window("02:30", "04:00"), "2026-10-25 03:00", "2026-10-26 01:30"),
        # The first reading of the end closes it, and the second does not open it again.
        (window("01:00", "02:30"), "2026-10-25 00:30", "2026-10-26 00:00"),
        (window("00:30", "01:30", NEW_YORK), "2026-11-01 05:30", "2026-11-02 05:30"),
    ],
)  # fmt: skip
def test_in_autumn_the_first_reading_of_a_repeated_hour_counts(
    span: Window, at: str, opens: str
) -> None:
    assert next_opening(utc(at), span) == utc(opens)


def test_a_window_binds_the_hosts_and_runbooks_it_names() -> None:
    night = Window("w", BERLIN, EVERY_DAY, dt.time(22), dt.time(4), hosts=("db-*", "mail"))
    assert night.binds("db-7", disruptive=True)
    assert night.binds("mail", disruptive=True)
    assert not night.binds("web-1", disruptive=True)
    assert not night.binds("db-7", disruptive=False)


times = st.times().map(lambda time: time.replace(second=0, microsecond=0, fold=0))
spans = st.builds(
    Window,
    name=st.just("w"),
    zone=st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE]),
    days=st.frozensets(st.integers(0, 6), min_size=1),
    start=times,
    end=times,
)
instants = st.datetimes(
    dt.datetime(2026, 1, 1),  # noqa: DTZ001  made aware by `timezones`
    dt.datetime(2027, 1, 1),  # noqa: DTZ001
    timezones=st.just(dt.UTC),
)


@given(span=spans, at=instants)
@settings(deadline=None)
def test_what_opens_is_open_and_within_the_hours_named(span: Window, at: dt.datetime) -> None:
    opens = next_opening(at, span)

    assert opens >= at
    assert next_opening(opens, span) == opens
    local = opens.astimezone(span.zone)
    clock = local.time()
    if span.start < span.end:
        assert local.weekday() in span.days
        assert span.start <= clock < span.end
    else:
        assert clock >= span.start or clock < span.end


@given(span=spans, at=instants, later=st.floats(0, 1))
@settings(deadline=None)
def test_nothing_is_open_before_the_next_opening(
    span: Window, at: dt.datetime, later: float
) -> None:
    opens = next_opening(at, span)
    between = at + (opens - at) * later
    assert next_opening(between, span) == opens or between >= opens
