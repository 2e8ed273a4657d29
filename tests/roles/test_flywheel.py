"""A plan becomes a rule on the real line: signed, tried in shadow and canary, and taken back."""

from pathlib import Path

import trio
import trio.testing

from actors.flywheel import FlywheelSettings
from actors.messages import Mode, State
from actors.messages.promotion import Stage
from actors.requests import ApprovePromotion
from tests.roles.clinic import HOSTS, Clinic

QUICK = FlywheelSettings(shadow_decisions=5, canary_attempts=10)


async def sign(clinic: Clinic, mode: Mode = Mode.APPROVE) -> None:
    wish = ApprovePromotion(clinic.known().pattern.id, mode, "kim", "it always holds")
    await wish.ask(clinic.line.learning.post)


def stage(clinic: Clinic) -> Stage | None:
    promotion = clinic.known().promotion
    return None if promotion is None else promotion.stage


async def test_a_plan_becomes_a_rule_that_heals_alone_and_is_taken_back_at_a_rollback(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    clinic = Clinic(tmp_path, QUICK)
    async with clinic.open():
        await clinic.prove(59)
        assert stage(clinic) is None
        await clinic.planned(HOSTS[0])
        assert stage(clinic) is Stage.PROPOSED
        [ticket] = clinic.tickets("promotion")
        assert (ticket.state, clinic.files()) == ("open", {})

        # Signed: the rule is in force and says what it would do.
        await clinic.prove(67)
        await sign(clinic, Mode.AUTO)
        assert clinic.tickets("promotion")[0].state == "resolved"
        rule_id = clinic.known().pattern.rule_id
        assert list(clinic.files()) == [f"{rule_id}.yaml"]
        for host in HOSTS[:5]:
            shadowed = await clinic.drift(host)
            assert (shadowed.state, shadowed.reason) == (State.REFUSED, "audit")
            assert shadowed.decision is not None
            assert shadowed.decision.rule_id == rule_id
            assert shadowed.decision.plan is None
        assert stage(clinic) is Stage.SHADOW

        # What the shadow held back is healed by the canary, one host an hour.
        await trio.sleep(120)
        assert stage(clinic) is Stage.CANARY
        healed = [(await clinic.last(host)).state for host in HOSTS[:5]]
        assert healed.count(State.HEALED) == 1
        await trio.sleep(7 * 3600)
        assert {(await clinic.last(host)).state for host in HOSTS[:5]} <= {
            State.HEALED,
            State.CLOSED,
        }
        for host in HOSTS[:5]:
            await clinic.settle(host)
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
        assert stage(clinic) is Stage.RETIRED
        assert clinic.files() == {}
        assert clinic.ledger()[-1] == ("demoted", "retired")
        [demotion] = clinic.tickets("demotion")
        assert (demotion.state, demotion.key, demotion.reason) == ("open", rule_id, "rolled_back")
        await clinic.settle(HOSTS[0])
        assert (await clinic.drift(HOSTS[1])).reason == "no_rule"
