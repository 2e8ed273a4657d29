"""What is heard becomes durable once, and an incident where it must."""

import sqlite3

import attrs
import pytest

from actors.journal import IncidentFilter, last_answers, list_incidents, trace_of
from actors.journal.store import Recording, UnkeepableError
from actors.messages import Observation, Recorded, Severity, State, Status
from tests.actors.journal.world import PATHS, World


@pytest.fixture
def world() -> World:
    return World()


def rows_of(table: str, world: World) -> int:
    count: int = world.store.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
    return count


async def kinds(world: World, incident_id: str) -> list[object]:
    return [line["kind"] for line in await world.store.read(trace_of(incident_id))]


async def test_a_drift_opens_an_incident_with_the_first_line_of_its_trace(world: World) -> None:
    [recording] = await world.record(world.heard())

    assert recording.opened is not None
    assert recording.opened.state is State.OBSERVED
    assert recording.recorded == Recorded("obs_000000", recording.opened.id)
    assert await kinds(world, recording.opened.id) == ["drift_observed"]


async def test_the_same_event_of_the_same_agent_counts_once(world: World) -> None:
    first = world.heard(seq=7)
    again = attrs.evolve(first, id="obs_again")

    [one] = await world.record(first)
    [two] = await world.record(again)

    assert one.recorded is not None
    assert two.recorded == attrs.evolve(one.recorded, duplicate=True)
    assert one.opened is not None
    assert (await world.get(one.opened.id)).count == 1


async def test_a_duplicate_within_one_batch_counts_once(world: World) -> None:
    first = world.heard(seq=7)

    _, second = await world.record(first, attrs.evolve(first, id="obs_again"))

    assert second.recorded is not None
    assert second.recorded.duplicate


@pytest.mark.parametrize("changed", [{"seq": 8}, {"boot_id": "b2"}, {"agent_id": "agent-2"}])
async def test_another_event_is_no_duplicate(world: World, changed: dict[str, object]) -> None:
    first = world.heard(seq=7)
    other = attrs.evolve(first, id="obs_other", **changed)  # type: ignore[arg-type]  # any field

    recordings = await world.record(first, other)

    assert [each.recorded.duplicate for each in recordings if each.recorded] == [False, False]


async def test_events_without_a_number_are_never_duplicates(world: World) -> None:
    [one], [two] = await world.record(world.heard()), await world.record(world.heard())

    assert one.opened is not None
    assert two.recorded == Recorded("obs_000002", one.opened.id)
    assert (await world.get(one.opened.id)).count == 2


async def test_a_repeat_is_counted_and_moves_last_seen(world: World) -> None:
    incident = await world.drift(state=State.ESCALATED)
    world.clock.wait(60)

    [repeat] = await world.record(world.heard())

    absorbed = await world.get(incident.id)
    assert repeat.opened is None
    assert (absorbed.count, absorbed.last_seen) == (2, world.clock.now())
    assert (absorbed.state, absorbed.moved_at) == (State.ESCALATED, incident.moved_at)


async def test_other_hosts_checks_and_sites_have_incidents_of_their_own(world: World) -> None:
    recordings = await world.record(
        world.heard(),
        world.heard(host="ws-2"),
        world.heard(check="patching"),
        attrs.evolve(world.heard(), site="elsewhere"),
    )

    assert len({each.opened.id for each in recordings if each.opened}) == 4


async def test_a_pass_closes_the_incident_and_its_tickets(world: World) -> None:
    incident = await world.drift(state=State.ESCALATED)

    await world.record(world.heard(Status.PASS))

    assert (await world.get(incident.id)).state is State.CLOSED
    assert world.tickets.settled == [(incident.id, world.now)]
    assert (await kinds(world, incident.id))[-1] == "passed"


async def test_a_pass_while_a_fix_is_on_its_way_is_noted_and_moves_nothing(world: World) -> None:
    incident = await world.drift(state=State.ACTING)

    await world.record(world.heard(Status.PASS))

    assert await world.get(incident.id) == incident
    assert (await kinds(world, incident.id))[-1] == "passed_meanwhile"


