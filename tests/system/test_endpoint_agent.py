"""The endpoint agent as a process, against an appliance as a process."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
import yaml

from tests.system.agents import free_port
from tests.system.appliance import Appliance, tree, until
from tests.system.endpoint import Agent, observed, simulate

ORDERED = """
runbooks:
  - id: SITE-SHADOW
    title: Let the agent take care of it
    platform: linux
    checks: [shadow_permissions]
    act: {agent: {check_type: firewall, action: enable}}
    irreversible: true
    changes: [file]
    timeout_s: 60
    idempotent: true
    text: The agent does it.
"""

RULE = {
    "id": "SITE-SHADOW",
    "priority": 1,
    "conditions": [{"field": "check_type", "operator": "eq", "value": "shadow_permissions"}],
    "action": "execute_runbook",
    "runbook_id": "SITE-SHADOW",
}

SLOW = """
runbooks:
  - id: SLOW
    title: Say that it ran, and sleep
    platform: linux
    checks: [shadow_permissions]
    act: {script: slow}
    undo: slow
    changes: [file]
    timeout_s: 10
    idempotent: true
    text: Says that it ran.
"""

SLOW_SCRIPT = """
import json, pathlib, sys, time
asked = json.load(sys.stdin)
if asked["phase"] == "act":
    with pathlib.Path(asked["root"], "ran").open("a") as ran:
        ran.write("once\\n")
    time.sleep(2)
