"""Supervision: budgets, pauses, vital actors, and the complaints that users of others have."""

import itertools

import attrs
import pytest
import trio
import trio.testing

from runtime.actor import Actor, actor, service
from runtime.errors import StoreFullError
from runtime.mailbox import Mailbox, MailboxRefusedError
from runtime.request import FALLS_TO_DEATH
from runtime.restart import Restart
from runtime.supervisor import VitalActorDownError
from runtime.vitals import State
from tests.runtime.crew import Crew, running


@attrs.define
class Shaky:
    """Falls while its trouble lasts."""

    trouble: list[Exception]
    handled: list[int]

    async def handle(self, message: int) -> None:
        if self.trouble:
            raise self.trouble[-1]
        self.handled.append(message)


def shaky(box: Mailbox[int], trouble: list[Exception], handled: list[int]) -> Actor:
    return actor("shaky", reads=box, make=lambda: Shaky(trouble, handled), restart=Restart())


async def test_a_fall_under_tell_is_not_invisible(autojump_clock: trio.testing.MockClock) -> None:
    box, trouble, handled = Mailbox[int]("box", capacity=4), [ValueError("why")], list[int]()
    one = actor("shaky", reads=box, make=lambda: Shaky(list(trouble), handled))

    async with running(one) as crew:
        await box.post.send(1)

    assert one.vitals.fell == len(crew.happened("crashed")) == FALLS_TO_DEATH
    assert one.vitals.last_error == "ValueError: why"


