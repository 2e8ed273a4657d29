"""Requests: the answer, the deadline that travels along, and what is never started."""

import attrs
import pytest
import trio
import trio.testing

from runtime.actor import Actor, actor
from runtime.delivery import DeadLetteredError
from runtime.mailbox import Mailbox, MailboxRefusedError
from runtime.request import Request
from runtime.restart import Restart
from tests.runtime.crew import running


@attrs.frozen
class Square(Request[int]):
    """Asks for the square of a number."""

    number: int
    takes: float = 0.0


@attrs.define
class Calculator:
    """Squares numbers, but not 13."""

    begun: list[int]

    async def handle(self, question: Square) -> None:
        self.begun.append(question.number)
        await trio.sleep(question.takes)
        if question.number == 13:
            raise ArithmeticError("not thirteen")
        question.reply(question.number**2)


def calculator(box: Mailbox[Square], begun: list[int], restart: Restart | None = None) -> Actor:
    return actor(
        "calculator", reads=box, make=lambda: Calculator(begun), restart=restart or Restart()
    )


async def test_ask_gives_the_answer(autojump_clock: trio.testing.MockClock) -> None:
    box = Mailbox[Square]("questions", capacity=4)

    async with running(calculator(box, [])):
        assert await Square(7).ask(box.post) == 49


async def test_two_questions_that_are_equal_have_two_answers(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, answers = Mailbox[Square]("questions", capacity=4), list[int]()

    async def ask() -> None:
        answers.append(await Square(3).ask(box.post))

    async with running(calculator(box, [])), trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        nursery.start_soon(ask)

    assert answers == [9, 9]


async def test_the_deadline_of_the_askers_scope_travels_with_the_question() -> None:
    box, question = Mailbox[Square]("questions", capacity=4), Square(1)

    with trio.move_on_at(trio.current_time() + 0.01) as patience:
        await question.ask(box.post)

    assert question.deadline == patience.deadline


async def test_a_question_nobody_waits_for_is_never_started(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, begun = Mailbox[Square]("questions", capacity=4), list[int]()

    async with running(calculator(box, begun)), trio.open_nursery() as nursery:
        nursery.start_soon(Square(1, takes=10).ask, box.post)
        await trio.sleep(1)
        with trio.move_on_after(2) as patience:
            await Square(2).ask(box.post)

    assert patience.cancelled_caught
    assert (begun, box.expired, box.handled) == ([1], 1, 2)


async def test_a_question_whose_deadline_passed_while_the_loop_was_blocked_is_not_started(
    mock_clock: trio.testing.MockClock,
) -> None:
    box, begun = Mailbox[Square]("questions", capacity=4), list[int]()

    class Blocking(Calculator):
        async def handle(self, question: Square) -> None:
            await super().handle(question)
            mock_clock.jump(5)

    async def ask(number: int) -> None:
        with trio.move_on_after(2):
            await Square(number).ask(box.post)

    async with (
        running(actor("calculator", reads=box, make=lambda: Blocking(begun)), settle=0),
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(ask, 1)
        nursery.start_soon(ask, 2)

    assert (len(begun), box.expired) == (1, 1)


async def test_a_batch_leaves_out_what_nobody_waits_for(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, batches = Mailbox[Square]("questions", capacity=4), list[list[int]]()

    class InBatches:
        async def handle_batch(self, questions: list[Square]) -> None:
            batches.append([question.number for question in questions])
            await trio.sleep(10)
            for question in questions:
                question.reply(0)

    async with (
        running(actor("calculator", reads=box, make=InBatches)),
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(Square(1).ask, box.post)
        await trio.sleep(1)
        with trio.move_on_after(1):
            await Square(2).ask(box.post)

    assert (batches, box.expired) == ([[1]], 1)


async def test_questions_put_in_order_are_answered_each_for_itself(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, begun = Mailbox[Square]("questions", capacity=4), list[int]()

    async with running(calculator(box, begun)):
        questions = [Square(number) for number in (3, 1, 2)]
        for question in questions:
            await question.put(box.post)
        await trio.sleep(1)
        answers = [await question.answer() for question in questions]

    assert (begun, answers) == ([3, 1, 2], [9, 1, 4])


async def test_a_poisoned_ask_fails_at_once_and_not_at_its_deadline(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, begun = Mailbox[Square]("questions", capacity=4), list[int]()

    async with running(calculator(box, begun)) as crew:
        with trio.fail_after(3600), pytest.raises(DeadLetteredError) as failed:
            await Square(13).ask(box.post)
        assert trio.current_time() < 1.0
        assert await Square(2).ask(box.post) == 4

    assert failed.value.letter == crew.dead[0]
    assert begun == [13, 13, 13, 2]


async def test_an_ask_lives_through_a_restart_of_its_actor(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, falls = Mailbox[Square]("questions", capacity=4), [ValueError("once")]

    class Shaky(Calculator):
        async def handle(self, question: Square) -> None:
            if falls:
                raise falls.pop()
            await super().handle(question)

    async with running(actor("calculator", reads=box, make=lambda: Shaky([]))):
        assert await Square(5).ask(box.post) == 25


async def test_questions_to_an_actor_that_goes_down_are_refused_at_once(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, refused = Mailbox[Square]("questions", capacity=4), list[str]()

    async def ask(number: int) -> None:
        try:
            await Square(number).ask(box.post)
        except MailboxRefusedError as error:
            refused.append(error.reason)

    async with (
        running(calculator(box, [], Restart(budget=0))),
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(ask, 13)
        nursery.start_soon(ask, 13)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(ask, 1)

    assert refused == ["calculator is down: ArithmeticError: not thirteen"] * 3


async def test_the_first_answer_stands(autojump_clock: trio.testing.MockClock) -> None:
    box, falls = Mailbox[Square]("questions", capacity=4), [ValueError("after the answer")]

    class Repeating:
        async def handle(self, question: Square) -> None:
            question.reply(len(falls))
            if falls:
                raise falls.pop()

    async with running(actor("calculator", reads=box, make=Repeating)):
        assert await Square(1).ask(box.post) == 1


async def test_fail_raises_at_the_asker_and_the_actor_lives(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box = Mailbox[Square]("questions", capacity=4)

    class Failing:
        async def handle(self, question: Square) -> None:
            question.fail(LookupError(question.number))

    one = actor("calculator", reads=box, make=Failing)
    async with running(one):
        with pytest.raises(LookupError):
            await Square(1).ask(box.post)

    assert one.vitals.fell == 0


async def test_a_question_left_over_at_the_end_is_refused_and_not_left_hanging(
    autojump_clock: trio.testing.MockClock,
) -> None:
    box, refused = Mailbox[Square]("questions", capacity=4), list[str]()

    async def ask(number: int) -> None:
        try:
            await Square(number, takes=3600).ask(box.post)
        except MailboxRefusedError as error:
            refused.append(error.reason)

    async with (
        trio.open_nursery() as nursery,
        running(calculator(box, []), settle=1, drain_within=5),
    ):
        nursery.start_soon(ask, 1)
        nursery.start_soon(ask, 2)

    assert refused == ["the process has ended"] * 2
