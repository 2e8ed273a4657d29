"""Messages that real agents never delivered, and what a real appliance says of them."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import grpc  # type: ignore[import-untyped]  # it has no types
import pytest

from protos.compliance_pb2 import DriftAck, DriftEvent
from tests.system.agents import drift
from tests.system.appliance import Appliance, until

AGENT = "go-ws-7-0"
EVENTS = 5000
CHECKS = ("firewall", "defender", "bitlocker", "screenlock", "patches", "rmm_detection")


@pytest.fixture
def appliance(tmp_path: Path) -> Iterator[Appliance]:
    limits = {"events_per_second": 0}
    listen = {"enabled": True, "port": 0, "insecure_loopback": True, "limits": limits}
    appliance = Appliance(tmp_path, {"listen": listen})
    appliance.start()
    yield appliance
    appliance.kill()


def port_of(appliance: Appliance, life: int = 1) -> int:
    return int(appliance.waits_for("agents_served", life)["port"])


def dropped(random: Random, numbers: range) -> list[int]:
    """Lose one in a hundred; never the last, for nobody knows of an event that comes after all."""
    return [number for number in numbers[:-1] if random.random() < 0.01]


def report(port: int, numbers: list[int], boot: str = "b1") -> int:
    """Send events by Google's client; give how many were acked."""
    events = (
        drift(agent_id=AGENT, check=CHECKS[n % len(CHECKS)], passed=True, boot_id=boot, seq=n)
        for n in numbers
    )
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.stream_stream(
            "/compliance.ComplianceAgent/ReportDrift",
            DriftEvent.SerializeToString,
            DriftAck.FromString,
        )
        return sum(ack.received for ack in call(events, timeout=60))


def told(appliance: Appliance) -> dict[str, list[int]]:
    """Give the missing numbers of each start of the agent, as the command tells them."""
    agents: list[dict[str, Any]] = appliance.data("coverage")["agents"]
    return {
        agent["boot_id"]: [n for first, last in agent["gaps"] for n in range(first, last + 1)]
        for agent in agents
    }


def test_reported_gaps_are_exactly_the_events_that_were_dropped_at_random(
    appliance: Appliance,
) -> None:
    random = Random(3)  # noqa: S311  no secret
    lost = dropped(random, range(1, EVENTS + 1))
    sent = [number for number in range(1, EVENTS + 1) if number not in lost]
    sent += random.sample(sent[:-1], 200)  # some of them come twice, and late

    assert report(port_of(appliance), sent) == len(sent)

    assert len(lost) > 30
    assert told(appliance) == {"b1": lost}
    assert appliance.data("coverage")["total"]["lost"] == len(lost)


def test_gaps_are_exact_after_a_kill_in_the_middle_and_without_an_appliance(
    appliance: Appliance,
) -> None:
    lost = dropped(Random(4), range(1, 1001))  # noqa: S311  no secret
    sent = [number for number in range(1, 1001) if number not in lost]
    assert report(port_of(appliance), sent[:500]) == 500
    appliance.kill()
    assert told(appliance)["b1"] == [number for number in lost if number < sent[499]]

    appliance.start()
    # The agent sends again what it is not sure of, and starts anew afterwards.
    assert report(port_of(appliance, 2), sent[450:]) == len(sent) - 450
    assert report(port_of(appliance, 2), [2, 3, 7], boot="b2") == 3
    appliance.kill()

    assert told(appliance) == {"b1": lost, "b2": [1, 4, 5, 6]}


def test_silence_is_unobserved_and_becomes_an_incident(tmp_path: Path) -> None:
    host = tmp_path / "host"
    (host / "etc").mkdir(parents=True)
    target = {"host": "web-1", "root": str(host), "checks": ["ntp_sync"], "interval": 1}
    appliance = Appliance(
        tmp_path, {"targets": [target], "coverage": {"threshold": 0.2, "window": 3600}}
    )
    try:
        appliance.start()
        until(lambda: appliance.data("coverage")["total"]["unobserved_min"] > 0, "a hole")
        appliance.kill()
        appliance.start()  # a look comes with each start
        incident = appliance.incident("web-1", "escalated")
    finally:
        appliance.kill()

    assert incident["check"] == "observation_coverage"
    assert incident["rule"] == "L1-COVERAGE"
