"""Whenever the power goes, the rule files and the rules in force are what was kept, afterwards."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest
import trio
import trio.testing

from actors.flywheel import (
    FlywheelActor,
    FlywheelSettings,
    News,
    Pattern,
    Promoter,
    Replay,
    SqliteFlywheel,
    Steps,
)
from actors.flywheel.steps import Hand, PromotionMovedError
from actors.messages import Mode, Moment, Verdict
from actors.messages.promotion import ReviewPromotions, Stage
from actors.requests import ApprovePromotion, DemoteRule
from runtime.hosts.sqlite import InlineStore
from runtime.roles.learned_rules import LearnedRules
from runtime.store import Query, Write
from tests.actors.runbook_runner.fakes import Cut, Power, T
from tests.roles.clinic import Clinic

SETTINGS = FlywheelSettings()
SIGNED = ("kim", "a person said so")
LATER = 60.0


@attrs.define
class PoweredStore:
    """A store that may go at any commit, before it is durable or after."""

    store: InlineStore
    power: Power

    async def commit(self, *writes: Write[T]) -> list[T]:
        self.power.before()
        results = await self.store.commit(*writes)
        self.power.done()
        return results

    async def read(self, query: Query[T]) -> T:
        return await self.store.read(query)


@attrs.define(slots=False)
class PoweredRulebook(LearnedRules):
    """A rulebook that may go before files are written, or after."""

    power: Power = attrs.field(factory=Power, kw_only=True)

    async def put_in_force(self, files: Mapping[str, str]) -> None:
        self.power.before()
        await super().put_in_force(files)
        self.power.done()

    async def replay(
        self, pattern: Pattern, rule_file: str, tried: Mapping[str, Verdict]
    ) -> Replay:
        return await super().replay(pattern, rule_file, tried)


def reopened(proven: sqlite3.Connection, folder: Path) -> Clinic:
    copy = sqlite3.connect(":memory:", isolation_level=None)
    proven.backup(copy)
    return Clinic(folder, SETTINGS, InlineStore(copy), LATER)


def powered(clinic: Clinic, power: Power) -> FlywheelActor:
    book = clinic.rulebook
    promoter = Promoter(
        PoweredStore(clinic.store, power),
        Steps(SqliteFlywheel(), clinic.line.tickets, SETTINGS),
        PoweredRulebook(book.folder, book.in_force, book.store, book.run, power=power),
        clinic.line.ports.clock,
        News(),
    )
    return FlywheelActor(promoter)


async def sign_and_demote(actor: FlywheelActor, pattern_id: str) -> None:
    await actor.handle(ReviewPromotions())
    await actor.handle(ApprovePromotion(pattern_id, Mode.AUTO, *SIGNED))
    await actor.handle(ReviewPromotions())
    await actor.handle(DemoteRule(pattern_id, *SIGNED))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("cut_at", range(1, 8))
async def test_a_cut_at_any_call_leaves_files_rules_and_ledger_of_one_mind(
    cut_at: int,
    after: bool,
    proven: sqlite3.Connection,
    tmp_path: Path,
    autojump_clock: trio.testing.MockClock,
) -> None:
    clinic = reopened(proven, tmp_path)
    with pytest.raises(Cut):
        await sign_and_demote(powered(clinic, Power(cut_at, after)), clinic.known().pattern.id)

    again = Clinic(tmp_path, SETTINGS, clinic.store, LATER + 1)
    async with again.open():
        await trio.sleep(301)
        promotion = again.known().promotion
        assert promotion is not None
        has_rule = promotion.stage is Stage.SHADOW
        assert bool(promotion.in_force) is has_rule
        assert again.decides() is has_rule
        assert list(again.files()) == [f"{again.known().pattern.rule_id}.yaml"][: int(has_rule)]
        told = [what for what, _ in again.ledger()]
        assert told == ["proposed", "approved", "in_force", "demoted"][: len(told)]
        assert (promotion.stage is Stage.RETIRED) is ("demoted" in told)


async def test_without_a_cut_it_takes_seven_calls(
    proven: sqlite3.Connection, tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    clinic, power = reopened(proven, tmp_path), Power()
    await sign_and_demote(powered(clinic, power), clinic.known().pattern.id)

    assert (power.calls, clinic.stage, clinic.files()) == (7, "retired demoted", {})


async def test_a_verdict_that_came_meanwhile_is_not_overruled(
    proven: sqlite3.Connection, tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    clinic = reopened(proven, tmp_path)
    steps = Steps(SqliteFlywheel(), clinic.line.tickets, SETTINGS)
    stale, now = clinic.known(), Moment.read(clinic.line.ports.clock)
    assert stale.promotion is not None
    reject = steps.retire(stale, stale.promotion, "rejected", "rejected", Hand(*SIGNED), now)
    await clinic.store.commit(reject)

    with pytest.raises(PromotionMovedError):
        await clinic.store.commit(reject)
    assert [what for what, _ in clinic.ledger()] == ["proposed", "rejected"]