async def test_drift_after_a_verified_fix_opens_a_new_incident_that_names_it(world: World) -> None:
    healed = await world.drift(state=State.HEALED)

    [recording] = await world.record(world.heard())

    assert recording.opened is not None
    assert recording.opened.recurred_from == healed.id
    assert (await world.get(healed.id)).state is State.RECURRED


async def test_drift_after_the_end_is_a_new_incident(world: World) -> None:
    closed = await world.drift(state=State.CLOSED)

    [recording] = await world.record(world.heard())

    assert recording.opened is not None
    assert recording.opened.id != closed.id
    assert recording.opened.recurred_from is None


@pytest.mark.parametrize("status", [Status.ERROR, Status.UNKNOWN])
async def test_no_evidence_is_a_last_answer_and_nothing_else(world: World, status: Status) -> None:
    incident = await world.drift(state=State.DECIDING)

    await world.record(world.heard(status, reason="timeout"))
    await world.record(world.heard(status, host="ws-2", reason="timeout"))

    assert await world.get(incident.id) == incident
    assert rows_of("incidents", world) == 1
    answers = await world.store.read(last_answers())
    assert [(each["host"], each["status"], each["reason"]) for each in answers] == [
        ("ws-1", status, "timeout"),
        ("ws-2", status, "timeout"),
    ]


async def test_what_is_absent_is_shown_as_not_applicable(world: World) -> None:
    absent = attrs.evolve(world.heard(Status.UNKNOWN), absent=True)

    await world.record(absent)

    [answer] = await world.store.read(last_answers("ws-1"))
    assert answer["status"] == "not applicable"


async def test_the_store_itself_refuses_a_second_open_incident_of_a_drift(world: World) -> None:
    await world.drift()

    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        world.store.connection.execute(
            "INSERT INTO incidents SELECT 'inc_x', site, host, check_id, severity, 'refused',"
            " opened_at, moved_at, last_seen, observation_id, count, reason, due_wall, due_boot,"
            " due_monotonic, decision, attempt, recurred_from, stalled_starts FROM incidents"
        )


async def test_the_store_itself_refuses_to_rewrite_a_trace(world: World) -> None:
    await world.drift()

    with pytest.raises(sqlite3.IntegrityError, match="never rewritten"):
        world.store.connection.execute("UPDATE incident_events SET kind = 'other'")


async def test_an_observation_is_read_back_as_it_was(world: World) -> None:
    heard = attrs.evolve(
        world.heard(seq=3), details={"port": 22, "why": [None, "x"]}, metadata={"os": "é"}
    )

    await world.record(heard)

    assert await world.store.read(world.journal.observation(heard.id)) == heard


async def test_what_comes_again_after_a_fall_has_one_row(world: World) -> None:
    heard = world.heard()

    await world.record(heard)
    await world.record(heard)

    assert rows_of("observations", world) == 1


@pytest.mark.parametrize("changed", [{"host": "\ud800"}, {"reason": "\udfff"}, {"seq": 2**63}])
async def test_what_cannot_be_spelled_is_refused_and_nothing_of_it_is_kept(
    world: World, changed: dict[str, object]
) -> None:
    heard = attrs.evolve(world.heard(seq=1), **changed)  # type: ignore[arg-type]  # any field

    with pytest.raises(UnkeepableError):
        await world.record(world.heard(host="ws-2"), heard)

    assert rows_of("incidents", world) == rows_of("observations", world) == 0


async def test_with_a_full_disk_only_changes_of_state_are_taken(world: World) -> None:
    incident = await world.drift(state=State.ESCALATED)

    repeat, unknown, news = await world.record(
        world.heard(severity=Severity.CRITICAL),
        world.heard(Status.UNKNOWN, host="ws-3"),
        world.heard(host="ws-2"),
        full=True,
    )
    [end] = await world.record(world.heard(Status.PASS), full=True)

    assert (repeat.recorded, unknown.recorded) == (None, None)
    assert news.opened is not None
    assert end.recorded is not None
    assert (await world.get(incident.id)).state is State.CLOSED


