"""A Windows agent in the field: what drifts there, a person gets with the words that help."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from protos.compliance_pb2 import RegisterRequest
from tests.system.agents import connected, drift, free_port, report
from tests.system.appliance import Appliance

OWN_WORDS = "Call the practice's own help desk first."

RULES = f"""
rules:
  - id: SITE-DOOR
    conditions: [{{field: check_type, operator: eq, value: rmm_detection}}]
    action: escalate
    text: {OWN_WORDS}
  - id: L1-WIN-SEC-SMB
    conditions: [{{field: check_type, operator: eq, value: smb_signing}}]
    action: escalate
    runbook_id: RB-WIN-SEC-007
    text: {OWN_WORDS}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    folder: Path = tmp_path_factory.mktemp("site")
    (folder / "rules" / "l1").mkdir(parents=True)
    (folder / "rules" / "l1" / "own.yaml").write_text(RULES, encoding="utf-8")
    listen = {"enabled": True, "port": free_port(), "insecure_loopback": True}
    settings = {"listen": listen, "rules": str(folder / "rules"), "mode": "auto"}
    appliance = Appliance(folder, settings)
    appliance.start()
    yield appliance
    appliance.kill()


async def register(port: int, host: str) -> str:
    """Register a Windows host; give its agent's id."""
    async with connected(port) as agent:
        told = RegisterRequest(hostname=host, os_version="Windows 11 Pro 23H2")
        return (await agent.Register(told)).agent_id


def drifted(site: Appliance, host: str, check: str) -> str:
    """Have an agent report drift; give the id of the incident when a person has it."""
    port: int = site.settings["listen"]["port"]  # type: ignore[index]  # as the fixture made it
    agent_id = asyncio.run(register(port, host))
    [ack] = asyncio.run(report(port, [drift(agent_id=agent_id, host=host, check=check)]))
    assert ack.received
    return str(site.incident(host, "escalated")["id"])


def words(text: str) -> str:
    """Give what a page says without its line breaks."""
    return " ".join(text.split())


def test_a_person_reads_the_runbooks_words_on_the_ticket_and_the_incident(site: Appliance) -> None:
    incident = drifted(site, "ws-1", "firewall")

    [ticket] = [row for row in site.data("ticket", "list") if row["host"] == "ws-1"]
    # Agents may heal only where `listen.agents_heal` says so.
    assert (ticket["kind"], ticket["reason"]) == ("rule_escalates", "host_unreachable")
    assert (ticket["rule"], ticket["runbook"]) == ("L1-FW-002", "RB-WIN-SEC-001")
    [entry] = site.data("ticket", "show", ticket["id"])["entries"]
    assert "Set-NetFirewallProfile" in entry["text"]

    told = words(entry["text"])
    for page in (("ticket", "show", ticket["id"]), ("incident", "show", incident)):
        shown = words(site.aright(*page).stdout)
        assert "RB-WIN-SEC-001" in shown
        assert told in shown
    assert told in words(site.aright("incident", "why", incident).stdout)


def test_an_escalating_rule_may_bring_words_of_its_own(site: Appliance) -> None:
    incident = drifted(site, "ws-2", "rmm_detection")

    assert site.data("incident", "show", incident)["text"] == OWN_WORDS


def test_the_rules_words_come_before_the_runbooks(site: Appliance) -> None:
    incident = drifted(site, "ws-3", "smb_signing")

    own, runbooks = site.data("incident", "show", incident)["text"].split("\n\n")
    assert own == OWN_WORDS
    assert "RequireSecuritySignature" in runbooks
