"""One actor and its mailbox: order, redelivery, dead letters, batches, lanes, fairness."""

import itertools

import attrs
import pytest
import trio
import trio.testing

from runtime.actor import actor
from runtime.delivery import attempt
from runtime.mailbox import Coalesce, Full, Mailbox
from tests.runtime.crew import running


@attrs.define
class Recorder:
    """Notes what it handles; some messages make it fall, for some times or for good."""

    handled: list[int]
    falls_over: dict[int, int] = attrs.field(factory=dict[int, int])
    made: list[int] = attrs.field(factory=list[int])

    def __attrs_post_init__(self) -> None:
        self.made.append(1)

    async def handle(self, message: int) -> None:
        if self.falls_over.get(message, 0) > 0:
            self.falls_over[message] -= 1
            raise ValueError(message)
        self.handled.append(message)


FOR_GOOD = 1_000


async def send(box: Mailbox[int], *numbers: int) -> None:
    for number in numbers:
        await box.post.send(number)


async def test_messages_are_handled_in_order(autojump_clock: trio.testing.MockClock) -> None:
    box, handled = Mailbox[int]("box", capacity=8), list[int]()

    async with running(actor("a", reads=box, make=lambda: Recorder(handled))):
        await send(box, *range(300))

    assert handled == list(range(300))


async def test_the_message_in_hand_comes_again_after_a_fall_before_those_behind_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, handled, falls, made = Mailbox[int]("box", capacity=8), list[int](), {3: 2}, list[int]()

    async with running(actor("a", reads=box, make=lambda: Recorder(handled, falls, made))) as crew:
        await send(box, *range(6))

    assert handled == [0, 1, 2, 3, 4, 5]
    assert (len(made), box.redelivered, crew.dead) == (3, 2, [])


