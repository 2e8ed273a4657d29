"""Agents that are in the field already connect unchanged, while an operator lets them."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import trio
from cryptography import x509
from grpclib.exceptions import GRPCError, StreamTerminatedError

from runtime.hosts.asyncio_island import in_asyncio, open_island
from tests.system.agents import free_port
from tests.system.appliance import Appliance
from tests.system.field_agent import FieldAgent


@pytest.fixture
def appliance(tmp_path: Path) -> Iterator[Appliance]:
    listen = {"enabled": True, "port": free_port(), "enrol_port": 0}
    appliance = Appliance(tmp_path / "appliance", {"listen": listen})
    appliance.start()
    yield appliance
    appliance.kill()


async def test_an_agent_of_the_field_enrols_in_a_window_and_goes_on_by_mutual_tls(
    appliance: Appliance, tmp_path: Path
) -> None:
    port = int(appliance.waits_for("agents_served")["port"])
    agent = FieldAgent(tmp_path / "ws-7", "WS-7", port)

    async with open_island("agents"):
        with pytest.raises((GRPCError, StreamTerminatedError, ConnectionError, OSError)):
            await in_asyncio(agent.enrol)  # nobody has opened a window

        aright = partial(trio.to_thread.run_sync, appliance.aright)
        opened = await aright(
            "agent", "enrol", "--open", "15m", "--count", "1", "--reason", "moving over"
        )
        assert opened.exit_code == 0, opened.stderr
        pin = await trio.to_thread.run_sync(agent.meet)
        registered = await in_asyncio(agent.enrol)
        assert registered.agent_id.startswith("go-WS-7-")
        with pytest.raises((GRPCError, StreamTerminatedError)):
            await in_asyncio(agent.report_unknown)  # Register alone is open

        [ack] = await in_asyncio(agent.report, registered.agent_id)
        assert ack.received, ack.error
        day = await in_asyncio(agent.work, registered.agent_id)
        assert [ack.received for ack in day.acks] == [True] * 3
        assert day.heartbeats == [True, True]
        assert day.pinged
        [foreign] = await in_asyncio(agent.report, registered.agent_id, "dc-1")
        assert not foreign.received  # a certificate speaks for its own host

        renewed = await in_asyncio(agent.renew)
        assert renewed.agent_id == registered.agent_id
        assert serial(renewed.agent_cert_pem) != serial(registered.agent_cert_pem)
        [ack] = await in_asyncio(agent.report, registered.agent_id)
        assert ack.received, ack.error

    again = FieldAgent(tmp_path / "ws-8", "WS-8", port)
    appliance.drain()
    appliance.start()
    port = int(appliance.waits_for("agents_served", 2)["port"])
    async with open_island("agents"):
        with pytest.raises((GRPCError, StreamTerminatedError, ConnectionError, OSError)):
            await in_asyncio(again.enrol)  # the window had one place
    assert await shown(appliance, port) == pin


async def shown(appliance: Appliance, port: int) -> str:
    """Give the digest of the certificate that the port shows after a restart."""
    opened = await trio.to_thread.run_sync(
        partial(appliance.aright, "agent", "enrol", "--open", "1m", "--reason", "a look")
    )
    assert opened.exit_code == 0, opened.stderr
    return await trio.to_thread.run_sync(FieldAgent(Path(), "look", port).meet)


def serial(pem: bytes) -> int:
    """Give the serial of a certificate."""
    return x509.load_pem_x509_certificate(pem).serial_number
