"""The journal as an actor: one commit for what queued up, an answer when it is durable."""

from collections.abc import Sequence
from typing import TypeVar

import attrs
import pytest
import trio

from actors.journal import JournalActor
from actors.journal.store import UnkeepableError
from actors.messages import Incident, IncidentToDecide, Recorded, State
from actors.requests import NotKept, RecordObservation, RecordObservations, ReopenIncident
from runtime.errors import ConflictError, NotFoundError, StoreError, StoreFullError
from runtime.mailbox import Mailbox
from runtime.store import Query, Write
from tests.actors.journal.world import World

T = TypeVar("T")


@attrs.define
class FailingStore:
    """A store that does not keep anything."""

    error: StoreError

    async def commit(self, *writes: Write[T]) -> list[T]:  # noqa: ARG002  the port's
        raise self.error

    async def read(self, query: Query[T]) -> T:  # noqa: ARG002  the port's
        raise self.error


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def to_l1() -> Mailbox[IncidentToDecide]:
    return Mailbox[IncidentToDecide]("to_l1", capacity=2)


@pytest.fixture
def journal(world: World, to_l1: Mailbox[IncidentToDecide]) -> JournalActor:
    return JournalActor(
        to_l1.post, world.store, world.journal, world.coverage, world.clock, world.ids
    )


def record(world: World, *hosts: str) -> list[RecordObservation]:
    return [RecordObservation(world.heard(host=host)) for host in hosts]


async def told(requests: Sequence[RecordObservation]) -> list[Recorded | Exception]:
    answers: list[Recorded | Exception] = []
    for request in requests:
        try:
            with trio.fail_after(0):
                answers.append(await request.answer())
        except (StoreError, UnkeepableError) as error:
            answers.append(error)
    return answers


async def test_what_queued_up_is_one_commit_and_each_is_answered(
    world: World, journal: JournalActor
) -> None:
    commits: list[None] = []
    world.store.on_commit = lambda: commits.append(None)
    requests = record(world, "ws-1", "ws-2", "ws-1")

    await journal.handle_batch([*requests])

    answers = await told(requests)
    assert [isinstance(each, Recorded) for each in answers] == [True, True, True]
    assert len(commits) == 1


async def test_a_new_incident_is_handed_to_l1_with_its_observation(
    world: World, journal: JournalActor, to_l1: Mailbox[IncidentToDecide]
) -> None:
    first, second = record(world, "ws-1", "ws-1")

    await journal.handle_batch([first, second])

    [message] = to_l1.waiting
    assert message.observation == first.observation
    assert message.incident.state is State.OBSERVED


async def test_it_does_not_wait_for_a_room_that_is_full(
    world: World, journal: JournalActor, to_l1: Mailbox[IncidentToDecide]
) -> None:
    requests = record(world, "ws-1", "ws-2", "ws-3")

    await journal.handle_batch([*requests])

    assert len(to_l1.waiting) == 2
    assert all(isinstance(each, Recorded) for each in await told(requests))


@pytest.mark.parametrize("error", [StoreError("the disk failed"), StoreFullError("no room")])
async def test_what_was_not_kept_is_not_acked(
    world: World,
    journal: JournalActor,
    to_l1: Mailbox[IncidentToDecide],
    error: StoreError,
) -> None:
    requests = record(world, "ws-1", "ws-2")

    await attrs.evolve(journal, store=FailingStore(error)).handle_batch([*requests])

    assert await told(requests) == [error, error]
    assert len(to_l1.waiting) == 0


async def test_what_cannot_be_kept_costs_the_others_nothing(
    world: World, journal: JournalActor
) -> None:
    requests = record(world, "ws-1", "\ud800", "ws-2")

    await journal.handle_batch([*requests])

    first, second, third = await told(requests)
    assert isinstance(first, Recorded)
    assert isinstance(second, UnkeepableError)
    assert isinstance(third, Recorded)


async def test_with_a_full_disk_a_repeat_stays_with_its_sender(
    world: World, journal: JournalActor
) -> None:
    await world.drift("ws-1")
    requests = record(world, "ws-1", "ws-2")

    await attrs.evolve(journal, disk_is_full=lambda: True).handle_batch([*requests])

    repeat, news = await told(requests)
    assert isinstance(repeat, StoreFullError)
    assert isinstance(news, Recorded)


async def test_what_came_at_once_is_answered_at_once_and_in_its_order(
    world: World, journal: JournalActor, to_l1: Mailbox[IncidentToDecide]
) -> None:
    first, second, third = (world.heard(host=host) for host in ("ws-1", "\ud800", "ws-2"))
    before, several = (
        RecordObservation(world.heard(host="ws-2")),
        RecordObservations([first, second, third]),
    )

    await journal.handle_batch([before, several])

    [one, two, three] = await several.answer()
    assert isinstance(one, Recorded)
    assert isinstance(two, NotKept)
    assert isinstance(two.error, UnkeepableError)
    assert isinstance(three, Recorded)
    assert three.incident_id == (await before.answer()).incident_id
    assert [message.observation.host for message in to_l1.waiting] == ["ws-2", "ws-1"]


async def test_very_much_at_once_takes_several_commits(world: World, journal: JournalActor) -> None:
    commits: list[None] = []
    world.store.on_commit = lambda: commits.append(None)
    several = RecordObservations([world.heard(seq=number) for number in range(1, 2501)])

    await journal.handle_batch([several])

    assert len(await several.answer()) == 2500
    assert len(commits) == 3


@pytest.mark.parametrize("error", [StoreError("the disk failed"), StoreFullError("no room")])
async def test_of_a_batch_that_was_not_kept_nothing_is_acked(
    world: World, journal: JournalActor, error: StoreError
) -> None:
    several = RecordObservations([world.heard(), world.heard(host="ws-2")])

    await attrs.evolve(journal, store=FailingStore(error)).handle_batch([several])

    assert await several.answer() == [NotKept(error)] * 2


async def reopened(
    journal: JournalActor, incident_id: str, who: str = "ana"
) -> Incident | Exception:
    wish = ReopenIncident(incident_id, who, "looked at it")
    await journal.handle_batch([wish])
    try:
        with trio.fail_after(0):
            return await wish.answer()
    except (ConflictError, NotFoundError, StoreError) as error:
        return error


async def test_a_person_lets_an_escalated_incident_be_decided_again(
    world: World, journal: JournalActor, to_l1: Mailbox[IncidentToDecide]
) -> None:
    incident = await world.drift(state=State.ESCALATED)

    answer = await reopened(journal, incident.id)

    deciding = await world.get(incident.id)
    assert answer == deciding
    assert deciding.state is State.DECIDING
    assert [message.incident for message in to_l1.waiting] == [deciding]


async def test_what_is_not_escalated_is_not_reopened(world: World, journal: JournalActor) -> None:
    incident = await world.drift(state=State.ACTING)

    assert isinstance(await reopened(journal, incident.id), ConflictError)
    assert isinstance(await reopened(journal, "inc_x"), NotFoundError)
    assert await world.get(incident.id) == incident


async def test_a_reopening_that_was_not_kept_is_told_so(
    world: World, journal: JournalActor
) -> None:
    incident = await world.drift(state=State.ESCALATED)
    failing = attrs.evolve(journal, store=FailingStore(StoreFullError("no room")))

    assert isinstance(await reopened(failing, incident.id), StoreFullError)