print("{}")
"""


@attrs.define
class Scene:
    """A site with one agent."""

    appliance: Appliance
    agent: Agent
    root: Path

    @property
    def mode(self) -> int:
        return (self.root / "etc/shadow").stat().st_mode & 0o777

    def approve(self) -> str:
        incident: str = self.appliance.incident("ws-7", "awaiting_approval")["id"]
        said = self.appliance.aright("incident", "approve", incident, "--reason", "owner agrees")
        assert said.exit_code == 0, said.stderr
        return incident


def site(folder: Path) -> Scene:
    """Lay out an appliance whose rule orders its agents, and an agent on a tree that drifts."""
    port, rules = free_port(), folder / "rules"
    for name in ("l1", "runbooks"):
        (rules / name).mkdir(parents=True)
    (rules / "l1/own.yaml").write_text(yaml.safe_dump({"rules": [RULE]}), encoding="utf-8")
    (rules / "runbooks/own.yaml").write_text(ORDERED, encoding="utf-8")
    own = folder / "agent-rules/runbooks"
    (own / "scripts").mkdir(parents=True)
    (own / "slow.yaml").write_text(SLOW, encoding="utf-8")
    (own / "scripts/slow.py").write_text(SLOW_SCRIPT, encoding="utf-8")
    root = tree(folder / "root", {"etc/shadow": ("root:*:1::::::\n", 0o644)})
    listen = {"enabled": True, "insecure_loopback": True, "port": port, "agents_heal": True}
    appliance = Appliance(
        folder / "appliance", {"mode": "auto", "rules": str(rules), "listen": listen}
    )
    settings = {
        "appliance": f"127.0.0.1:{port}",
        "insecure_loopback": True,
        "host": "ws-7",
        "root": str(root),
        "rules": str(folder / "agent-rules"),
        "checks": ["shadow_permissions"],
        "interval": 0.2,
        "heartbeat": 0.3,
        "heals": [{"check_type": "firewall", "action": "enable", "runbook": "LIN-PERM-001"}],
    }
    return Scene(appliance, Agent(folder / "agent", settings), root)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = site(tmp_path)
    yield made
    made.agent.end()
    made.appliance.kill()


def test_an_agent_tells_of_drift_and_heals_it_once_when_it_is_told_to(scene: Scene) -> None:
    scene.appliance.start()
    scene.agent.start()
    incident = scene.approve()

    assert scene.appliance.incident("ws-7", "healed")["id"] == incident
    assert scene.mode == 0o640
    assert scene.agent.rows("select success, told from commands") == [(1, 1)]
    assert len(scene.agent.logged("command_done")) == 1
    assert scene.agent.end(signal.SIGTERM) == 0


def test_an_agent_asks_what_the_appliance_wishes_also_when_that_changes(scene: Scene) -> None:
    own = {name: said for name, said in scene.agent.settings.items()
           if name not in {"checks", "interval"}}  # fmt: skip
    scene.agent.settings = own
    tree(scene.root, {"etc/gshadow": ("root:*::\n", 0o640)})
    listen = scene.appliance.settings["listen"]
    assert isinstance(listen, dict)
    listen |= {"interval": 1, "checks": ["shadow_permissions"]}
    scene.appliance.start()
    scene.agent.start()
    until(lambda: observed(scene.appliance, "check_id") or None, "an event")
    scene.appliance.kill()
    listen["checks"] = ["gshadow_permissions", "bitlocker"]
    begun = len(observed(scene.appliance, "id"))
    scene.appliance.start()

    until(
        lambda: ("gshadow_permissions",) in observed(scene.appliance, "check_id")[begun:],
        "the other check",
    )
    assert [line["names"] for line in scene.agent.logged("asks_otherwise")] == [
        ["shadow_permissions"], ["gshadow_permissions"],
    ]  # fmt: skip


def test_what_an_agent_saw_while_the_appliance_was_away_is_told_later(scene: Scene) -> None:
    scene.appliance.start()
    scene.agent.start()
    scene.appliance.incident("ws-7")
    scene.appliance.kill()
    until(lambda: scene.agent.spooled() > 5, "reports in the spool")
    scene.agent.end()  # its own power goes as well
    scene.agent.start()
    scene.appliance.start()

    def told() -> bool:
        [[seq]] = scene.agent.rows("select seq from ledger")
        return seq > 3 and scene.agent.spooled() == 0

    until(told, f"all is told; it said {scene.agent.said()}")
    assert scene.agent.end(signal.SIGTERM) == 0
    left = {row[:2]: row[2] for row in scene.agent.rows("select boot_id, seq, 1 from spool")}
    [[boot, seq]] = scene.agent.rows("select boot_id, seq from ledger")
    kept = sorted(observed(scene.appliance, "body ->> 'boot_id', seq"))
    boots = {each for each, _ in kept}
    assert len(boots) == 2
    for each in boots:
        numbers = [number for name, number in kept if name == each]
        assert numbers == list(range(1, len(numbers) + 1)), "each once, and none is lost"
    assert len([each for each, _ in kept if each == boot]) + len(left) == seq


def test_a_command_that_a_kill_interrupts_is_told_so_and_never_done_again(scene: Scene) -> None:
    agent = scene.agent
    agent.settings = {
        **agent.settings,
        "heals": [{"check_type": "firewall", "action": "enable", "runbook": "SLOW"}],
    }
    scene.appliance.start()
    agent.start()
    scene.approve()
    ran = scene.root / "ran"
    until(ran.exists, "the act has begun")
    agent.end()

    agent.start()
    until(
        lambda: agent.rows("select success, reason, told from commands") == [(0, "interrupted", 1)],
        f"the appliance has taken it; it said {agent.said()}",
    )

    assert ran.read_text() == "once\n"
    assert len(agent.logged("commands_interrupted")) == 1


def test_an_agent_without_a_certificate_does_not_start_and_says_what_to_do(tmp_path: Path) -> None:
    agent = Agent(tmp_path, {"host": "ws-7"}).start()

    assert agent.running.wait(timeout=60) == 1
    assert "aright agent invite --host ws-7" in agent.said()


def test_a_fleet_is_played_and_each_of_its_events_is_acked(scene: Scene) -> None:
    scene.appliance.start()
    at = str(scene.agent.settings["appliance"])

    fleet = simulate("--insecure", "--appliance", at, "--hosts", "20", "--rate", "200",
                     "--duration", "2")  # fmt: skip
    out, err = fleet.communicate(timeout=60)

    assert fleet.returncode == 0, err
    told = json.loads(out)
    assert told["missing"] == told["reconnects"] == 0
    assert told["sent"] == told["acked"] >= 300
    kept = observed(scene.appliance, "count(distinct host), count(*)")
    assert kept == [(20, told["acked"])]


def test_ctrl_c_ends_a_fleet_after_its_last_acks(scene: Scene) -> None:
    scene.appliance.start()
    at = str(scene.agent.settings["appliance"])
    fleet = simulate("--insecure", "--appliance", at, "--hosts", "3", "--rate", "30")

    until(lambda: observed(scene.appliance, "count(*)")[0][0] > 9, "events of the fleet")
    fleet.send_signal(signal.SIGINT)
    out, err = fleet.communicate(timeout=60)

    assert fleet.returncode == 0, err
    assert json.loads(out)["missing"] == 0


def test_a_fleet_without_an_appliance_ends_with_an_error_that_says_why() -> None:
    fleet = simulate("--insecure", "--appliance", f"127.0.0.1:{free_port()}",
                     "--hosts", "2", "--duration", "0.5")  # fmt: skip
    out, _ = fleet.communicate(timeout=60)

    assert fleet.returncode == 1
    assert "Connection refused" in out
