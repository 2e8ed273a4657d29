"""What the ports show and demand, by real TLS on loopback, and how enrolment is answered."""

import contextlib
import datetime as dt
import http.client
import json
import ssl
from collections.abc import AsyncGenerator, Callable
from functools import partial
from pathlib import Path
from socket import create_connection
from typing import Any, TypeVar

import trio
import trio.testing

from actors.site_ca.enrolment import LIMITS
from runtime.clock import SystemClock
from runtime.hosts.device_certificate import NewKey
from runtime.hosts.http_server import serve_http
from runtime.hosts.listening import TlsListener, tcp_listener
from tests.actors.journal.world import SetClock
from tests.actors.site_ca.clinic import Clinic, clinic

T = TypeVar("T")
HOST = "127.0.0.1"


def today() -> SetClock:
    """Give a clock that TLS agrees with, for that reads the machine's own."""
    return SetClock(SystemClock().now())


async def in_thread(work: Callable[..., T], *args: object) -> T:
    return await trio.to_thread.run_sync(partial(work, *args))


# The enrolment port.


@contextlib.asynccontextmanager
async def served(site: Clinic) -> AsyncGenerator[int]:
    """Serve the enrolment port; give its number."""
    listener = tcp_listener(HOST, 0)
    secured = TlsListener(listener, site.ca.port.enrolment_tls)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_http, [secured], site.ca.enrolment.handle, LIMITS)
        yield listener.socket.getsockname()[1]
        nursery.cancel_scope.cancel()


def ask(port: int, pem: bytes, body: object, path: str = "/v1/enrol", method: str = "POST") -> Any:
    """Ask as a device does that knows the authority; give status and what it was told."""
    trust = ssl.create_default_context(cadata=pem.decode())
    with contextlib.closing(http.client.HTTPSConnection(HOST, port, context=trust)) as wire:
        wire.request(method, path, body if isinstance(body, bytes) else json.dumps(body))
        reply = wire.getresponse()
        return reply.status, reply.getheader("content-type"), json.loads(reply.read())


def wish(site: Clinic, token: str, key: NewKey, **other: str) -> dict[str, str]:
    return {
        "token": token,
        "hostname": "ws-7",
        "csr": key.csr_pem.decode(),
        "time": site.clock.now().isoformat(),
        **other,
    }


async def test_a_device_enrols_over_https_and_a_second_time_is_told_why_not(tmp_path: Path) -> None:
    async with clinic(tmp_path, clock=today()) as site, served(site) as port:
        pem, token, key = site.ca.doorman.authority.pem, await site.invited(), NewKey.made("ws-7")

        status, _, told = await in_thread(ask, port, pem, wish(site, token.lower(), key))
        assert status == 200
        assert told["ca"].encode() == pem
        assert told["certificate"].startswith("-----BEGIN CERTIFICATE-----")
        left = dt.datetime.fromisoformat(told["expires_at"]) - site.clock.now()
        assert dt.timedelta(hours=23) < left <= dt.timedelta(hours=24)

        status, kind, told = await in_thread(ask, port, pem, wish(site, token, key))
        assert (status, kind) == (403, "application/problem+json")
        assert (told["status"], told["reason"]) == (403, "token_spent")
        assert told["title"]
        assert told["detail"]


async def test_what_is_no_request_to_enrol_is_refused(tmp_path: Path) -> None:
    async with clinic(tmp_path, clock=today()) as site, served(site) as port:
        pem, token = site.ca.doorman.authority.pem, await site.invited()
        whole = wish(site, token, NewKey.made("ws-7"))

        async def status(body: object, *where: str) -> int:
            answered: int = (await in_thread(ask, port, pem, body, *where))[0]
            return answered

        assert await status(whole, "/v1/other") == 404
        assert await status(b"", "/v1/enrol", "GET") == 405
        assert await status(b"no json") == 400
        assert await status({"token": token}) == 400
        told = site.clock.now().replace(tzinfo=None).isoformat()
        assert await status({**whole, "time": told}) == 400  # of which zone?
        assert await status({**whole, "csr": "none"}) == 400
        late = (site.clock.now() + dt.timedelta(minutes=10)).isoformat()
        assert await status({**whole, "time": late}) == 409
        assert await status({**whole, "csr": "x" * 20_000}) == 413
        assert await status(whole) == 200


