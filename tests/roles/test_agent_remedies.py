"""What an endpoint agent heals when it is told to, and what it refuses."""

import math
from pathlib import Path

import attrs
import pytest
import trio

from actors.endpoint_agent import (
    SCHEMA,
    Given,
    Healer,
    News,
    Outcome,
    SqliteCommands,
    Standing,
    Tier,
)
from runtime.agent_settings import AgentSettings, Heal
from runtime.clock import SystemClock
from runtime.errors import NotFoundError
from runtime.hosts.local_target import LocalTarget
from runtime.hosts.sqlite import InlineStore
from runtime.roles.agent_remedies import CatalogueRemedies
from runtime.roles.catalogue import load_catalogue
from tests.system.appliance import tree

TABLE = [Heal(check_type="shadow", action="fix", runbook="LIN-PERM-001")]


def remedies(root: Path, heals: list[Heal] = TABLE) -> CatalogueRemedies:
    catalogue = load_catalogue(AgentSettings(host="ws-7", root=root).catalogue)
    return CatalogueRemedies.of(heals, catalogue, LocalTarget(root), SystemClock())


def told(action: str = "fix", *, until: float = math.inf, **params: str) -> Given:
    return Given("heal-1", "shadow", action, params, until)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tree(tmp_path, {"etc/shadow": ("root:*:1::::::\n", 0o644)})


def mode(root: Path) -> int:
    return (root / "etc/shadow").stat().st_mode & 0o777


async def test_what_the_table_names_is_done_and_verified(root: Path) -> None:
    assert await remedies(root).heal(told()) == Outcome(success=True)
    assert mode(root) == 0o640


async def test_where_no_drift_is_nothing_is_done(root: Path) -> None:
    (root / "etc/shadow").chmod(0o600)

    assert await remedies(root).heal(told()) == Outcome(success=True, reason="no_drift")
    assert mode(root) == 0o600


async def test_a_host_that_cannot_be_looked_at_is_left_as_it_is(root: Path) -> None:
    (root / "etc/shadow").unlink()
    (root / "etc/shadow").symlink_to("shadow")  # for ever round

    outcome = await remedies(root).heal(told())

    assert outcome == Outcome(success=False, reason="detect_unknown")


async def test_a_fix_that_nothing_could_verify_is_not_begun(root: Path) -> None:
    """A check that is set aside for a mistake in it leaves the runbook that it verifies."""
    known = remedies(root)
    others = {name: each for name, each in known.checks.items() if name != "shadow_permissions"}

    outcome = await attrs.evolve(known, checks=others).heal(told())

    assert outcome == Outcome(success=False, reason="check_missing")
    assert mode(root) == 0o644


async def test_what_is_begun_in_time_is_broken_off_when_its_time_is_over(root: Path) -> None:
    outcome = await remedies(root).heal(told(until=trio.current_time()))

    assert outcome == Outcome(success=False, reason="timeout")
    assert mode(root) == 0o644


async def test_a_command_whose_time_is_over_is_not_begun(root: Path) -> None:
    store, commands = InlineStore.with_schemas({"endpoint_agent": SCHEMA}), SqliteCommands()
    standing = Standing(tier=Tier.SELF_HEAL)
    healer = Healer(store, commands, remedies(root), standing, News())

    await healer.handle(told(until=trio.current_time()))

    [done] = await store.read(commands.untold())
    assert done.outcome == Outcome(success=False, reason="expired")
    assert mode(root) == 0o644


async def test_what_the_verify_does_not_confirm_is_taken_back(root: Path) -> None:
    outcome = await remedies(root).heal(told(mode="0666"))

    assert outcome == Outcome(success=False, reason="verify_failed")
    assert mode(root) == 0o644


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (told("remove"), "not_in_the_table"),
        (told(path="/etc/passwd"), "params_invalid"),
        (told(mode="rwx"), "params_invalid"),
    ],
)
async def test_what_the_table_does_not_name_is_refused(
    root: Path, command: Given, reason: str
) -> None:
    assert await remedies(root).heal(command) == Outcome(success=False, reason=reason)
    assert mode(root) == 0o644


@pytest.mark.parametrize("runbook", ["NOWHERE", "LIN-FW-002", "RB-WIN-SEC-001"])
def test_a_table_that_names_what_cannot_run_here_is_refused(root: Path, runbook: str) -> None:
    with pytest.raises(NotFoundError, match=runbook):
        remedies(root, [Heal(check_type="firewall", action="enable", runbook=runbook)])


@pytest.mark.parametrize(
    ("tier", "outcome"),
    [
        (Tier.MONITOR_ONLY, Outcome(success=False, reason="monitor_only")),
        (Tier.SELF_HEAL, Outcome(success=True)),
        (Tier.FULL_REMEDIATION, Outcome(success=True)),
    ],
)
async def test_an_agent_does_nothing_beyond_its_tier(
    root: Path, tier: Tier, outcome: Outcome
) -> None:
    store, commands = InlineStore.with_schemas({"endpoint_agent": SCHEMA}), SqliteCommands()
    standing = Standing(tier=tier)
    healer = Healer(store, commands, remedies(root), standing, News())

    await healer.handle(told())
    await healer.handle(told())

    [done] = await store.read(commands.untold())
    assert done.outcome == outcome
    assert mode(root) == (0o640 if outcome.success else 0o644)
