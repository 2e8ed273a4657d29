"""What other rooms owe beside incidents: suppressions, and breakers that a person reset."""

from pathlib import Path

import pytest

from actors.circuit_breaker import Breaker, Gate, GateSettings, SqliteGate
from actors.escalator import SqliteTickets
from actors.flap_suppressor import FlapSettings, FlapSuppressorActor, SqliteFlaps
from actors.requests import ExtendSuppression, LiftSuppression, ResetBreaker, Suppress
from tests.actors.evidence_log.world import ROOMS, World, predicate
from tests.actors.journal.world import World as JournalWorld
from tests.fakes.store import inline_store


@pytest.fixture
def world(tmp_path: Path) -> World:
    rooms = (*ROOMS, "escalator", "flap_suppressor", "circuit_breaker")
    store = inline_store(*(room for room in rooms if room != "evidence_log"), "evidence_log")
    return World(tmp_path, JournalWorld(store))


async def told(world: World) -> list[object]:
    await world.prove()
    return [predicate(each)["fact"] for each in (await world.logged())[1:]]


async def test_a_suppression_is_proved_when_it_is_opened_extended_and_lifted(world: World) -> None:
    journal = world.journal
    room = FlapSuppressorActor(
        world.store, SqliteFlaps(), journal.journal, journal.clock, journal.ids, FlapSettings(),
        proofs=world.memory,
    )  # fmt: skip
    hold = Suppress("site", "ws-1", "firewall_status", 60.0, "ada", "maintenance")
    await room.handle(hold)
    held = await hold.answer()
    for wish in (
        ExtendSuppression(held.id, 600.0, "ada", "it takes longer"),
        LiftSuppression(held.id, "bo", "done"),
    ):
        await room.handle(wish)
        await wish.answer()

    facts = await told(world)

    assert [(f["kind"], f["body"]["who"], f["body"]["reason"]) for f in facts] == [  # type: ignore[index]
        ("suppression_opened", "ada", "maintenance"),
        ("suppression_extended", "ada", "it takes longer"),
        ("suppression_lifted", "bo", "done"),
    ]
    assert {each.proves for each in (await world.logged())[1:]} == {"suppression"}


async def test_a_breaker_that_a_person_resets_is_proved(world: World) -> None:
    journal, memory = world.journal, SqliteGate()
    gate = Gate(
        memory, journal.journal, SqliteTickets(journal.ids, ()), SqliteFlaps(), lambda _: None,
        lambda _: 1, lambda _host, _runbook: lambda _: True, GateSettings(), world.memory,
    )  # fmt: skip
    breaker = Breaker("site", "ws-1", "RB-1", failures=3, opened_at=journal.now)
    await world.store.commit(memory.keep_breaker(breaker))
    await world.store.commit(gate.reset(ResetBreaker(breaker.key, "ada", "mended"), journal.now))

    [fact] = await told(world)

    assert fact == {
        "kind": "breaker_reset",
        "body": {"breaker": breaker.key, "who": "ada", "reason": "mended"},
    }
