"""The drain: in the order of the flow, within its deadline, and with a count that adds up."""

import functools
import itertools

import attrs
import pytest
import trio
import trio.testing
from hypothesis import given, settings, strategies as st

from runtime.actor import Actor, actor, service
from runtime.mailbox import Full, Mailbox, MailboxRefusedError, Post
from runtime.restart import Restart
from runtime.shutdown import Shutdown
from tests.runtime.crew import Crew, running


@attrs.define
class Hop:
    """Passes numbers on, each after a while; some make it fall."""

    onward: Post[int] | None
    takes: float = 0.0
    poison: frozenset[int] = frozenset()

    async def handle(self, message: int) -> None:
        await trio.sleep(self.takes)
        if message in self.poison:
            raise ValueError(message)
        if self.onward is not None:
            await self.onward.send(message)


def line_of(*boxes: Mailbox[int], takes: float = 0.0) -> list[Actor]:
    """Each actor reads one mailbox and sends to the next."""
    line: list[Actor] = []
    for box, after in zip(boxes, [*boxes[1:], None], strict=True):
        onward = after.post if after else None
        make = functools.partial(Hop, onward, takes)
        line.append(actor(box.name, reads=box, make=make, sends=[after] if after else []))
    return line


async def test_the_end_ripples_down_the_line_and_each_mailbox_empties_in_its_turn(
    autojump_clock: trio.testing.MockClock,
) -> None:
    boxes = [Mailbox[int](name, capacity=50) for name in "abc"]

    async with running(*line_of(*boxes, takes=0.1), settle=0) as crew:
        for number in range(40):
            await boxes[0].post.send(number)

    assert crew.drained is not None
    assert (crew.drained.accepted, crew.drained.handled, crew.drained.spooled) == (120, 120, 0)


