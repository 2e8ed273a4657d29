"""A batch leaves the tables as if each of its observations had come by itself."""

import sqlite3
from collections.abc import Iterable, Sequence

import attrs
import pytest
import trio
from hypothesis import given, settings, strategies as st

from actors.journal.change import Change
from actors.journal.intake import Intake
from actors.journal.memory import Memory
from actors.journal.store import Recording
from actors.messages import JSON, Observation, Platform, Recorded, Severity, State, Status
from runtime.errors import StoreError
from tests.actors.journal.world import EPOCH, PATHS, CountedIds, World

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
mappings: st.SearchStrategy[dict[str, JSON]] = st.dictionaries(texts, plain, max_size=3)
observations = st.builds(
    Observation,
    id=texts, site=texts, host=texts, check=texts, status=st.sampled_from(Status),
    severity=st.sampled_from(Severity), observed_at=st.just(EPOCH), source=texts,
    platform=st.sampled_from(Platform), distro=texts, expected=texts, actual=texts,
    details=mappings, metadata=mappings, controls=st.lists(texts, max_size=3).map(tuple),
    agent_id=texts, boot_id=texts, seq=st.none() | st.integers(0, 2**63 - 1),
    absent=st.booleans(), reason=texts,
)  # fmt: skip


@settings(deadline=None)
@given(heard=observations)
def test_an_observation_is_read_back_as_it_was_heard(heard: Observation) -> None:
    heard = attrs.evolve(heard, source="agent")

    async def main() -> None:
        world = World()
        await world.record(heard)
        assert await world.store.read(world.journal.observation(heard.id)) == heard

    trio.run(main)


@attrs.frozen
class Event:
    """What one observation of a history is."""

    agent: int
    seq: int | None
    check: str
    status: Status
    severity: Severity
    source: str
    number: int = 0


events = st.builds(
    Event,
    agent=st.integers(1, 3),
    seq=st.none() | st.integers(0, 9),
    check=st.sampled_from(["firewall_status", "patching"]),
    status=st.sampled_from(Status),
    severity=st.sampled_from([Severity.LOW, Severity.HIGH]),
    source=st.sampled_from(["agent", "agent", "scanner"]),
)
histories = st.lists(events, min_size=1, max_size=24)


def heard(world: World, event: Event) -> Observation:
    numbered = event.source == "agent" and event.seq is not None
    return attrs.evolve(
        world.heard(event.status, f"ws-{event.agent}", source=event.source, check=event.check),
        id=f"obs_{event.number:04}",
        severity=event.severity,
        agent_id=f"agent-{event.agent}" if numbered else "",
        boot_id="b1" if numbered else "",
        seq=event.seq if numbered else None,
    )


async def after(
    states: list[State],
    said: Iterable[Sequence[Event]],
    fullness: float,
    *,
    by_heart: bool = True,
) -> tuple[list[Recording], dict[str, list[object]]]:
    """Give what becomes of events in the batches in which they come, and all tables then."""
    world, memory, names = World(), Memory(), CountedIds()
    for number, state in enumerate(states, 1):
        await world.drift(f"ws-{number}", state=state)
    recordings = list[Recording]()
    for batch in said:
        observations = [heard(world, event) for event in batch]

        def write(connection: sqlite3.Connection, batch: list[Observation] = observations) -> None:
            change = Change(connection, world.tickets, world.now)
            intake = Intake(change, memory, lambda: names.new("later"), fullness)
            recordings.extend(intake.take(batch))

        await world.store.commit(write)
        if by_heart:
            memory.settled()
    tables = {
        table: world.store.connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
        for table in ("observations", "answers", "incidents", "incident_events", "starts")
    }
    return recordings, tables


@settings(max_examples=100, deadline=None)
@given(
    history=histories,
    states=st.lists(st.sampled_from(list(PATHS)), max_size=3),
    fullness=st.sampled_from([0.1, 0.1, 0.8, 0.9, 1.0]),
)
def test_a_batch_is_as_its_observations_one_by_one(
    history: list[Event], states: list[State], fullness: float
) -> None:
    numbered = [attrs.evolve(event, number=number) for number, event in enumerate(history)]

    async def main() -> None:
        at_once = await after(states, [numbered], fullness)
        for by_heart in (True, False):
            one_by_one = [[event] for event in numbered]
            assert at_once == await after(states, one_by_one, fullness, by_heart=by_heart)

    trio.run(main)


async def test_a_mark_that_a_commit_left_behind_when_it_was_taken_back_costs_no_event() -> None:
    world = World()
    journal = world.journal

    def fail(_: sqlite3.Connection) -> None:
        raise StoreError("another write of the same commit")

    first = world.heard(seq=7)
    with pytest.raises(StoreError):
        await world.store.commit(journal.record([first], lambda: "inc_1", world.now), fail)
    [[again]] = await world.store.commit(journal.record([first], lambda: "inc_2", world.now))

    assert again.recorded == Recorded(first.id, "inc_2")


async def test_a_closing_leaves_the_row_that_any_move_leaves() -> None:
    by_pass, by_move = World(), World()
    for world in (by_pass, by_move):
        incident = await world.drift(state=State.REFUSED)
        world.clock.wait(60)
        if world is by_pass:
            await world.record(world.heard(Status.PASS))
        else:
            await world.take(incident, State.CLOSED)

    rows = [
        world.store.connection.execute("SELECT * FROM incidents").fetchall()
        for world in (by_pass, by_move)
    ]
    assert rows[0] == rows[1]
