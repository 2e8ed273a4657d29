"""The starts of agents: a repeat, a gap and what comes late are told apart by their numbers."""

import attrs
import pytest

from actors.journal import SqliteJournal
from actors.messages import Severity, Status
from tests.actors.journal.world import World


@attrs.define
class Site:
    """A journal that one agent speaks to."""

    by_heart: bool
    """Whether it may rely on what it knows of earlier batches."""
    world: World = attrs.field(factory=World)
    journal: SqliteJournal = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.journal = self.world.journal

    async def hear(self, *numbers: int, boot: str = "b1", full: bool = False) -> list[str]:
        """Have events recorded in one batch; say what became of each."""
        low = self.world.heard(Status.PASS, seq=1, severity=Severity.LOW)
        said = [
            attrs.evolve(low, id=self.world.ids.new("obs"), boot_id=boot, seq=number)
            for number in numbers
        ]
        [recordings] = await self.world.store.commit(
            self.journal.record(said, lambda: "inc", self.world.now, full=full)
        )
        if self.by_heart:
            self.journal.settled()
        told = list[str]()
        for each in recordings:
            if each.recorded is None:
                told.append("refused")
            elif each.recorded.duplicate:
                told.append("repeat")
            elif each.jump is None:
                told.append("next")
            else:
                told.append(f"{each.jump.last} -> {each.jump.seq}")
        return told

    @property
    def starts(self) -> list[tuple[str, int]]:
        """How far each start was heard, as the file has it."""
        rows = self.world.store.connection.execute("SELECT boot_id, last_seq FROM starts")
        return rows.fetchall()


@pytest.fixture(params=[True, False], ids=["by heart", "from the file"])
def site(request: pytest.FixtureRequest) -> Site:
    return Site(bool(request.param))


async def test_numbers_that_follow_on_one_another_are_nothing_to_tell_of(site: Site) -> None:
    assert await site.hear(1, 2) == ["next", "next"]
    assert await site.hear(3) == ["next"]
    assert site.starts == [("b1", 3)]


async def test_a_repeat_is_known_in_its_own_batch_and_later(site: Site) -> None:
    assert await site.hear(1, 1, 2) == ["next", "repeat", "next"]
    assert await site.hear(2, 1) == ["repeat", "repeat"]
    assert site.starts == [("b1", 2)]


async def test_a_gap_is_told_and_so_is_what_comes_late(site: Site) -> None:
    assert await site.hear(3) == ["0 -> 3"]
    assert await site.hear(6, 4) == ["3 -> 6", "6 -> 4"]
    assert await site.hear(4, 7) == ["repeat", "next"]
    assert site.starts == [("b1", 7)]


async def test_the_same_number_of_another_start_is_no_repeat(site: Site) -> None:
    await site.hear(1, 2)

    assert await site.hear(1, boot="b2") == ["next"]
    assert await site.hear(3) == ["next"]
    assert site.starts == [("b1", 3), ("b2", 1)]


async def test_a_new_start_beside_known_ones_is_told_from_them(site: Site) -> None:
    await site.hear(1, boot="b1")
    site.journal.forget(site.world.clock.wall, 1)(site.world.store.connection)
    low = site.world.heard(Status.PASS, seq=1)
    batch = [
        attrs.evolve(low, id=f"obs_{boot}", boot_id=boot, seq=seq)
        for boot, seq in (("b1", 2), ("b2", 1), ("b3", 5))
    ]
    [recordings] = await site.world.store.commit(
        site.journal.record(batch, lambda: "inc", site.world.now)
    )

    jumps = [each.jump and (each.jump.last, each.jump.seq) for each in recordings]
    assert jumps == [None, None, (0, 5)]
    assert site.starts == [("b1", 2), ("b2", 1), ("b3", 5)]


async def test_a_start_whose_events_are_refused_takes_no_room(site: Site) -> None:
    assert await site.hear(1, full=True) == ["refused"]
    assert site.starts == []

    assert await site.hear(1, 2) == ["next", "next"]
    assert site.starts == [("b1", 2)]


async def test_what_is_refused_is_not_heard(site: Site) -> None:
    await site.hear(1)

    assert await site.hear(2, full=True) == ["refused"]
    assert site.starts == [("b1", 1)]
    assert await site.hear(2) == ["next"]


async def test_a_gap_begins_where_the_agent_was_heard_in_an_earlier_start(site: Site) -> None:
    world = site.world
    await site.hear(1, boot="b0")
    world.clock.wait(100)
    later = world.heard(Status.PASS, seq=5)
    batch = [
        attrs.evolve(later, id="obs_gap", boot_id="b1"),
        attrs.evolve(later, id="obs_new", boot_id="b2", seq=1),
    ]
    [recordings] = await world.store.commit(site.journal.record(batch, lambda: "inc", world.now))

    jump = recordings[0].jump
    assert jump is not None
    assert jump.at - jump.since == 100_000


async def test_when_what_was_refused_was_observed_is_not_when_the_agent_was_heard(
    site: Site,
) -> None:
    await site.hear(1, full=True)
    site.world.clock.wait(100)
    await site.hear(1)

    [[first, last]] = site.world.store.connection.execute("SELECT first_at, last_at FROM starts")
    assert first == last