async def test_past_its_budget_an_actor_is_down_and_a_person_hears_of_it_once(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, handled = Mailbox[int]("box", capacity=9), list[int]()
    trouble: list[Exception] = [ValueError("broken")]
    one = shaky(box, trouble, handled)

    async with running(one) as crew:
        for number in range(9):
            await box.post.send(number)
        await trio.sleep(700)
        assert one.vitals.state is State.DOWN
        with pytest.raises(MailboxRefusedError, match="shaky is down: ValueError: broken"):
            await box.post.send(9)

    assert [(down.actor, down.vital, down.again_after) for down in crew.down] == [
        ("shaky", False, 300.0)
    ]


@pytest.mark.parametrize("lives", [0, 1])
async def test_an_actor_that_cannot_be_made_again_is_no_news_each_time_it_is_tried(
    lives: int, autojump_clock: trio.testing.MockClock
) -> None:
    box, made = Mailbox[int]("box", capacity=9), list[int]()

    def make() -> Shaky:
        made.append(1)
        if len(made) > lives:
            raise ValueError("cannot be made")
        return Shaky([ValueError("broken")], [])

    async with running(actor("a", reads=box, make=make)) as crew:
        await trio.sleep(100)
        if lives:
            await box.post.send(1)
        await trio.sleep(1000)

    assert [down.error for down in crew.down] == ["ValueError: cannot be made"]


async def test_an_actor_that_is_down_is_tried_again_after_five_minutes_and_lost_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, handled = Mailbox[int]("box", capacity=9), list[int]()
    trouble: list[Exception] = [ValueError("broken")]
    one = shaky(box, trouble, handled)

    async with running(one) as crew:
        for number in range(9):
            await box.post.send(number)
        await trio.sleep(100)
        trouble.clear()
        await trio.sleep(290)
        assert one.vitals.state is State.RUNNING
        await box.post.send(9)

    assert {letter.message for letter in crew.dead} | set(handled) == set(range(10))
    assert len(crew.dead) + len(handled) == 10


async def test_an_actor_that_goes_down_again_after_it_was_up_is_news_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, handled = Mailbox[int]("box", capacity=9), list[int]()
    trouble: list[Exception] = [ValueError("broken")]

    async with running(
        actor("a", reads=box, make=lambda: Shaky(trouble, handled), restart=Restart(budget=0))
    ) as crew:
        await box.post.send(1)
        await trio.sleep(1)
        trouble.clear()
        await trio.sleep(400)
        trouble.append(ValueError("broken again"))
        await box.post.send(2)

    assert [down.error for down in crew.down] == ["ValueError: broken", "ValueError: broken again"]


async def test_a_vital_actor_past_its_budget_drains_the_others_and_ends_the_process(
    autojump_clock: trio.testing.MockClock,
) -> None:
    journal, other = Mailbox[int]("journal", capacity=9), Mailbox[int]("other", capacity=9)
    handled, crew = list[int](), Crew()
    broken: list[Exception] = [ValueError("broken")]

    async def feed() -> None:
        await journal.post.send(1)
        await trio.sleep(1)
        for number in range(9):
            await other.post.send(number)
        await trio.sleep_forever()

    with pytest.raises(VitalActorDownError, match="journal is vital") as ended:
        await crew.run(
            service("feed", feed, sends=[journal, other], ingress=True),
            actor(
                "journal",
                reads=journal,
                make=lambda: Shaky(broken, []),
                restart=Restart(budget=1, first_pause=5),
                vital=True,
            ),
            actor("other", reads=other, make=lambda: Shaky([], handled)),
        )

    assert isinstance(ended.value.__cause__, ValueError)
    assert ended.value.drained.adds_up
    assert handled == list(range(9))
    assert [down.vital for down in crew.down] == [True]


def no_room() -> Exception:
    return StoreFullError("no room is left")


@attrs.define
class Unkept:
    """Finds no room until there is."""

    room: list[bool]
    handled: list[int]
    in_lanes: bool

    async def handle(self, message: int) -> None:
        if not self.room:
            raise ExceptionGroup("lanes", [no_room(), no_room()]) if self.in_lanes else no_room()
        self.handled.append(message)


@pytest.mark.parametrize("in_lanes", [True, False])
@pytest.mark.parametrize("vital", [True, False])
async def test_an_actor_that_finds_no_room_on_the_disk_waits_for_it_and_is_not_down(
    in_lanes: bool, vital: bool, autojump_clock: trio.testing.MockClock
) -> None:
    box, handled, room = Mailbox[int]("box", capacity=9), list[int](), list[bool]()
    unkept = actor("a", reads=box, make=lambda: Unkept(room, handled, in_lanes), vital=vital)

    async with running(unkept, bury_fails=[no_room() for _ in range(200)]) as crew:
        await box.post.send(1)
        await trio.sleep(600)
        assert len(crew.happened("crashed")) < 600 / 5
        room.append(True)
        await trio.sleep(31)
        assert handled == [1]

    assert crew.down == []


async def test_an_actor_that_finds_no_room_when_it_starts_does_not_keep_the_ingress_shut(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, opened, room = Mailbox[int]("box", capacity=9), trio.Event(), list[bool]()
    handled = list[int]()

    def make() -> Unkept:
        if not room:
            raise no_room()
        return Unkept(room, handled, in_lanes=False)

    async def listen() -> None:
        opened.set()
        await box.post.send(1)
        await trio.sleep_forever()

    line = [service("ingress", listen, sends=[box], ingress=True), actor("a", reads=box, make=make)]
    with trio.fail_after(300):
        async with running(*line):
            await opened.wait()
            room.append(True)
            await trio.sleep(31)
            assert handled == [1]


async def test_the_budget_of_one_actor_is_not_shared_with_its_siblings(
    autojump_clock: trio.testing.MockClock,
) -> None:
    boxes = [Mailbox[int](name, capacity=9) for name in "abc"]
    handled, seen = list[int](), dict[int, int]()

    class FallsTwice:
        async def handle(self, message: int) -> None:
            seen[message] = seen.get(message, 0) + 1
            if seen[message] < 3:
                raise ValueError(message)
            handled.append(message)

    line = [actor(box.name, reads=box, make=FallsTwice, restart=Restart(budget=2)) for box in boxes]
    async with running(*line) as crew:
        for number, box in enumerate(boxes):
            await box.post.send(number)

    assert (sorted(handled), crew.down) == ([0, 1, 2], [])


async def test_a_crash_loop_pauses_and_does_not_spin(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, made_at = Mailbox[int]("box", capacity=9), list[float]()

    def make() -> Shaky:
        made_at.append(trio.current_time())
        raise OSError("no")

    async with running(actor("a", reads=box, make=make)):
        await trio.sleep(4)

    pauses = [later - earlier for earlier, later in itertools.pairwise(made_at)]
    assert len(made_at) == 6
    for pause, full in zip(pauses, [0.1, 0.2, 0.4, 0.8, 1.6], strict=True):
        assert full / 2 <= pause <= full


async def test_actors_that_fall_together_do_not_start_together(
    autojump_clock: trio.testing.MockClock,
) -> None:
    made_at: dict[str, list[float]] = {name: [] for name in "abcde"}

    def falling(name: str) -> Actor:
        def make() -> Shaky:
            made_at[name].append(trio.current_time())
            raise OSError("no")

        return actor(name, reads=Mailbox[int](name, capacity=1), make=make)

    async with running(*map(falling, "abcde")):
        await trio.sleep(1)

    assert len({times[1] for times in made_at.values()}) == 5


async def test_a_full_mailbox_downstream_does_not_restart_the_sender(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, slow = Mailbox[int]("box", capacity=9), Mailbox[int]("slow", capacity=1)
    handled = list[int]()

    class Forward:
        async def handle(self, message: int) -> None:
            await slow.post.send(message)

    class Slow:
        async def handle(self, message: int) -> None:
            await trio.sleep(1)
            handled.append(message)

    sender = actor("forward", reads=box, make=Forward, sends=[slow])
    async with running(sender, actor("slow", reads=slow, make=Slow)):
        for number in range(20):
            await box.post.send(number)

    assert (handled, sender.vitals.fell) == (list(range(20)), 0)
    assert slow.waits > 0


async def test_an_actor_that_fails_to_tell_a_person_tries_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box = Mailbox[int]("box", capacity=9)
    trouble: list[Exception] = [ValueError("broken")]

    async with running(
        actor("a", reads=box, make=lambda: Shaky(trouble, []), restart=Restart(budget=0)),
        tell_fails=[OSError("no way out")],
    ) as crew:
        await box.post.send(1)
        await trio.sleep(1)
        assert crew.down == []
        await trio.sleep(301)
        assert len(crew.down) == 1


async def test_two_supervised_actors_with_tiny_mailboxes_start_without_a_deadlock(
    autojump_clock: trio.testing.MockClock,
) -> None:
    left, right = Mailbox[int]("left", capacity=1), Mailbox[int]("right", capacity=1)
    handled = list[int]()

    async def greet() -> None:
        for number in range(3):
            await right.post.send(number)
            await left.post.send(number)

    async with running(
        service("greeter", greet, sends=[left, right]),
        actor("a", reads=left, make=lambda: Shaky([], handled)),
        actor("b", reads=right, make=lambda: Shaky([], handled)),
    ):
        pass

    assert sorted(handled) == [0, 0, 1, 1, 2, 2]


async def test_the_ingress_opens_when_everything_behind_it_has_started(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, events = Mailbox[int]("box", capacity=9), list[str]()

    class Recovering(Shaky):
        async def started(self) -> None:
            await trio.sleep(5)
            events.append("recovered")

    async def listen() -> None:
        events.append("listening")
        await trio.sleep_forever()

    async with running(
        service("ingress", listen, sends=[box], ingress=True),
        actor("a", reads=box, make=lambda: Recovering([], [])),
    ):
        events.append("started")

    assert events == ["recovered", "started", "listening"]


async def test_a_service_that_falls_is_started_again_and_one_that_returns_is_not(
    autojump_clock: trio.testing.MockClock,
) -> None:
    runs = list[str]()

    async def falls_once() -> None:
        runs.append("falls")
        if runs.count("falls") == 1:
            raise ValueError
        await trio.sleep_forever()

    async def returns() -> None:
        runs.append("returns")

    async with running(service("one", falls_once), service("other", returns)):
        pass

    assert sorted(runs) == ["falls", "falls", "returns"]


async def test_nothing_outlives_the_run_and_the_next_run_remembers_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    before = trio.lowlevel.current_statistics().tasks_living
    for _ in range(2):
        box, handled = Mailbox[int]("box", capacity=9), list[int]()
        async with running(shaky(box, [], handled)):
            await box.post.send(1)
        assert handled == [1]

    assert trio.lowlevel.current_statistics().tasks_living == before


async def test_a_thousand_crashes_at_full_load_lose_no_message(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, fallen = Mailbox[int]("box", capacity=64), set[int]()
    handled = list[int]()

    class FallsOverEachTenth:
        async def handle(self, message: int) -> None:
            if message % 10 == 0 and message not in fallen:
                fallen.add(message)
                raise ValueError(message)
            handled.append(message)

    lifted = Restart(budget=10**9, first_pause=0.0)
    one = actor("a", reads=box, make=FallsOverEachTenth, restart=lifted)
    async with running(one) as crew:
        for number in range(10_000):
            await box.post.send(number)

    assert handled == list(range(10_000))
    assert (one.vitals.fell, box.redelivered, crew.dead) == (1000, 1000, [])