async def test_an_address_that_is_refused_again_and_again_has_to_wait(tmp_path: Path) -> None:
    async with clinic(tmp_path, clock=today()) as site, served(site) as port:
        pem, token, key = site.ca.doorman.authority.pem, await site.invited(), NewKey.made("ws-7")
        for _ in range(10):
            assert (await in_thread(ask, port, pem, wish(site, "A" * 26, key)))[0] == 403

        status, _, told = await in_thread(ask, port, pem, wish(site, token, key))
        assert (status, told["reason"]) == (429, "rate_limited")

        site.clock.wait(60)
        assert (await in_thread(ask, port, pem, wish(site, token, key)))[0] == 200
        assert sorted(await site.refusals()) == ["rate_limited", "token_unknown"]


# The port of agents.


def greeted(port: int, context: ssl.SSLContext) -> str | None:
    """Say what was agreed upon; None where the server hung up instead of a greeting.

    With TLS 1.3 a server judges the client after the client's last word, so there is a read.
    """
    with create_connection((HOST, port), timeout=10) as wire:
        try:
            with context.wrap_socket(wire, server_hostname="appliance.lan") as secured:
                return secured.selected_alpn_protocol() if secured.recv(2) == b"ok" else None
        except OSError:
            return None


async def greet(site: Clinic, client: ssl.SSLContext) -> str | None:
    """Connect to the agent port with its context of the moment."""
    listener = tcp_listener(HOST, 0)

    async def say(stream: trio.SocketStream) -> None:
        secured = trio.SSLStream(stream, site.ca.tls(), server_side=True)
        with contextlib.suppress(trio.BrokenResourceError):
            await secured.send_all(b"ok")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, say, [listener])
        try:
            return await in_thread(greeted, listener.socket.getsockname()[1], client)
        finally:
            nursery.cancel_scope.cancel()


def trusting(site: Clinic) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=site.ca.doorman.authority.pem.decode())
    context.set_alpn_protocols(["h2"])
    return context


async def test_a_certificate_is_required_but_for_the_time_of_a_window(tmp_path: Path) -> None:
    async with clinic(tmp_path, clock=today()) as site:
        assert await greet(site, trusting(site)) is None

        await site.ca.office.open(60, places=None, network="", who="ann", reason="")
        assert await greet(site, trusting(site)) == "h2"
        issued = await site.register("ws-7")
        site.clock.wait(61)
        assert await greet(site, trusting(site)) is None

        file, known = tmp_path / "ws-7.pem", trusting(site)
        file.write_bytes(issued.key_pem + issued.certificate_pem)
        known.load_cert_chain(file)
        assert await greet(site, known) == "h2"


async def test_a_certificate_of_another_authority_does_not_pass_the_handshake(
    tmp_path: Path,
) -> None:
    async with (
        clinic(tmp_path / "a", clock=today()) as ours,
        clinic(tmp_path / "b", clock=today()) as theirs,
    ):
        await ours.ca.office.open(60, places=None, network="", who="ann", reason="")
        await theirs.ca.office.open(60, places=None, network="", who="ann", reason="")
        issued = await theirs.register("ws-7")
        file = tmp_path / "theirs.pem"
        file.write_bytes(issued.key_pem + issued.certificate_pem)
        client = trusting(ours)
        client.load_cert_chain(file)

        assert await greet(ours, client) is None


def shown(site: Clinic) -> str:
    return site.ca.port.sha256


async def test_what_the_port_shows_stays_across_restarts_until_two_thirds_of_its_year(
    tmp_path: Path,
) -> None:
    async with clinic(tmp_path) as site:
        first = shown(site)
    for days, same in ((0, True), (243, True), (1, False)):
        site.clock.wait(days * 86_400)
        async with clinic(tmp_path, store=site.store, clock=site.clock) as again:
            assert (shown(again) == first) is same


async def test_other_names_make_another_certificate_for_the_port(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        first = shown(site)
    async with clinic(tmp_path, names=("Appliance.lan",)) as same:
        assert shown(same) == first
    async with clinic(tmp_path, names=("appliance.lan", "192.0.2.1")) as other:
        assert shown(other) != first


async def test_a_running_port_shows_its_next_certificate_by_itself(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    async with clinic(tmp_path) as site, trio.open_nursery() as nursery:
        first, context = shown(site), site.ca.tls()
        nursery.start_soon(site.ca.run)
        await trio.testing.wait_all_tasks_blocked()
        days = 244
        site.clock.wait(days * 86_400)
        await trio.sleep(days * 86_400 + 1)

        assert shown(site) != first
        assert site.ca.tls() is not context
        nursery.cancel_scope.cancel()
