"""Mailboxes without an actor: what is taken, what waits, what is refused and counted."""

from collections.abc import Callable

import attrs
import pytest
import trio
import trio.testing

from runtime.mailbox import Coalesce, Full, Mailbox, MailboxFullError, MailboxRefusedError


@attrs.frozen
class Reading:
    """A value of one host."""

    host: str
    value: int


async def fill(box: Mailbox[int], *numbers: int) -> None:
    for number in numbers:
        await box.post.send(number)


async def test_a_sender_waits_while_the_mailbox_is_full(nursery: trio.Nursery) -> None:
    box = Mailbox[int]("box", capacity=2)
    await fill(box, 1, 2)

    nursery.start_soon(box.post.send, 3)
    await trio.testing.wait_all_tasks_blocked()
    assert (list(box.waiting), box.waits) == ([1, 2], 1)

    box.waiting.popleft()
    box.admit()
    await trio.testing.wait_all_tasks_blocked()
    assert (list(box.waiting), box.accepted) == ([2, 3], 3)


async def test_waiting_senders_are_let_in_in_the_order_in_which_they_came(
    nursery: trio.Nursery,
) -> None:
    box = Mailbox[int]("box", capacity=1)
    await fill(box, 0)
    for number in (1, 2, 3):
        nursery.start_soon(box.post.send, number)
        await trio.testing.wait_all_tasks_blocked()

    read: list[int] = []
    while box.waiting:
        read.append(box.waiting.popleft())
        box.admit()

    assert read == [0, 1, 2, 3]


async def test_a_sender_that_gives_up_waiting_has_sent_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box = Mailbox[int]("box", capacity=1)
    await fill(box, 1)

    with trio.move_on_after(1) as patience:
        await box.post.send(2)

    assert patience.cancelled_caught
    assert (list(box.waiting), box.accepted, box.parked) == ([1], 1, {})


async def test_send_is_a_cancel_point_each_time() -> None:
    box = Mailbox[int]("box", capacity=1000)

    for number in range(200):
        with trio.CancelScope() as scope:
            scope.cancel()
            await box.post.send(number)
        assert scope.cancelled_caught

    assert box.accepted == 0


async def test_a_sender_in_a_hurry_lets_others_run_every_64_messages(
    nursery: trio.Nursery,
) -> None:
    box, turns = Mailbox[int]("box", capacity=10_000), 0
    box.arrivals.clock = lambda: 0.0

    async def other() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    nursery.start_soon(other)
    await fill(box, *range(6400))
    nursery.cancel_scope.cancel()

    assert 90 <= turns <= 110


async def test_refuse_raises_to_the_sender_with_the_name_of_the_mailbox() -> None:
    box = Mailbox[int]("ingress", capacity=1, full=Full.REFUSE)
    await fill(box, 1)

    with pytest.raises(MailboxFullError) as refused:
        await box.post.send(2)

    assert (refused.value.mailbox, box.refused, list(box.waiting)) == ("ingress", 1, [1])


async def test_latest_keeps_only_the_newest() -> None:
    box = Mailbox[int]("feedback", capacity=1, full=Full.LATEST)

    await fill(box, 1, 2, 3)

    assert (list(box.waiting), box.accepted, box.coalesced) == ([3], 1, 2)


async def test_coalesce_replaces_a_waiting_message_of_the_same_key_in_its_place() -> None:
    box = Mailbox[Reading]("readings", capacity=4, full=Coalesce[Reading](key=lambda r: r.host))

    for reading in (Reading("a", 1), Reading("b", 1), Reading("a", 2)):
        await box.post.send(reading)

    assert list(box.waiting) == [Reading("a", 2), Reading("b", 1)]
    assert (box.accepted, box.coalesced) == (2, 1)


async def test_coalesce_waits_when_it_is_full_of_other_keys(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box = Mailbox[int]("box", capacity=1, full=Coalesce[int](key=lambda number: number % 10))
    await fill(box, 1)

    await box.post.send(11)
    with trio.move_on_after(1) as patience:
        await box.post.send(2)

    assert patience.cancelled_caught
    assert list(box.waiting) == [11]


@pytest.mark.parametrize("full", [Full.WAIT, Full.REFUSE])
async def test_offer_never_waits(full: Full) -> None:
    box = Mailbox[int]("box", capacity=1, full=full)

    assert box.post.offer(1)
    assert not box.post.offer(2)
    assert (list(box.waiting), box.accepted, box.refused) == ([1], 1, 1)


async def test_a_closed_mailbox_refuses_with_its_reason_also_those_who_wait() -> None:
    box = Mailbox[int]("box", capacity=1)
    await fill(box, 1)
    reasons: list[str] = []

    async def send() -> None:
        try:
            await box.post.send(2)
        except MailboxRefusedError as error:
            reasons.append(error.reason)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await trio.testing.wait_all_tasks_blocked()
        box.close("the process drains")
    await send()

    assert reasons == ["the process drains"] * 2
    assert not box.post.offer(3)
    assert box.accepted == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: Mailbox[int]("box", capacity=0),
        lambda: Mailbox[int]("box", capacity=2, full=Full.LATEST),
    ],
    ids=["no room", "latest of two"],
)
def test_a_mailbox_that_makes_no_sense_is_refused(make: Callable[[], Mailbox[int]]) -> None:
    with pytest.raises(ValueError, match="mailbox box"):
        make()


async def test_the_age_of_the_oldest_message_at_leisure_is_exact() -> None:
    box, now = Mailbox[int]("box", capacity=100), 0.0
    box.arrivals.clock = lambda: now

    for now in (10.0, 20.0, 30.0):  # noqa: B007  # the clock reads it
        await box.post.send(1)
    assert box.oldest_age() == 20.0

    box.waiting.popleft()
    box.handled += 1
    assert box.oldest_age() == 10.0

    box.waiting.clear()
    box.handled += 2
    assert box.oldest_age() == 0.0


async def test_the_age_counts_from_the_first_message_after_a_pause_of_the_reader() -> None:
    box, now = Mailbox[int]("box", capacity=1000), 0.0
    box.arrivals.clock = lambda: now
    await fill(box, *range(500))
    box.waiting.clear()
    box.handled = 500
    assert not box.at_rest()

    now = 3600.0
    await fill(box, 1)
    now = 3601.0

    assert box.oldest_age() == 1.0
