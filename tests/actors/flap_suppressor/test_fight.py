"""Who changes a setting back: a beat is found early, and ordinary drift has none."""

import datetime as dt
import itertools
import math
from collections.abc import Iterable
from random import Random

import attrs
import pytest
from hypothesis import given, strategies as st

from actors.flap_suppressor.fight import Beat, Change, Partner, beat_of, change_of
from actors.messages import JSON, Observation, Severity, Status

MIDNIGHT = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


def changes(times: Iterable[float], within_s: float = 0.5, heals_in_s: float = 60) -> list[Change]:
    return [
        Change(
            f"i-{number}",
            MIDNIGHT + dt.timedelta(seconds=at),
            within_s,
            "/etc/issue.net",
            "same",
            MIDNIGHT + dt.timedelta(seconds=at + heals_in_s),
        )
        for number, at in enumerate(times)
    ]


def returns_until_named(times: Iterable[float], within_s: float = 0.5) -> int | None:
    """Count how often the drift came back before its beat was known."""
    seen = changes(times, within_s)
    return next((n for n in range(len(seen)) if beat_of(seen[: n + 1])), None)


@given(
    period=st.floats(min_value=45 * MINUTE, max_value=7 * DAY),
    starts=st.lists(st.floats(min_value=0, max_value=0.5), min_size=4, max_size=4),
)
def test_a_job_that_starts_on_its_second_is_known_when_the_drift_is_back_for_the_third_time(
    period: float, starts: list[float]
) -> None:
    if period < 90 * MINUTE:
        starts = [late / 4 for late in starts]
    times = [number * period + late for number, late in enumerate(starts)]

    assert returns_until_named(times) == 3


@pytest.mark.parametrize(("period", "most"), [(90 * MINUTE, 6), (6 * HOUR, 4), (DAY, 4)])
def test_thirty_seconds_of_jitter_cost_a_few_returns_more(period: float, most: int) -> None:
    for seed in range(50):
        random = Random(seed)  # noqa: S311  # no secret
        named = returns_until_named(n * period + random.uniform(-30, 30) for n in range(12))
        assert named is not None
        assert 3 <= named <= most


@pytest.mark.parametrize(("looks_every", "most"), [(MINUTE, 5), (5 * MINUTE, 8)])
def test_without_the_time_of_a_file_a_beat_takes_more_returns(
    looks_every: float, most: int
) -> None:
    seen_late = (math.ceil(n * 90 * MINUTE / looks_every) * looks_every for n in range(16))

    named = returns_until_named(seen_late, within_s=looks_every)

    assert named is not None
    assert 3 < named <= most


def test_where_nobody_can_say_when_there_is_no_beat() -> None:
    assert returns_until_named((n * HOUR for n in range(16)), within_s=math.inf) is None


def test_a_drift_that_stood_while_healing_was_held_back_does_not_hide_the_beat() -> None:
    seen = changes([0, 5400, 10_800, 97_200, 102_600])
    held_back = attrs.evolve(seen[2], healed_at=seen[3].at - dt.timedelta(minutes=40))
    healed_at_once = beat_of(seen)

    assert healed_at_once is None
    assert beat_of([*seen[:2], held_back, *seen[3:]]) == Beat(5400, 4)


@pytest.mark.parametrize("mean", [2 * HOUR, 6 * HOUR, 2 * DAY])
def test_thirty_days_of_ordinary_drift_on_a_hundred_hosts_raise_no_alarm(mean: float) -> None:
    for host in range(100):
        random = Random(f"{mean}/{host}")  # noqa: S311  # no secret
        healed = list[Change]()
        at = random.expovariate(1 / mean)
        while at < 30 * DAY:
            heals_in_s = random.uniform(0, 900)
            healed = [*healed[-15:], *changes([at], heals_in_s=heals_in_s)]
            assert beat_of(healed) is None
            # What is not healed yet cannot drift.
            at += heals_in_s + random.expovariate(1 / mean)


def drift(**details: JSON) -> Observation:
    return Observation(
        "o-1", "site", "ws-1", "login_banner", Status.FAIL, Severity.LOW,
        MIDNIGHT, "scanner", actual="Welcome!", details=details,
    )  # fmt: skip


WRITTEN = MIDNIGHT - dt.timedelta(minutes=3)


def test_the_time_of_the_file_is_better_than_that_of_the_look() -> None:
    told = drift(path="/etc/issue.net", changed_at=WRITTEN.isoformat(), asked_every_s=300)

    assert change_of(told, "i-1", None).at == WRITTEN
    before = WRITTEN - dt.timedelta(seconds=1)
    assert change_of(told, "i-1", before).at == WRITTEN


@pytest.mark.parametrize("ours", [WRITTEN, WRITTEN + dt.timedelta(minutes=1)])
def test_a_file_that_we_wrote_last_does_not_say_when_another_did(ours: dt.datetime) -> None:
    told = drift(path="/etc/issue.net", changed_at=WRITTEN.isoformat(), asked_every_s=300)

    change = change_of(told, "i-1", ours)

    assert (change.at, change.within_s) == (MIDNIGHT, 300)


@pytest.mark.parametrize(
    "changed_at", ["yesterday", "2026-03-01T00:00:00", 17, None, "2027-01-01T00:00:00+00:00"]
)
def test_a_time_that_cannot_be_is_not_believed(changed_at: JSON) -> None:
    change = change_of(drift(changed_at=changed_at, path=5, content=["x"]), "i-1", None)

    assert (change.at, change.within_s, change.path) == (MIDNIGHT, math.inf, "")
    assert "Welcome" not in change.state


@given(times=st.lists(st.floats(min_value=0, max_value=1e7), unique=True, max_size=16))
def test_a_beat_is_never_longer_or_shorter_than_every_gap(times: list[float]) -> None:
    seen = changes(sorted(times), heals_in_s=0)
    beat = beat_of(seen)

    if beat is not None:
        gaps = [(b.at - a.at).total_seconds() for a, b in itertools.pairwise(seen)]
        assert min(gaps) <= beat.period_s <= max(gaps)


def test_a_partner_is_told_in_one_line() -> None:
    seen = changes(n * 90 * MINUTE for n in range(4))
    partner = Partner(seen, beat_of(seen), writer="puppet", named_in=("/etc/cron.d/puppet",))

    assert str(partner) == (
        "/etc/issue.net is changed every 90 min to the same state; changed by puppet;"
        " named in /etc/cron.d/puppet"
    )
    guess = attrs.evolve(partner, writer_seen=False)
    assert "; changed perhaps by puppet;" in str(guess)
    other = attrs.evolve(seen[-1], state="other", path="")
    assert str(Partner([*seen, other])) == "the setting is changed to different states"
