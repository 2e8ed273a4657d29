"""An agent heals its own host: told by a person's yes, believed only when its check passes."""

import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml

from protos.compliance_pb2 import (
    DriftAck,
    DriftEvent,
    HealCommand,
    HealingAck,
    HealingResult,
    HeartbeatRequest,
    HeartbeatResponse,
    RegisterRequest,
    RegisterResponse,
)
from tests.system.agents import drift
from tests.system.appliance import Appliance, until

RUNBOOK = """
runbooks:
  - id: SITE-FIREWALL
    title: Turn the firewall on
    platform: windows
    checks: [firewall_status]
    act: {agent: {check_type: firewall, action: enable}}
    irreversible: true
    changes: [net]
    timeout_s: 60
    idempotent: true
    text: The agent turns the firewall on.
"""

RULE = {
    "id": "SITE-FIREWALL",
    "priority": 1,
    "conditions": [{"field": "check_type", "operator": "eq", "value": "firewall_status"}],
    "action": "execute_runbook",
    "runbook_id": "SITE-FIREWALL",
}

SECRET = "recovery key 123456-234567"


class Agent:
    """Google's client, from which the agents in the field are made."""

    def __init__(self, port: int) -> None:
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        told = RegisterRequest(hostname="ws-7", os_version="Windows 11")
        self.id = self.call("Register", told, RegisterResponse).agent_id
        self.said = 0

    def call(self, name: str, told: Any, answer: Any) -> Any:
        path = f"/compliance.ComplianceAgent/{name}"
        method = self.channel.unary_unary(path, type(told).SerializeToString, answer.FromString)
        return method(told, timeout=60)

    def report(self, *, passed: bool) -> DriftAck:
        self.said += 1
        event = drift(agent_id=self.id, passed=passed, boot_id="b", seq=self.said)
        method = self.channel.stream_stream(
            "/compliance.ComplianceAgent/ReportDrift",
            DriftEvent.SerializeToString,
            DriftAck.FromString,
        )
        [ack] = method(iter([event]), timeout=60)
        assert isinstance(ack, DriftAck)
        return ack

    def commands(self) -> list[HealCommand]:
        told = HeartbeatRequest(agent_id=self.id)
        return list(self.call("Heartbeat", told, HeartbeatResponse).pending_commands)

    def confirm(self, command: HealCommand, *, success: bool = True) -> HealingAck:
        told = HealingResult(
            agent_id=self.id,
            command_id=command.command_id,
            success=success,
            artifacts={"key": SECRET},
            error_message=SECRET,
        )
        ack = self.call("ReportHealing", told, HealingAck)
        assert isinstance(ack, HealingAck)
        return ack


@pytest.fixture
def appliance(tmp_path: Path) -> Iterator[Appliance]:
    yield from started(tmp_path, agents_heal=True)


def started(folder: Path, *, agents_heal: bool) -> Iterator[Appliance]:
    rules = folder / "rules"
    for name in ("l1", "runbooks"):
        (rules / name).mkdir(parents=True)
    (rules / "l1/own.yaml").write_text(yaml.safe_dump({"rules": [RULE]}), encoding="utf-8")
    (rules / "runbooks/own.yaml").write_text(RUNBOOK, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    listen = {
        "enabled": True, "insecure_loopback": True, "port": port, "agents_heal": agents_heal,
    }  # fmt: skip
    appliance = Appliance(folder, {"mode": "auto", "rules": str(rules), "listen": listen})
    appliance.start()
    try:
        yield appliance
    finally:
        appliance.kill()


def agent_of(appliance: Appliance) -> Agent:
    listen = appliance.settings["listen"]
    assert isinstance(listen, dict)
    return Agent(listen["port"])


def approved(appliance: Appliance) -> str:
    """Say yes: what nothing takes back is never done without."""
    incident: str = appliance.incident("ws-7", "awaiting_approval")["id"]
    said = appliance.aright("incident", "approve", incident, "--reason", "owner agrees")
    assert said.exit_code == 0, said.stderr
    return incident


def test_a_fix_by_an_agent_counts_when_its_check_passes_later(appliance: Appliance) -> None:
    agent = agent_of(appliance)
    agent.report(passed=False)
    incident = approved(appliance)

    [command] = until(lambda: agent.commands() or None, "an order")
    assert (command.check_type, command.action) == ("firewall", "enable")
    [again] = agent.commands()
    assert again.command_id == command.command_id, "it is given until it is confirmed"
    assert 0 < again.timeout_seconds <= command.timeout_seconds, "for the time that is left"
    assert agent.confirm(command).received
    until(lambda: not agent.commands(), "no order left")
    assert appliance.incident("ws-7", "verifying")["id"] == incident

    agent.report(passed=True)

    assert appliance.incident("ws-7", "healed")["id"] == incident
    kinds = {line["kind"] for line in appliance.data("incident", "show", incident)["trace"]}
    assert {"fix_started", "act_finished", "verify_passed", "healed"} <= kinds


def test_an_order_outlives_a_kill_and_nothing_of_what_the_agent_says_is_kept(
    appliance: Appliance,
) -> None:
    agent = agent_of(appliance)
    agent.report(passed=False)
    incident = approved(appliance)
    [command] = until(lambda: agent.commands() or None, "an order")

    appliance.kill()
    appliance.start()
    agent = agent_of(appliance)
    agent.confirm(command)
    agent.said = 10

    def looked_again() -> bool:
        agent.report(passed=True)  # as agents do, at each look
        return bool(appliance.data("incident", "list", "--state", "healed"))

    until(looked_again, "healed")
    assert appliance.incident("ws-7", "healed")["id"] == incident
    with sqlite3.connect(appliance.state_dir / "journal.db") as journal:
        dump = "\n".join(journal.iterdump())
    assert SECRET not in dump + appliance.said()


def test_where_agents_may_not_heal_a_person_gets_it(tmp_path: Path) -> None:
    for appliance in started(tmp_path, agents_heal=False):
        agent = agent_of(appliance)
        agent.report(passed=False)

        incident = appliance.incident("ws-7", "escalated")
        assert incident["reason"] == "host_unreachable"
        assert agent.commands() == []


def test_a_person_takes_from_an_agent_that_is_there_that_it_may_heal(appliance: Appliance) -> None:
    agent = agent_of(appliance)
    agent.report(passed=False)
    approved(appliance)
    until(lambda: agent.commands() or None, "an order")
    wish = ("agent", "tier", "WS-7", "monitor_only", "--reason", "till payment")

    tried = appliance.aright(*wish, "--dry-run")
    assert (tried.exit_code, tried.stdout) == (
        10, "would let ws-7 monitor_only; a person lets it self_heal\n",
    )  # fmt: skip
    assert agent.commands()

    assert appliance.aright(*wish).stdout == "ws-7 may monitor_only\n"
    assert agent.commands() == []

    [change] = appliance.data("agent", "show", "ws-7")["changes"]
    assert (change["most"], change["reason"]) == ("monitor_only", "till payment")
    assert change["who"]
    page = appliance.aright("agent", "show", "ws-7").stdout
    assert f"ws-7   {agent.id}   windows" in page
    assert "monitor_only by" in page
    assert "certificate none" in page

    shown = appliance.aright("agent", "show", "ws-9")
    changed = appliance.aright("agent", "tier", "ws-9", "self_heal", "--reason", "why not")

    assert (shown.exit_code, changed.exit_code) == (3, 3)
    assert "no agent ws-9" in shown.stderr
