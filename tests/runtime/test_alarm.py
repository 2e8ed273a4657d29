"""The alarm: rings when something is due, never earlier, never twice, and sleeps otherwise."""

import datetime as dt

import attrs
import pytest
import trio
import trio.testing

from runtime.alarm import Alarm
from runtime.clock import VirtualClock

EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def at(seconds: float) -> dt.datetime:
    return EPOCH + dt.timedelta(seconds=seconds)


@attrs.define
class Diary:
    """What is due, and when it rang."""

    due: list[dt.datetime] = attrs.field(factory=list[dt.datetime])
    rang: list[tuple[dt.datetime, float]] = attrs.field(factory=list[tuple[dt.datetime, float]])
    asked: int = 0
    settles: bool = True

    async def next_due(self) -> dt.datetime | None:
        self.asked += 1
        return min(self.due, default=None)

    async def ring(self, due: dt.datetime) -> None:
        self.rang.append((due, trio.current_time()))
        if self.settles:
            self.due.remove(due)


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
async def alarm(diary: Diary, nursery: trio.Nursery) -> Alarm:
    alarm = Alarm(diary.next_due, diary.ring, VirtualClock(EPOCH))
    nursery.start_soon(alarm.run)
    return alarm


async def test_it_rings_when_an_instant_comes_and_not_before(
    autojump_clock: trio.testing.MockClock, diary: Diary, alarm: Alarm
) -> None:
    diary.due += [at(300), at(100)]

    await trio.sleep(99)
    assert diary.rang == []
    await trio.sleep(301)

    assert diary.rang == [(at(100), 100.0), (at(300), 300.0)]


async def test_it_does_not_poll(
    autojump_clock: trio.testing.MockClock, diary: Diary, alarm: Alarm
) -> None:
    diary.due.append(at(86_400 * 30))

    await trio.sleep(86_400 * 29)

    assert diary.asked == 1


async def test_a_change_moves_it(
    autojump_clock: trio.testing.MockClock, diary: Diary, alarm: Alarm
) -> None:
    await trio.sleep(10)
    diary.due.append(at(20))
    alarm.changed()
    await trio.sleep(5)
    diary.due[:] = [at(50)]
    alarm.changed()
    await trio.sleep(100)

    assert diary.rang == [(at(50), 50.0)]


async def test_what_was_due_before_it_started_rings_at_once(
    autojump_clock: trio.testing.MockClock, diary: Diary, alarm: Alarm
) -> None:
    diary.due.append(at(-3600))

    await trio.sleep(1)

    assert diary.rang == [(at(-3600), 0.0)]


async def test_an_instant_that_is_not_settled_yet_is_not_rung_twice(
    autojump_clock: trio.testing.MockClock, diary: Diary, alarm: Alarm
) -> None:
    diary.settles = False
    diary.due.append(at(10))

    await trio.sleep(1000)
    assert len(diary.rang) == 1

    alarm.changed()
    await trio.sleep(1)
    assert len(diary.rang) == 2
