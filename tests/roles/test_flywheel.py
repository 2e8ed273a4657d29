"""A plan becomes a rule on the real line: signed, tried in shadow and canary, and taken back."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
import trio
import trio.testing
import yaml

from actors.flywheel import FlywheelSettings
from actors.messages import Mode, State
from actors.requests import ApprovePromotion, DemoteRule, RejectPromotion
from runtime.errors import ConflictError, NotFoundError
from runtime.hosts.sqlite import InlineStore
from tests.roles.clinic import CHECK, HOSTS, HOUR_S, Clinic

QUICK = FlywheelSettings(shadow_decisions=5, canary_attempts=10)
SIGNED = ("kim", "a person said so")
LATER = 60.0
"""Days after the first attempt, when 127 have been made."""

Reopen = Callable[..., Clinic]


@pytest.fixture
def reopened(proven: sqlite3.Connection, tmp_path: Path) -> Reopen:
    """Give what opens a clinic with a copy of that journal."""

    def reopen(settings: FlywheelSettings = QUICK) -> Clinic:
        copy = sqlite3.connect(":memory:", isolation_level=None)
        proven.backup(copy)
        copy.execute("PRAGMA foreign_keys = ON")
        return Clinic(tmp_path, settings, InlineStore(copy), LATER)

    return reopen


async def test_a_plan_becomes_a_rule_that_heals_alone_and_is_taken_back_at_a_rollback(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    clinic = Clinic(tmp_path, QUICK)
    async with clinic.open():
        await clinic.prove(59)
        assert clinic.stage == "none"
        await clinic.planned(HOSTS[0])
        assert clinic.stage == "proposed"
        [ticket] = clinic.tickets("promotion")
        assert (ticket.state, clinic.files()) == ("open", {})

        # Signed: the rule is in force and says what it would do.
        await clinic.prove(67)
        await clinic.sign(Mode.AUTO)
        assert clinic.tickets("promotion")[0].state == "resolved"
        rule_id = clinic.known().pattern.rule_id
        assert list(clinic.files()) == [f"{rule_id}.yaml"]
        for host in HOSTS[:5]:
            shadowed = await clinic.drift(host)
            assert (shadowed.state, shadowed.reason) == (State.REFUSED, "audit")
            assert shadowed.decision is not None
            assert shadowed.decision.rule_id == rule_id
            assert shadowed.decision.plan is None
        assert clinic.stage == "shadow"

        # What the shadow held back is healed by the canary, one host an hour.
        await trio.sleep(301)
        assert clinic.stage == "canary"
        healed = [(await clinic.last(host)).state for host in HOSTS[:5]]
        assert healed.count(State.HEALED) == 1
        await trio.sleep(7 * 3600)
        assert {(await clinic.last(host)).state for host in HOSTS[:5]} <= {
            State.HEALED,
            State.CLOSED,
        }
        for host in HOSTS[:5]:
            await clinic.settle(host)
        for host in HOSTS[:5]:
            await trio.sleep(HOUR_S)
            assert (await clinic.drift(host)).state is State.HEALED
            await clinic.settle(host)
        assert clinic.ledger() == [
            ("proposed", "proposed"),
            ("approved", "shadow"),
            ("in_force", "shadow"),
            ("advanced", "canary"),
            ("in_force", "canary"),
            ("advanced", "active"),
            ("in_force", "active"),
        ]

        # A rule like any other: L1 alone decides, and all its attempts are counted on.
        before = clinic.known().record.tally.attempts
        alone = await clinic.drift(HOSTS[5])
        assert (alone.state, alone.decision and alone.decision.rule_id) == (State.HEALED, rule_id)
        assert clinic.known().record.tally.attempts == before + 1
        await clinic.settle(HOSTS[5])

        bad = await clinic.drift(HOSTS[0], "nothing")
        assert bad.reason == "verify_failed"
        assert clinic.stage == "retired rolled_back"
        assert clinic.files() == {}
        assert clinic.ledger()[-1] == ("demoted", "retired")
        [demotion] = clinic.tickets("demotion")
        assert (demotion.state, demotion.key, demotion.reason) == ("open", rule_id, "rolled_back")
        await clinic.settle(HOSTS[0])
        assert (await clinic.drift(HOSTS[1])).reason == "no_rule"


async def test_an_unproven_plan_is_not_signed(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    clinic = Clinic(tmp_path, QUICK)
    async with clinic.open():
        await clinic.prove(3)
        with pytest.raises(ConflictError, match="lower bound over all 3 attempts"):
            await clinic.sign()
        with pytest.raises(NotFoundError):
            await ApprovePromotion("nothing", Mode.APPROVE, *SIGNED).ask(clinic.line.learning.post)
    assert clinic.files() == {}


async def test_a_plan_that_someone_would_have_done_otherwise_is_not_signed(
    reopened: Reopen, autojump_clock: trio.testing.MockClock
) -> None:
    clinic = reopened()
    async with clinic.open():
        await clinic.planned(HOSTS[0], mode="0600")
        with pytest.raises(ConflictError, match=r"replay does not agree.*or other params"):
            await clinic.sign()
        assert clinic.stage == "proposed"
    assert clinic.files() == {}


async def test_a_plan_that_was_turned_down_comes_again_after_thirty_clean_attempts(
    reopened: Reopen, autojump_clock: trio.testing.MockClock
) -> None:
    clinic = reopened()
    async with clinic.open():
        post, pattern_id = clinic.line.learning.post, clinic.known().pattern.id
        await RejectPromotion(pattern_id, *SIGNED).ask(post)
        assert clinic.stage == "retired rejected"
        assert clinic.tickets("promotion")[0].state == "resolved"
        assert clinic.tickets("demotion") == []
        with pytest.raises(ConflictError, match="needs 30 clean attempts made since"):
            await clinic.sign()
        with pytest.raises(ConflictError, match="nothing to turn down"):
            await RejectPromotion(pattern_id, *SIGNED).ask(post)

        await clinic.prove(29)
        assert clinic.stage == "retired rejected"
        await clinic.prove(1)
        assert clinic.stage == "proposed"


async def test_a_person_takes_a_rule_back_and_is_not_told_what_they_know(
    reopened: Reopen, autojump_clock: trio.testing.MockClock
) -> None:
    clinic = reopened()
    async with clinic.open():
        rule_id = clinic.known().pattern.id
        with pytest.raises(ConflictError, match="has no rule in force"):
            await DemoteRule(rule_id, *SIGNED).ask(clinic.line.learning.post)
        standing = await clinic.sign()
        assert (standing.stage, standing.in_force, clinic.decides()) == ("shadow", True, True)
        with pytest.raises(ConflictError, match="is signed, and in shadow now"):
            await clinic.sign()

        await DemoteRule(rule_id, *SIGNED).ask(clinic.line.learning.post)
        assert (clinic.stage, clinic.files(), clinic.decides()) == ("retired demoted", {}, False)
    assert clinic.tickets("demotion") == []


async def test_a_demoted_rule_decides_no_more_though_another_file_hinders_the_reload(
    reopened: Reopen, autojump_clock: trio.testing.MockClock
) -> None:
    clinic = reopened()
    async with clinic.open():
        await clinic.sign(Mode.AUTO)
        await clinic.shadowed()
        assert clinic.stage == "canary"

        clinic.in_force.refused = True
        await clinic.drift(HOSTS[5], "nothing")
        assert (clinic.stage, clinic.decides()) == ("retired rolled_back", False)
        assert clinic.files() == {}
        assert (await clinic.drift(HOSTS[0])).reason == "no_rule"


async def test_a_rule_that_is_not_loaded_does_not_count(
    reopened: Reopen, autojump_clock: trio.testing.MockClock
) -> None:
    clinic = reopened()
    async with clinic.open():
        clinic.in_force.loses = True
        await clinic.sign()
        assert clinic.stage == "retired not_loaded"
        assert [each.reason for each in clinic.tickets("demotion")] == ["not_loaded"]
    assert clinic.files() == {}


async def test_while_a_reload_is_hindered_a_signed_rule_waits_and_is_then_in_force(
    reopened: Reopen, autojump_clock: trio.testing.MockClock
) -> None:
    clinic = reopened()
    async with clinic.open():
        clinic.in_force.refused = True
        standing = await clinic.sign()
        assert (standing.stage, standing.in_force) == ("shadow", False)

        clinic.in_force.refused = False
        await trio.sleep(301)
        assert clinic.ledger()[-2:] == [("approved", "shadow"), ("in_force", "shadow")]


async def test_a_rule_gives_way_to_one_that_a_person_writes(
    reopened: Reopen, autojump_clock: trio.testing.MockClock
) -> None:
    clinic = reopened()
    async with clinic.open():
        await clinic.sign()
        own = {
            "id": "OWN-1",
            "conditions": [{"field": "check_type", "operator": "eq", "value": CHECK}],
            "action": "escalate",
        }
        path = clinic.folder / "own" / "l1" / "own.yaml"
        path.write_text(yaml.safe_dump({"rules": [own]}), encoding="utf-8")
        await clinic.in_force.load()
        await trio.sleep(1)

        assert clinic.stage == "retired replay_disagrees"
        assert (await clinic.drift(HOSTS[0])).reason == "rule_escalates"


async def test_a_rule_stands_when_the_incidents_that_proved_it_are_forgotten(
    reopened: Reopen, autojump_clock: trio.testing.MockClock
) -> None:
    clinic = reopened()
    async with clinic.open():
        await clinic.sign()
        clinic.store.connection.execute("DELETE FROM incidents")
        own = {"id": "OWN-2", "conditions": [], "match_all": True, "action": "escalate"}
        path = clinic.folder / "own" / "l1" / "own.yaml"
        path.write_text(yaml.safe_dump({"rules": [own | {"priority": 900}]}), encoding="utf-8")
        await clinic.in_force.load()
        await trio.sleep(1)

        assert (clinic.stage, clinic.decides()) == ("shadow", True)
        assert clinic.ledger()[-2:] == [("in_force", "shadow"), ("in_force", "shadow")]


async def test_what_is_of_low_risk_is_signed_by_policy_at_the_higher_bound(
    tmp_path: Path, reopened: Reopen, autojump_clock: trio.testing.MockClock
) -> None:
    policy = FlywheelSettings(auto_promote=True)
    clinic = reopened(policy)
    async with clinic.open():
        promotion = clinic.known().promotion
        assert promotion is not None
        assert (promotion.stage, promotion.mode) == ("shadow", Mode.AUTO)
        assert clinic.tickets("promotion")[0].state == "resolved"

    young = Clinic(tmp_path / "young", policy)
    async with young.open():
        await young.prove(60)
        assert young.stage == "proposed"


async def test_an_active_rule_expires_unless_it_is_signed_again(
    reopened: Reopen, autojump_clock: trio.testing.MockClock
) -> None:
    clinic = reopened(attrs.evolve(QUICK, expires_s=60 * HOUR_S))
    async with clinic.open():
        await clinic.sign(Mode.AUTO)
        await clinic.shadowed()
        for host in HOSTS[:5]:
            await trio.sleep(HOUR_S)
            await clinic.drift(host)
            await clinic.settle(host)
        assert clinic.stage == "active"

        await trio.sleep(20 * HOUR_S)
        await clinic.sign(Mode.AUTO)
        await trio.sleep(20 * HOUR_S)
        assert (clinic.stage, clinic.decides()) == ("active", True)
        await trio.sleep(41 * HOUR_S)
        assert clinic.stage == "retired signature_expired"
        assert clinic.decides() is False
        assert [each.severity for each in clinic.tickets("demotion")] == ["low"]


async def test_a_shadow_that_never_decides_is_taken_back_after_its_time(
    reopened: Reopen, autojump_clock: trio.testing.MockClock
) -> None:
    clinic = reopened(attrs.evolve(QUICK, stage_s=7200))
    async with clinic.open():
        await clinic.sign()
        await trio.sleep(2 * HOUR_S - 60)
        assert clinic.stage == "shadow"
        await trio.sleep(301)
        assert clinic.stage == "retired stage_unfinished"


async def test_at_a_start_the_files_are_made_to_be_what_was_kept(
    reopened: Reopen, autojump_clock: trio.testing.MockClock
) -> None:
    clinic = reopened()
    async with clinic.open():
        await clinic.sign()
    [(name, text)] = clinic.files().items()
    folder = clinic.folder / "rules" / "l1"

    (folder / name).unlink()  # as if it had crashed between commit and file
    (folder / "FLY-0123456789abcdef.yaml").write_text(text)  # and before that, at a demotion
    (folder / "mine.yaml").write_text("rules: []")
    again = Clinic(clinic.folder, QUICK, clinic.store, LATER + 1)
    assert again.files() == {name: text, "mine.yaml.aside": "rules: []"}
    assert again.decides()
    async with again.open():
        assert again.stage == "shadow"
        assert again.ledger() == clinic.ledger()
        assert (await again.drift(HOSTS[0])).reason == "audit"
