"""Agents with certificates: by invitation, renewed over the port, refused with a reason."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import attrs
import pytest
import trio
from cryptography import x509

from actors.endpoint_agent import (
    SCHEMA,
    Credentials,
    Given,
    Invitation,
    News,
    Place,
    SqliteCommands,
    SqliteSpool,
    Standing,
    Uplink,
)
from runtime.clock import SystemClock
from runtime.hosts.device_certificate import DeviceCertificate
from runtime.hosts.grpc_client import Backoff
from runtime.hosts.sqlite import InlineStore
from runtime.mailbox import Mailbox
from tests.system.agents import free_port
from tests.system.appliance import Appliance, tree, until
from tests.system.endpoint import Agent, observed, simulate


@attrs.frozen
class Later:
    """The machine's clock, some hours ahead."""

    ahead: dt.timedelta
    clock: SystemClock = attrs.field(factory=SystemClock)

    @property
    def boot_id(self) -> str:
        return self.clock.boot_id

    def now(self) -> dt.datetime:
        return self.clock.now() + self.ahead

    def monotonic(self) -> float:
        return self.clock.monotonic()


@attrs.frozen
class Site:
    """An appliance that asks agents for certificates."""

    appliance: Appliance
    port: int
    enrol_port: int

    def invite(self, host: str) -> str:
        said = self.appliance.aright("agent", "invite", "--host", host)
        assert said.exit_code == 0, said.stderr
        return said.stdout.strip()

    def agent(self, folder: Path, host: str = "ws-7") -> Agent:
        told = {
            "appliance": f"127.0.0.1:{self.port}",
            "enrol_port": self.enrol_port,
            "host": host,
            "root": str(tree(folder / "root", {"etc/shadow": ("root:*:1::::::\n", 0o644)})),
            "checks": ["shadow_permissions"],
            "interval": 0.2,
        }
        return Agent(folder, told)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    port, enrol_port = free_port(), free_port()
    listen = {"enabled": True, "port": port, "enrol_port": enrol_port}
    appliance = Appliance(tmp_path / "appliance", {"listen": listen})
    appliance.start()
    yield Site(appliance, port, enrol_port)
    appliance.kill()


def test_an_invited_agent_enrols_once_and_is_known_from_then_on(site: Site, tmp_path: Path) -> None:
    invitation = site.invite("ws-7")
    agent = site.agent(tmp_path / "ws-7").start("--invitation", invitation)
    try:
        until(lambda: observed(site.appliance, "count(*)")[0][0] or None, f"{agent.said()}")
    finally:
        agent.end()
    key = (agent.state / "identity/device.pem").read_bytes()
    agent.start()
    try:
        before = observed(site.appliance, "count(*)")[0][0]
        until(lambda: observed(site.appliance, "count(*)")[0][0] > before, "it is known again")
    finally:
        agent.end()

    assert (agent.state / "identity/device.pem").read_bytes() == key
    assert invitation.split(":")[2] not in agent.said() + site.appliance.said()

    thief = site.agent(tmp_path / "thief").start("--invitation", invitation)
    assert thief.running.wait(timeout=60) == 1
    assert "token_spent" in thief.said()


def test_an_appliance_that_did_not_invite_is_told_nothing(site: Site, tmp_path: Path) -> None:
    *parts, digest = site.invite("ws-7").split(":")
    forged = ":".join([*parts, digest[::-1]])

    agent = site.agent(tmp_path / "ws-7").start("--invitation", forged)

    assert agent.running.wait(timeout=60) == 1
    assert "another certificate authority" in agent.said()
    assert not (agent.state / "identity").exists()


async def test_a_certificate_is_renewed_over_the_port_with_a_key_of_the_device(
    site: Site, tmp_path: Path
) -> None:
    device = DeviceCertificate(tmp_path / "identity")
    invitation = Invitation.parsed(await trio.to_thread.run_sync(site.invite, "ws-7"))
    await Credentials(device, "ws-7", SystemClock()).enrol(invitation, "127.0.0.1", site.enrol_port)
    first = x509.load_pem_x509_certificate((device.folder / "device.pem").read_bytes())

    def renewed() -> x509.Certificate | None:
        now = x509.load_pem_x509_certificate((device.folder / "device.pem").read_bytes())
        return now if now.serial_number != first.serial_number else None

    later = Credentials(device, "ws-7", Later(dt.timedelta(hours=17)))
    store, news = InlineStore.with_schemas({"endpoint_agent": SCHEMA}), News()
    uplink = Uplink(
        Place("127.0.0.1", site.port, "ws-7", "Linux", "1"), later, store, SqliteSpool(),
        SqliteCommands(), Mailbox[Given]("given", capacity=1).post, _no_processes,
        lambda _: None, Standing(), news, SystemClock(),
        Backoff(Random(1)),  # noqa: S311  to be repeated
    )  # fmt: skip
    async with trio.open_nursery() as nursery:
        nursery.start_soon(uplink.run)
        await seen(lambda: renewed() is not None)
        registered = "agent_registered"  # at first, to renew, and anew
        await seen(lambda: len(site.appliance.logged(registered)) > 2)
        nursery.cancel_scope.cancel()

    second = renewed()
    assert second is not None
    assert second.public_key() != first.public_key()


async def seen(fact: Callable[[], bool]) -> None:
    with trio.fail_after(60):
        while not fact():  # noqa: ASYNC110  what is watched is a file of another process
            await trio.sleep(0.02)


async def _no_processes() -> list[str]:
    return []


def test_a_fleet_with_invitations_is_played_again_with_its_certificates(
    site: Site, tmp_path: Path
) -> None:
    hosts = ("desk-1", "desk-2", "desk-3")
    invitations = tmp_path / "invitations"
    invitations.write_text("".join(f"{host} {site.invite(host)}\n" for host in hosts))
    options = (
        "--appliance", f"127.0.0.1:{site.port}", "--enrol-port", str(site.enrol_port),
        "--invite", str(invitations), "--hosts", "3", "--rate", "60", "--duration", "0.5",
    )  # fmt: skip

    for _ in range(2):
        fleet = simulate(*options)
        out, err = fleet.communicate(timeout=60)
        assert fleet.returncode == 0, err + out
        assert json.loads(out)["missing"] == 0

    assert observed(site.appliance, "count(distinct host)") == [(3,)]