async def test_a_handler_may_ask_which_attempt_it_is(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, attempts = Mailbox[int]("box", capacity=8), list[int]()

    class Counting:
        async def handle(self, message: int) -> None:
            attempts.append(attempt())
            if attempt() < message:
                raise ValueError

    async with running(actor("a", reads=box, make=Counting)):
        await send(box, 3, 1)

    assert attempts == [1, 2, 3, 1]


async def test_the_third_fall_of_a_message_makes_a_dead_letter_with_the_chain_of_errors(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, handled = Mailbox[int]("box", capacity=8), list[int]()

    class Strict:
        async def handle(self, message: int) -> None:
            try:
                [][message]  # raises
            except IndexError as error:
                if message == 1:
                    raise ValueError("no ones") from error
            handled.append(message)

    async with running(actor("a", reads=box, make=Strict)) as crew:
        await send(box, 0, 1, 2)

    [letter] = crew.dead
    assert (letter.mailbox, letter.actor, letter.message, letter.attempts) == ("box", "a", 1, 3)
    assert letter.reasons == ("ValueError: no ones", "IndexError: list index out of range")
    assert (handled, box.dead, box.handled) == ([0, 2], 1, 2)


async def test_a_dead_letter_that_cannot_be_kept_is_not_lost(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, handled, falls = Mailbox[int]("box", capacity=8), list[int](), {1: FOR_GOOD}
    full_disk: list[Exception] = [OSError("no space left")]

    async with running(
        actor("a", reads=box, make=lambda: Recorder(handled, falls)), bury_fails=full_disk
    ) as crew:
        await send(box, 1, 2)

    assert [(letter.message, letter.attempts) for letter in crew.dead] == [(1, 4)]
    assert (handled, full_disk) == ([2], [])


async def test_a_throwing_constructor_counts_as_a_fall_and_leaves_no_zombie(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, handled = Mailbox[int]("box", capacity=8), list[int]()
    troubles = [OSError("not yet"), OSError("not yet")]

    def make() -> Recorder:
        if troubles:
            raise troubles.pop()
        return Recorder(handled)

    one = actor("a", reads=box, make=make)
    async with running(one) as crew:
        await send(box, 1)

    assert (handled, one.vitals.fell, box.redelivered) == ([1], 2, 0)
    assert len(crew.happened("crashed")) == 2


async def test_recovery_runs_after_each_make_and_before_the_first_message(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, events, falls = Mailbox[int]("box", capacity=8), list[str](), {1: 1}

    class Recovering(Recorder):
        async def started(self) -> None:
            events.append("started")

        async def handle(self, message: int) -> None:
            events.append(f"handle {message}")
            await super().handle(message)

    async with running(actor("a", reads=box, make=lambda: Recovering([], falls))):
        await send(box, 1)

    assert events == ["started", "handle 1", "started", "handle 1"]


async def test_an_exception_group_of_a_handler_is_a_fall_like_any_other(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, handled = Mailbox[int]("box", capacity=8), list[int]()

    class Grouped:
        async def handle(self, message: int) -> None:
            async with trio.open_nursery():
                if attempt() == 1:
                    raise ValueError(message)
            handled.append(message)

    async with running(actor("a", reads=box, make=Grouped)):
        await send(box, 1)

    assert handled == [1]


# Batches.


@attrs.define
class Batcher:
    """Notes the batches it gets; poison makes it fall over the whole batch."""

    batches: list[list[int]]
    poison: frozenset[int] = frozenset()

    async def handle_batch(self, messages: list[int]) -> None:
        self.batches.append(messages)
        await trio.sleep(1)
        if self.poison & set(messages):
            raise ValueError(messages)


async def test_a_batch_holds_what_queued_up(autojump_clock: trio.testing.MockClock) -> None:
    box, batches = Mailbox[int]("box", capacity=8), list[list[int]]()

    async with running(actor("a", reads=box, make=lambda: Batcher(batches))):
        await send(box, 1)
        await trio.sleep(0.5)
        await send(box, 2, 3, 4)

    assert batches == [[1], [2, 3, 4]]


async def test_only_the_poison_of_a_batch_is_dead_and_no_neighbour_is_lost(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, batches = Mailbox[int]("box", capacity=8), list[list[int]]()

    async with running(
        actor("a", reads=box, make=lambda: Batcher(batches, poison=frozenset({3})))
    ) as crew:
        await send(box, 0)
        await trio.sleep(0.5)
        await send(box, 1, 2, 3, 4)

    assert batches == [[0], [1, 2, 3, 4], [1], [2], [3], [3], [4]]
    assert [(letter.message, letter.attempts) for letter in crew.dead] == [(3, 3)]
    assert (box.accepted, box.handled, box.dead) == (5, 4, 1)


async def test_a_message_that_is_a_batch_of_its_own_dies_at_its_third_fall(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, batches = Mailbox[int]("box", capacity=8), list[list[int]]()

    async with running(
        actor("a", reads=box, make=lambda: Batcher(batches, poison=frozenset({3})))
    ) as crew:
        await send(box, 3)

    assert batches == [[3]] * 3
    assert [letter.attempts for letter in crew.dead] == [3]


async def test_a_batch_reader_takes_from_a_mailbox_that_replaces_messages(
    autojump_clock: trio.testing.MockClock,
) -> None:
    full = Coalesce[int](key=lambda number: number % 10)
    box, batches = Mailbox[int]("box", capacity=8, full=full), list[list[int]]()

    async with running(actor("a", reads=box, make=lambda: Batcher(batches))):
        await send(box, 1)
        await trio.sleep(0.5)
        await send(box, 2, 3, 12)

    assert batches == [[1], [12, 3]]


# Lanes.


@attrs.define
class Slow:
    """Takes a second for each message, which is a host and a number."""

    spans: list[tuple[str, int, float, float]]
    poison: int = -1

    async def handle(self, message: tuple[str, int]) -> None:
        host, number = message
        begun = trio.current_time()
        await trio.sleep(1)
        if number == self.poison and attempt() == 1:
            raise ValueError(message)
        self.spans.append((host, number, begun, trio.current_time()))


async def test_lanes_work_at_once_on_several_keys_and_keep_each_key_in_order(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, spans = Mailbox[tuple[str, int]]("box", capacity=64), list[tuple[str, int, float, float]]()

    async with running(
        actor("a", reads=box, make=lambda: Slow(spans), lanes=3, lane_of=lambda m: m[0])
    ):
        for number in range(4):
            for host in "xyz":
                await box.post.send((host, number))

    assert spans[-1][3] - spans[0][2] == pytest.approx(4.0)
    for host in "xyz":
        of_host = [span for span in spans if span[0] == host]
        assert [number for _, number, _, _ in of_host] == [0, 1, 2, 3]
        assert all(a[3] <= b[2] for a, b in itertools.pairwise(of_host))


async def test_a_busy_key_does_not_hold_up_the_others(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, spans = Mailbox[tuple[str, int]]("box", capacity=64), list[tuple[str, int, float, float]]()

    async with running(
        actor("a", reads=box, make=lambda: Slow(spans), lanes=2, lane_of=lambda m: m[0])
    ):
        for message in [("x", 0), ("x", 1), ("x", 2), ("y", 3)]:
            await box.post.send(message)

    assert [number for _, number, _, _ in spans[:2]] in ([0, 3], [3, 0])


async def test_after_a_fall_the_other_lanes_finish_what_they_have_in_hand(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, spans = Mailbox[tuple[str, int]]("box", capacity=64), list[tuple[str, int, float, float]]()
    made = list[int]()

    def make() -> Slow:
        made.append(len(spans))
        return Slow(spans, poison=0)

    async with running(actor("a", reads=box, make=make, lanes=2, lane_of=lambda m: m[0])):
        for message in [("x", 0), ("y", 1), ("x", 2)]:
            await box.post.send(message)

    assert sorted(number for _, number, _, _ in spans) == [0, 1, 2]
    assert made == [0, 1]
    assert box.redelivered == 1


async def test_without_a_key_lanes_are_only_many_hands(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, spans = Mailbox[tuple[str, int]]("box", capacity=64), list[tuple[str, int, float, float]]()

    async with running(actor("a", reads=box, make=lambda: Slow(spans), lanes=4)):
        for number in range(4):
            await box.post.send(("x", number))

    assert spans[-1][3] - spans[0][2] == pytest.approx(1.0)


def test_lanes_refuse_a_mailbox_that_replaces_messages() -> None:
    box = Mailbox[int]("box", capacity=1, full=Full.LATEST)

    with pytest.raises(ValueError, match="lanes do not read a mailbox that replaces"):
        actor("a", reads=box, make=lambda: Recorder([]), lanes=2)


def test_an_actor_has_at_least_one_lane() -> None:
    with pytest.raises(ValueError, match="0 lanes"):
        actor("a", reads=Mailbox[int]("box", capacity=1), make=lambda: Recorder([]), lanes=0)


# Fairness.


async def test_a_reader_lets_others_run_every_64_messages(nursery: trio.Nursery) -> None:
    box, handled, seen = Mailbox[int]("box", capacity=1000), list[int](), list[int]()
    box.arrivals.clock = lambda: 0.0
    await send(box, *range(640))

    async def watch() -> None:
        while True:
            seen.append(len(handled))
            await trio.lowlevel.checkpoint()

    nursery.start_soon(watch)
    async with running(actor("a", reads=box, make=lambda: Recorder(handled)), settle=0):
        pass
    nursery.cancel_scope.cancel()

    assert (
        max(b - a for a, b in itertools.pairwise(seen)) <= 2 * 64
    )  # the order of two tasks in a pass is random


async def test_a_reader_of_slow_messages_lets_others_run_every_half_millisecond(
    mock_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    box, seen = Mailbox[int]("box", capacity=100), list[float]()

    class Busy:
        async def handle(self, _: int) -> None:
            mock_clock.jump(0.0002)

    await send(box, *range(64))

    async def watch() -> None:
        while True:
            seen.append(trio.current_time())
            await trio.lowlevel.checkpoint()

    nursery.start_soon(watch)
    async with running(actor("a", reads=box, make=Busy), settle=0):
        pass
    nursery.cancel_scope.cancel()

    assert max(b - a for a, b in itertools.pairwise(seen)) <= 2 * 0.0006 + 1e-9