async def test_the_ingress_ends_before_what_is_queued(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, sent = Mailbox[int]("box", capacity=10), 0

    async def listen() -> None:
        nonlocal sent
        while True:
            await box.post.send(sent)
            sent += 1

    async with running(
        service("ingress", listen, sends=[box], ingress=True), *line_of(box, takes=0.1), settle=5
    ) as crew:
        pass

    assert sent > 0
    assert crew.drained is not None
    assert crew.drained.handled == sent


async def test_a_service_that_sends_nothing_serves_until_the_actors_have_ended(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, ended_at = Mailbox[int]("box", capacity=10), list[float]()

    async def serve_health() -> None:
        try:
            await trio.sleep_forever()
        finally:
            ended_at.append(trio.current_time())

    async with running(service("health", serve_health), *line_of(box, takes=1.0), settle=0) as crew:
        for number in range(3):
            await box.post.send(number)
        begun = trio.current_time()

    assert crew.drained is not None
    assert ended_at[0] - begun == pytest.approx(3.0)


async def test_the_deadline_of_the_drain_cuts_what_is_left_and_counts_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box = Mailbox[int]("box", capacity=10)

    async with running(*line_of(box, takes=1.0), settle=0, drain_within=3.5) as crew:
        for number in range(10):
            await box.post.send(number)
        begun = trio.current_time()

    assert trio.current_time() - begun == pytest.approx(3.5)
    assert crew.drained is not None
    [tally] = crew.drained.mailboxes
    assert (tally.accepted, tally.handled, tally.spooled) == (10, 3, 7)
    assert tally.leftovers == (3, 4, 5, 6, 7, 8, 9)


async def test_ten_thousand_queued_messages_are_handled_or_spooled_and_the_sum_is_exact(
    autojump_clock: trio.testing.MockClock,
) -> None:
    first, second = Mailbox[int]("first", capacity=10_000), Mailbox[int]("second", capacity=100)

    async with running(*line_of(first, second, takes=0.001), settle=0, drain_within=5) as crew:
        for number in range(10_000):
            await first.post.send(number)

    assert crew.drained is not None
    one, other = crew.drained.mailboxes
    assert one.handled + one.spooled == 10_000
    assert other.handled + other.spooled == other.accepted == one.handled
    assert one.spooled > 0


async def test_batches_and_lanes_that_are_cut_are_left_over_whole(
    autojump_clock: trio.testing.MockClock,
) -> None:
    batches, lanes = Mailbox[int]("batches", capacity=10), Mailbox[int]("lanes", capacity=10)

    class Slow:
        async def handle_batch(self, _: list[int]) -> None:
            await trio.sleep(100)

    async with running(
        actor("a", reads=batches, make=Slow),
        actor("b", reads=lanes, make=lambda: Hop(None, takes=100), lanes=3),
        settle=0,
        drain_within=1,
    ) as crew:
        for number in range(5):
            await batches.post.send(number)
            await lanes.post.send(number)

    assert crew.drained is not None
    assert [sorted(map(str, m.leftovers)) for m in crew.drained.mailboxes] == [list("01234")] * 2


async def test_the_second_demand_cuts_at_once(autojump_clock: trio.testing.MockClock) -> None:
    box = Mailbox[int]("box", capacity=10)

    async with running(*line_of(box, takes=5.0), settle=0) as crew:
        await box.post.send(1)
        await trio.sleep(1)
        crew.shutdown.drain("first")
        await trio.sleep(1)
        crew.shutdown.cut("second")
        await trio.testing.wait_all_tasks_blocked()
        assert crew.drained is not None

    assert crew.drained.spooled == 1


async def test_nothing_is_started_again_during_a_shutdown(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, made = Mailbox[int]("box", capacity=10), list[int]()

    def make() -> Hop:
        made.append(1)
        return Hop(None, takes=1.0, poison=frozenset({1}))

    async with running(actor("a", reads=box, make=make), settle=0) as crew:
        for number in range(4):
            await box.post.send(number)

    assert len(made) == 1
    assert crew.drained is not None
    assert crew.drained.mailboxes[0].leftovers == (1, 2, 3)


async def test_a_handler_that_falls_while_it_is_cut_is_counted_and_its_message_left_over(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box = Mailbox[int]("box", capacity=10)

    class FallsWhenCut:
        async def handle(self, _: int) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep_forever)
                try:
                    await trio.sleep_forever()
                finally:
                    raise ValueError("while tidying up")

    one = actor("a", reads=box, make=FallsWhenCut)
    async with running(one, settle=0, drain_within=1) as crew:
        await box.post.send(1)

    assert crew.drained is not None
    assert (crew.drained.spooled, one.vitals.fell) == (1, 1)


async def test_an_actor_in_its_pause_does_not_hold_up_the_drain(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box = Mailbox[int]("box", capacity=10)
    one = actor(
        "a",
        reads=box,
        make=lambda: Hop(None, poison=frozenset({1})),
        restart=Restart(first_pause=20.0),
    )

    async with running(one, settle=0) as crew:
        await box.post.send(1)
        await trio.sleep(1)
        begun = trio.current_time()

    assert trio.current_time() == begun
    assert crew.drained is not None
    assert crew.drained.spooled == 1


async def test_a_shutdown_while_an_actor_still_starts_ends_in_time(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, crew = Mailbox[int]("box", capacity=10), Crew()

    class Hanging(Hop):
        async def started(self) -> None:
            await trio.sleep_forever()

    crew.shutdown.drain("before anything ran")
    async with trio.open_nursery() as nursery:

        async def run(task_status: trio.TaskStatus[None]) -> None:
            await crew.run(
                actor("a", reads=box, make=lambda: Hanging(None)), task_status=task_status
            )

        await nursery.start(run)

    assert trio.current_time() == pytest.approx(10.0)
    assert crew.drained is not None


async def test_what_comes_too_late_is_refused_with_the_reason(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box = Mailbox[int]("box", capacity=10)

    async with running(*line_of(box, takes=1.0), settle=0) as crew:
        await box.post.send(1)
        crew.shutdown.drain("now")
        await trio.sleep(0.5)
        with pytest.raises(MailboxRefusedError, match="the process drains"):
            await box.post.send(2)


async def test_actors_that_feed_each_other_end_when_they_have_come_to_rest(
    autojump_clock: trio.testing.MockClock,
) -> None:
    down = Mailbox[int]("down", capacity=10)
    up = Mailbox[int]("up", capacity=1, weak=True)

    class CountDown:
        async def handle(self, message: int) -> None:
            await trio.sleep(0.1)
            if message:
                await up.post.send(message - 1)

    async with running(
        actor("a", reads=down, make=CountDown, sends=[up]),
        actor("b", reads=up, make=lambda: Hop(down.post), sends=[down]),
        settle=0,
    ) as crew:
        await down.post.send(20)

    assert crew.drained is not None
    assert (crew.drained.accepted, crew.drained.spooled) == (41, 0)


async def test_a_feedback_edge_does_not_keep_the_drain_from_ending(
    autojump_clock: trio.testing.MockClock,
) -> None:
    rules, feedback = (
        Mailbox[int]("rules", capacity=4),
        Mailbox[int]("feedback", capacity=1, full=Full.LATEST),
    )

    class Learn:
        async def handle(self, message: int) -> None:
            if message < 1000:
                await feedback.post.send(message)

    async with running(
        actor("l1", reads=rules, make=lambda: Hop(None), sends=[]),
        actor("flywheel", reads=feedback, make=lambda: Hop(rules.post), sends=[rules]),
        actor("learner", reads=(other := Mailbox[int]("other", capacity=4)), make=Learn,
              sends=[feedback]),
        settle=0,
    ) as crew:  # fmt: skip
        for number in range(50):
            await other.post.send(number)

    assert crew.drained is not None
    assert crew.drained.spooled == 0


@settings(max_examples=60, deadline=None)
@given(
    sent=st.integers(min_value=0, max_value=40),
    capacities=st.lists(st.integers(min_value=1, max_value=8), min_size=1, max_size=4),
    takes=st.sampled_from([0.0, 0.01, 0.5]),
    poison=st.frozensets(st.integers(min_value=0, max_value=40), max_size=4),
    stop_after=st.floats(min_value=0, max_value=5),
)
def test_nothing_is_lost_whatever_falls_and_whenever_the_end_comes(
    sent: int, capacities: list[int], takes: float, poison: frozenset[int], stop_after: float
) -> None:
    crew = Crew(shutdown=Shutdown())
    boxes = [Mailbox[int](f"box {n}", capacity=size) for n, size in enumerate(capacities)]

    async def listen() -> None:
        for number in range(sent):
            await boxes[0].post.send(number)

    async def main() -> None:
        line = line_of(*boxes, takes=takes)[:-1]
        last = actor("last", reads=boxes[-1], make=lambda: Hop(None, takes, poison))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(
                lambda: crew.run(
                    service("ingress", listen, sends=[boxes[0]], ingress=True), *line, last
                )
            )
            await trio.sleep(stop_after)
            crew.shutdown.drain("the end")

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))

    assert crew.drained is not None
    assert crew.drained.adds_up
    assert crew.drained.dead == len(crew.dead)
    for before, after in itertools.pairwise(crew.drained.mailboxes):
        assert after.accepted >= before.handled
