"""The snapshot: what an operator sees of each actor and mailbox."""

import json

import attrs
import pytest
import trio
import trio.testing

from runtime.actor import Actor, actor, service
from runtime.health import Health, snapshot
from runtime.mailbox import Mailbox
from runtime.metrics import exposition
from runtime.restart import Restart
from runtime.vitals import QUICK, Took
from tests.runtime.crew import running


class Slow:
    """Takes a second; falls over 13."""

    async def handle(self, message: int) -> None:
        await trio.sleep(1)
        if message == 13:
            raise ValueError("not thirteen")


def look(*actors: Actor) -> Health:
    return snapshot(actors, now=trio.current_time())


async def test_a_mailbox_shows_depth_age_and_what_is_in_hand(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box = Mailbox[int]("box", capacity=4)
    slow = actor("slow", reads=box, make=Slow)

    async with running(slow):
        for number in range(6):
            await box.post.send(number)
        [seen] = look(slow).actors

    assert seen.mailbox is not None
    assert (seen.mailbox.depth, seen.mailbox.in_hand, seen.mailbox.high_water) == (4, 1, 4)
    assert seen.mailbox.waits > 0
    assert seen.mailbox.oldest_age == pytest.approx(1.0)


async def test_an_actor_shows_its_falls_its_last_error_and_how_long_it_takes(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box = Mailbox[int]("box", capacity=4)
    slow = actor("slow", reads=box, make=Slow)

    async with running(slow, settle=120):
        await box.post.send(1)
        await box.post.send(13)
        await trio.sleep(10)
        [soon] = look(slow).actors
        await trio.sleep(60)
        [later] = look(slow).actors

    assert (soon.state, soon.fell, soon.last_error) == ("running", 3, "ValueError: not thirteen")
    assert (soon.falls_in_window, later.falls_in_window) == (3, 0)
    assert 1.0 <= soon.handle_p50 <= 2.1


async def test_ready_once_all_have_started_and_unhealthy_while_one_is_down(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box = Mailbox[int]("box", capacity=4)

    async def once() -> None:
        """Return at once: a service that has done its work."""

    line = [actor("slow", reads=box, make=Slow, restart=Restart(budget=0)), service("once", once)]
    assert not look(*line).ready

    async with running(*line):
        await trio.sleep(1)
        assert (look(*line).healthy, look(*line).ready) == (True, True)
        await box.post.send(13)
        await trio.sleep(2)
        assert (look(*line).healthy, look(*line).ready) == (False, False)

    assert not look(*line).ready


async def test_a_snapshot_is_plain_data(autojump_clock: trio.testing.MockClock) -> None:
    box = Mailbox[int]("box", capacity=4)

    told = json.dumps(attrs.asdict(look(actor("slow", reads=box, make=Slow))))

    assert '"name": "slow"' in told


async def test_prometheus_reads_the_same_numbers(autojump_clock: trio.testing.MockClock) -> None:
    box = Mailbox[int]("box", capacity=4)
    slow = actor("slow", reads=box, make=Slow)

    async with running(slow):
        for number in range(3):
            await box.post.send(number)
        await trio.sleep(1.5)
        text = exposition(look(slow)).decode()

    assert 'aright_mailbox_accepted_total{mailbox="box"} 3.0' in text
    assert 'aright_mailbox_handled_total{mailbox="box"} 1.0' in text
    assert 'aright_actor_state{actor="slow",state="running"} 1.0' in text
    assert 'aright_mailbox_oldest_age_seconds{mailbox="box"} 1.5' in text


def test_a_quantile_is_the_upper_end_of_its_step() -> None:
    took = Took()
    took.note_quick(98)
    took.note(0.001)
    took.note(1e6)

    assert took.quantile(0.5) == QUICK
    assert took.quantile(0.99) == QUICK * 64
    assert took.quantile(1.0) == QUICK * 2**23
    assert Took().quantile(0.5) == 0.0
