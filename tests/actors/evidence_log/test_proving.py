"""Proving: which facts become statements, in which order, and what a statement says."""

import itertools
from pathlib import Path

import pytest

from actors.evidence_log.tlog.checking import verify_consistency, verify_inclusion
from actors.evidence_log.tlog.hashing import leaf_hash
from actors.messages import Fact, State, Status
from actors.messages.evidence import ProofKind
from tests.actors.evidence_log.world import World, predicate, statement


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_the_first_start_begins_a_log_that_says_so(world: World) -> None:
    await world.prove()

    [first] = await world.logged()
    assert (first.proves, first.kind, first.leaf) == ("log", "log_begun", 0)
    [head] = await world.heads()
    assert head.size == 1
    await world.check_heads()


async def test_each_line_of_a_trace_is_stated_once_in_its_order(world: World) -> None:
    incident = await world.drift()
    await world.move(incident, State.DECIDING, "rule_matched", rule_id="L1-1", mode="auto")
    await world.move(incident, State.REFUSED, "budget_refused", retry_at="2026")
    await world.prove()
    await world.passed()
    await world.prove()

    assert await world.kinds() == [
        ("log", "log_begun"),
        ("check", "drift_observed"),
        ("decision", "rule_matched"),
        ("refusal", "budget_refused"),
        ("check", "passed"),
        ("check", "answer_changed"),
    ]


async def test_a_repeat_owes_nothing(world: World) -> None:
    await world.drift()
    await world.passed(host="ws-2")
    await world.prove()
    before = await world.kinds()

    await world.journal.record(world.journal.heard(Status.FAIL))
    await world.passed(host="ws-2")
    await world.prove()

    assert await world.kinds() == before


async def test_an_answer_that_changes_without_an_incident_is_stated(world: World) -> None:
    for status in (Status.PASS, Status.UNKNOWN, Status.UNKNOWN, Status.PASS):
        await world.journal.record(world.journal.heard(status))
    await world.prove()

    told = [predicate(each)["fact"] for each in (await world.logged())[1:]]
    assert [(fact.get("was"), fact["now"]) for fact in told] == [  # type: ignore[union-attr, call-overload, index]
        (None, "pass"),
        ("pass", "unknown"),
        ("unknown", "pass"),
    ]


async def test_what_another_room_owes_stands_where_it_happened(world: World) -> None:
    await world.drift("ws-1")
    owe = world.memory.owe(
        ProofKind.PROMOTION, Fact("plan_promoted", {"rule": "L1-9"}), world.journal.now, site="site"
    )
    await world.store.commit(owe)
    await world.drift("ws-2")
    await world.prove()

    assert [kind for _, kind in await world.kinds()] == [
        "log_begun", "drift_observed", "plan_promoted", "drift_observed",
    ]  # fmt: skip


async def test_a_statement_names_incident_check_rule_and_runbook(world: World) -> None:
    incident = await world.drift()
    rule = {"rule_id": "L1-1", "rule_hash": "aa", "rule_version": "v1", "runbook_id": "RB-1"}
    await world.move(incident, State.DECIDING, "rule_matched", mode="auto", cooldown_s=0.0, **rule)
    await world.move(incident, State.ACTING, "fix_allowed", runbook_hash="bb")
    await world.move(incident, State.VERIFYING, "verifying")
    await world.move(incident, State.HEALED, "healed", attempt=1)
    await world.prove()

    healed = (await world.logged())[-1]
    said = statement(healed)
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == "urn:aright:evidence:verdict:v1"
    assert predicate(healed) == {
        "aright": "1.0",
        "at": incident.opened_at.isoformat(),
        "site": "site",
        "check": {"host": "ws-1", "id": "firewall_status"},
        "incident": {
            "id": incident.id,
            "severity": "high",
            "opened_at": incident.opened_at.isoformat(),
            "observation": incident.observation_id,
        },
        "decision": {**rule, "mode": "auto", "runbook_hash": "bb"},
        "fact": {"kind": "healed", "was": "verifying", "now": "healed", "body": {"attempt": 1}},
    }


async def test_a_leaf_is_proved_to_stand_in_every_head_over_it(world: World) -> None:
    for number in range(5):
        await world.drift(f"ws-{number}")
        await world.prove()
    heads = await world.heads()
    logged = await world.logged()

    for head in heads:
        for each in logged[: head.size]:
            path = await world.store.read(world.memory.inclusion(1, each.leaf, head.size))
            assert each.envelope is not None
            assert leaf_hash(each.envelope) == each.leaf_hash
            assert verify_inclusion(
                index=each.leaf, size=head.size, leaf=each.leaf_hash, path=path, root=head.root
            )
    for old, new in itertools.pairwise(heads):
        path = await world.store.read(world.memory.consistency(1, old.size, new.size))
        assert verify_consistency(
            old_size=old.size, new_size=new.size, old_root=old.root, new_root=new.root, path=path
        )
