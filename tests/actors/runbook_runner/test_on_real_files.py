"""The runner with the real journal, tickets and accounts, on the real files of a tree."""

import os
import sys
from pathlib import Path

import attrs
import pytest

from actors.catalogue.check_files import load_checks
from actors.catalogue.runbook_files import load_runbooks
from actors.circuit_breaker import GateAccounts, GateSettings, SqliteGate
from actors.escalator import SqliteTickets
from actors.journal import SqliteJournal
from actors.messages import (
    Decision,
    ExecuteRunbook,
    Fact,
    Incident,
    Mode,
    Moment,
    Move,
    Observation,
    Platform,
    Severity,
    State,
    Status,
)
from actors.runbook_runner import Ledgers, Repertoire, RunbookRunnerActor
from runtime.clock import Clock, SystemClock
from runtime.hosts.local_target import LocalTarget, ServiceCommand
from runtime.hosts.sqlite import InlineStore
from runtime.ids import TimeOrderedIds
from tests.fakes.store import inline_store

RULES = Path(__file__).parents[3] / "rules"
RUNBOOKS = {
    name: attrs.evolve(runbook, soak_s=0.0)  # nothing here waits for a soak
    for name, runbook in load_runbooks(RULES / "runbooks").items()
}
CHECKS = load_checks(RULES / "checks").by_id


@attrs.define
class Line:
    """The rooms that stand in the runner's commits, and the runner."""

    target: LocalTarget
    clock: Clock = attrs.field(factory=SystemClock)
    store: InlineStore = attrs.field(
        factory=lambda: inline_store("journal", "escalator", "circuit_breaker", "flap_suppressor")
    )

    @property
    def ids(self) -> TimeOrderedIds:
        return TimeOrderedIds(self.clock)

    @property
    def tickets(self) -> SqliteTickets:
        return SqliteTickets(self.ids, ())

    @property
    def journal(self) -> SqliteJournal:
        return SqliteJournal(self.tickets)

    async def heal(self, check: str, runbook: str) -> Incident:
        """Open an incident, take it to `acting`, and let the runner work it."""
        incident = await self._acting(check, runbook)
        accounts = GateAccounts(SqliteGate(), self.journal, GateSettings())
        ledgers = Ledgers(
            self.store, self.journal, self.journal, self.tickets, (accounts,), self.journal
        )
        can = Repertoire(RUNBOOKS, CHECKS, {"host-1": self.target})
        await RunbookRunnerActor(ledgers, lambda: can, self.clock, self.ids).handle(
            ExecuteRunbook(incident)
        )
        assert await self.store.read(self.journal.unfinished()) == []
        after = await self.store.read(self.journal.get(incident.id))
        assert after is not None
        return after

    async def _acting(self, check: str, runbook: str) -> Incident:
        now = Moment.read(self.clock)
        heard = Observation(
            self.ids.new("obs"), "site", "host-1", check, Status.FAIL, Severity.HIGH, now.wall,
            "scanner", Platform.LINUX,
        )  # fmt: skip
        write = self.journal.record([heard], lambda: self.ids.new("inc"), now)
        [[recording]] = await self.store.commit(write)
        assert recording.opened is not None
        decision = Decision("R-1", "v1", "execute_runbook", runbook, mode=Mode.AUTO)
        incident = recording.opened
        for move in (
            Move(State.DECIDING, (State.OBSERVED,), Fact("rule_matched"), decision=decision),
            Move(State.ACTING, (State.DECIDING,), Fact("fix_allowed"), begins_attempt=True),
        ):
            [incident] = await self.store.commit(self.journal.move(incident.id, move, now))
        return incident


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc/ssh").mkdir(parents=True)
    (tmp_path / "var/run").mkdir(parents=True)
    return tmp_path


async def test_a_weak_mode_is_healed_on_the_disk(root: Path) -> None:
    shadow = root / "etc/shadow"
    shadow.write_text("root:*:\n")
    shadow.chmod(0o666)

    incident = await Line(LocalTarget(root)).heal("shadow_permissions", "LIN-PERM-001")

    assert incident.state is State.HEALED
    assert shadow.stat().st_mode & 0o7777 == 0o640


async def test_a_fix_that_a_section_defeats_is_taken_back_byte_for_byte(root: Path) -> None:
    config = root / "etc/ssh/sshd_config"
    config.write_bytes(b"PermitRootLogin yes\nMatch User x\n  PermitRootLogin yes\n")
    config.chmod(0o604)
    before = (config.read_bytes(), config.stat().st_mode)

    incident = await Line(LocalTarget(root)).heal("ssh_root_login", "LIN-SSH-001")

    assert (incident.state, incident.reason) == (State.ESCALATED, "verify_failed")
    assert (config.read_bytes(), config.stat().st_mode) == before


async def test_a_dead_service_is_started_and_runs(root: Path) -> None:
    daemon = (sys.executable, "-c", "import time; time.sleep(60)")
    services = {"rsyslog": ServiceCommand(daemon, "/var/run/rsyslog.pid")}
    target = LocalTarget(root, services)
    try:
        incident = await Line(target).heal("rsyslog_service", "LIN-SVC-003")
        assert incident.state is State.HEALED
        assert await target.service("rsyslog") is True
    finally:
        await target.stop_service("rsyslog")


async def test_drift_that_a_person_repaired_meanwhile_is_left_alone(root: Path) -> None:
    shadow = root / "etc/shadow"
    shadow.write_text("root:*:\n")
    shadow.chmod(0o600)

    incident = await Line(LocalTarget(root)).heal("shadow_permissions", "LIN-PERM-001")

    assert (incident.state, incident.reason) == (State.CLOSED, "no_drift")


@pytest.mark.skipif(os.geteuid() != 0, reason="root may read what others may not")
async def test_a_link_planted_by_an_attacker_leads_no_fix_out_of_the_root(root: Path) -> None:
    outside = root / "outside"
    outside.write_text("root:*:\n")
    outside.chmod(0o666)
    (root / "host/etc").mkdir(parents=True)
    (root / "host/etc/shadow").symlink_to("../../../../../../" + str(outside))

    incident = await Line(LocalTarget(root / "host")).heal("shadow_permissions", "LIN-PERM-001")

    assert incident.state is State.ESCALATED
    assert outside.stat().st_mode & 0o7777 == 0o666