async def test_a_pass_that_closed_an_incident_on_a_full_disk_closes_no_later_one(
    world: World,
) -> None:
    await world.drift(state=State.ESCALATED)
    passed = world.heard(Status.PASS, seq=5)
    await world.record(passed, full=True)
    later = await world.drift(state=State.ESCALATED)

    [again] = await world.record(attrs.evolve(passed, id="obs_again"), full=True)

    assert again.recorded is not None
    assert again.recorded.duplicate
    assert (await world.get(later.id)).state is State.ESCALATED


@pytest.mark.parametrize(("share", "rows"), [(0.65, 2), (0.75, 1)])
async def test_above_70_percent_of_the_budget_a_repeat_is_counted_only(
    world: World, share: float, rows: int
) -> None:
    incident = await world.drift()
    used = world.store.connection.execute("PRAGMA page_count").fetchone()[0]
    world.store.connection.execute(f"PRAGMA max_page_count = {int(used / share)}")

    await world.record(world.heard())

    assert rows_of("observations", world) == rows
    assert (await world.get(incident.id)).count == 2


async def test_incidents_are_listed_newest_first_and_page_by_page(world: World) -> None:
    closed = await world.drift("ws-1", state=State.CLOSED)
    others = [await world.drift(f"ws-{number}") for number in range(2, 6)]

    newest = await world.store.read(list_incidents(IncidentFilter(limit=2)))
    older = await world.store.read(list_incidents(IncidentFilter(before=newest[-1].id)))

    assert newest + older == others[::-1]
    assert await world.store.read(list_incidents(IncidentFilter("closed"))) == [closed]
    assert await world.store.read(list_incidents(IncidentFilter("all", "ws-1"))) == [closed]
    assert await world.store.read(list_incidents(IncidentFilter(check="other"))) == []


async def test_a_pass_that_was_put_off_does_not_end_a_newer_drift(world: World) -> None:
    await world.record(world.heard(Status.PASS, seq=1))
    put_off = world.heard(Status.PASS, seq=2)
    world.clock.wait(300)
    [drifted] = await world.record(world.heard(Status.FAIL, seq=3))
    assert drifted.opened is not None
    await world.take(drifted.opened, *PATHS[State.ESCALATED])

    [late] = await world.record(put_off)

    assert late.recorded is not None
    assert late.recorded.late
    assert (await world.get(drifted.opened.id)).state is State.ESCALATED
    assert await world.store.read(world.journal.last_status("site", "ws-1", "firewall_status")) is (
        Status.FAIL
    )


async def test_what_was_put_off_counts_where_nothing_was_heard_of_its_check_since(
    world: World,
) -> None:
    put_off = world.heard(Status.FAIL, seq=1)
    world.clock.wait(300)
    await world.record(world.heard(Status.PASS, check="another_check", seq=2))

    [late] = await world.record(put_off)

    assert late.opened is not None
    assert late.recorded is not None
    assert not late.recorded.late


@pytest.mark.parametrize("by_heart", [True, False])
async def test_a_repeat_that_has_no_row_changes_no_state(world: World, by_heart: bool) -> None:
    incident = await world.drift(state=State.ESCALATED)
    journal = world.journal

    async def hear(*said: Observation) -> list[Recording]:
        [recordings] = await world.store.commit(
            journal.record(said, lambda: world.ids.new("inc"), world.now)
        )
        if by_heart:
            journal.settled()
        return recordings

    pages = world.store.connection.execute("PRAGMA page_count").fetchone()[0]
    world.store.connection.execute(f"PRAGMA max_page_count = {int(pages / 0.75)}")
    said = [world.heard(Status.FAIL, seq=1), world.heard(Status.PASS, seq=2)]
    await hear(*said)
    assert (await world.get(incident.id)).state is State.CLOSED

    again = await hear(*(attrs.evolve(each, id=world.ids.new("obs")) for each in said))

    assert [each.opened for each in again] == [None, None]
