"""How many connections there may be, in all and of one, and how much one may say."""

import time
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import attrs
import pytest
import trio
from cryptography import x509
from h2.errors import ErrorCodes as E
from typing_extensions import override

from protos.compliance_pb2 import DriftAck, DriftEvent
from runtime.hosts.grpc import Caller, Code, Doorman, Limits, RefusedCallError
from tests.hostile import frames as f
from tests.hostile.certificates import Authority
from tests.hostile.line import Line, line
from tests.hostile.required import answers, ends, goes_on, hangs_up
from tests.hostile.site import PATIENT, TIGHT, Site, site

OPEN = f.headers(1, f.request(b"ReportDrift"))


@attrs.define
class ByName(Doorman):
    """Knows people by the name of their certificate; some may not come in."""

    banned: set[str] = attrs.field(factory=set[str])

    @override
    def identify(self, address: str, certificate: bytes) -> str:
        names = x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
        [name] = names.value.get_values_for_type(x509.DNSName)
        if name in self.banned:
            raise RefusedCallError(Code.PERMISSION_DENIED, f"{name} is banned")
        return name

    @override
    def admit(self, caller: Caller, path: str) -> None:
        if caller.identity in self.banned:
            raise RefusedCallError(Code.PERMISSION_DENIED, f"{caller.identity} is banned")


@pytest.mark.parametrize(
    "limits",
    [
        attrs.evolve(PATIENT, connections=4, per_address=0),
        attrs.evolve(PATIENT, connections=0, per_address=4),
    ],
    ids=["in all", "of one address"],
)
async def test_more_connections_than_there_may_be_are_hung_up_on(limits: Limits) -> None:
    async with site(limits) as port, AsyncExitStack() as stack:
        let_in = [await come(stack, port) for _ in range(3)]  # the honest caller is the fourth
        for _ in range(20):
            too_many = await come(stack, port)
            await hangs_up(too_many)

        for one in let_in:
            await goes_on(one)
        await let_in[0].hang_up()
        await let_in[0].until(lambda: let_in[0].closed)
        await trio.sleep(0.05)
        await goes_on(await come(stack, port))


async def come(stack: AsyncExitStack, port: Site) -> Line:
    newcomer = await stack.enter_async_context(port.attacker())
    await newcomer.begin()
    return newcomer


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(Path(tmp_path_factory.mktemp("authority")))


async def test_more_connections_of_one_host_than_there_may_be_are_hung_up_on(
    authority: Authority,
) -> None:
    limits = attrs.evolve(PATIENT, per_identity=2)
    async with secure(authority, limits) as port, AsyncExitStack() as stack:
        for _ in range(2):
            await goes_on(await come(stack, port))
        await ends(E.ENHANCE_YOUR_CALM)(await come(stack, port))

        other = await stack.enter_async_context(line(port.port, tls=authority.client("ws-2")))
        await other.begin()
        await goes_on(other)


def secure(
    authority: Authority, limits: Limits = PATIENT, doorman: Doorman | None = None
) -> AbstractAsyncContextManager[Site]:
    """Serve with TLS; the attacker is ws-1, and the honest caller another."""
    return site(
        limits,
        doorman=doorman or ByName(),
        server_tls=authority.server(),
        attacker_tls=authority.client("ws-1"),
        honest_tls=authority.client("honest"),
    )


async def test_one_without_a_certificate_does_not_get_to_speak(authority: Authority) -> None:
    async with secure(authority) as port, line(port.port, tls=authority.client(None)) as stranger:
        await stranger.begin()
        await hangs_up(stranger)
        assert not stranger.heard[f.HEADERS]


async def test_one_with_a_certificate_of_another_authority_does_not_get_to_speak(
    authority: Authority, tmp_path: Path
) -> None:
    forger = Authority(tmp_path)
    context = authority.client(None)
    context.load_cert_chain(forger.issue("ws-1"))
    async with secure(authority) as port, line(port.port, tls=context) as stranger:
        await stranger.begin()
        await hangs_up(stranger)
        assert not stranger.heard[f.HEADERS]


NO_TLS = {
    "nothing": b"",
    "HTTP/2 without TLS": f.PREFACE + f.settings() + OPEN,
    "HTTP/1.1 without TLS": b"GET / HTTP/1.1\r\n\r\n",
    "half a greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a greeting of nothing": b"\x16\x03\x01\x00\x04\x01\x00\x00\x00",
    "a record that is too large": b"\x16\x03\x01\xff\xff" + bytes(70_000),
    "zeros": bytes(50_000),
}


@pytest.mark.parametrize("said", NO_TLS.values(), ids=NO_TLS.keys())
async def test_one_who_does_not_speak_tls_is_hung_up_on(authority: Authority, said: bytes) -> None:
    async with secure(authority, TIGHT) as port, line(port.port) as stranger:
        await stranger.send(said)
        await hangs_up(stranger)


@pytest.mark.parametrize(
    "piece",
    [f.frame(f.PING, 0, 0, bytes(8)), f.frame(0x42, 0, 0, b"x"), f.settings()],
    ids=["PING", "unknown frames", "SETTINGS"],
)
async def test_a_flood_by_tls_is_told_to_calm_down_too(authority: Authority, piece: bytes) -> None:
    async with secure(authority) as port, port.attacker() as attacker:
        await attacker.begin()
        await attacker.flood(piece, 5000)
        await ends(E.ENHANCE_YOUR_CALM)(attacker)


async def test_one_who_breaks_off_tls_in_the_middle_leaves_nothing_behind(
    authority: Authority,
) -> None:
    async with secure(authority) as port:
        for said in (b"", OPEN, OPEN + f.data(1, b"\0\0\0\1\0")):
            async with port.attacker() as attacker:
                await attacker.begin()
                await attacker.send(said)


async def test_one_who_is_banned_is_not_let_in(authority: Authority) -> None:
    async with secure(authority, doorman=ByName({"ws-1"})) as port, port.attacker() as banned:
        await banned.begin()
        await ends(E.INADEQUATE_SECURITY)(banned)


async def test_one_who_is_banned_meanwhile_loses_its_stream(authority: Authority) -> None:
    doorman = ByName()
    limits = attrs.evolve(PATIENT, recheck_s=0.2, idle_s=30)
    async with secure(authority, limits, doorman) as port, port.attacker() as banned:
        await banned.begin()
        await banned.send(OPEN, f.data(1, f.message(DriftEvent(agent_id="a"))))
        assert await banned.until(lambda: bool(banned.bodies[1]))

        doorman.banned.add("ws-1")

        assert await banned.until(lambda: 1 in banned.ended)
        assert banned.fields[1]["grpc-status"] == str(int(Code.PERMISSION_DENIED))
        await banned.send(f.headers(3, f.request()), f.data(3, f.message(b""), end=True))
        assert await banned.until(lambda: 3 in banned.ended)
        assert banned.fields[3]["grpc-status"] == str(int(Code.PERMISSION_DENIED))


async def test_one_who_reports_without_pause_is_held_to_its_allowance_and_the_others_are_not() -> (
    None
):
    rate, burst, seconds = 50, 100, 2.0
    limits = attrs.evolve(PATIENT, per_address=0, events_per_s=rate, burst=burst, idle_s=30)
    event = f.message(DriftEvent(agent_id="x", actual="x" * 100))
    ack = len(f.message(DriftAck(event_id="x", received=True)))
    took: list[float] = []
    async with site(limits) as port, trio.open_nursery() as nursery:
        port.honest.pause_s = 0.1

        async def report_once_a_second(nth: int) -> None:
            async with port.attacker() as quiet:
                await quiet.begin()
                await quiet.send(OPEN)
                await trio.sleep(nth / 49)
                for count in (1, 2):
                    began = time.perf_counter()
                    await quiet.send(f.data(1, event))
                    wanted = count * ack
                    assert await quiet.until(lambda wanted=wanted: len(quiet.bodies[1]) >= wanted)  # type: ignore[misc]
                    took.append(time.perf_counter() - began)
                    await trio.sleep(1)

        for nth in range(49):
            nursery.start_soon(report_once_a_second, nth)
        async with port.attacker() as noisy:
            await noisy.begin()
            await noisy.send(OPEN)
            began = time.perf_counter()
            while (lasted := time.perf_counter() - began) < seconds:
                await noisy.until(lambda: noisy.room(1) > len(event), 0.05)
                many = noisy.room(1) // len(event)
                await noisy.send(f.data(1, event) * many)
                noisy.spend(1, len(event) * many)
            acks = len(noisy.bodies[1]) // ack

    assert len(took) == 98
    assert sorted(took)[96] < 1
    assert burst * 0.9 < acks < (burst + rate * lasted) * 1.1 + 10


async def test_what_waits_for_its_allowance_is_acked_in_the_end() -> None:
    limits = attrs.evolve(PATIENT, events_per_s=50, burst=50)
    async with site(limits) as port, port.attacker() as noisy:
        port.honest.pause_s = 0.1
        await noisy.begin()
        await noisy.send(OPEN, f.data(1, f.message(DriftEvent(agent_id="x")) * 100, end=True))
        await answers(Code.OK)(noisy)
        assert len(noisy.bodies[1]) == 100 * len(f.message(DriftAck(event_id="x", received=True)))
