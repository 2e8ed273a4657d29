"""Who shows a certificate speaks for the host named there, and for nobody else."""

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from actors.messages import Moment
from actors.messages.healing import HealOrder, HealReport
from actors.ports import EnrolmentRefusedError, Issued
from protos.compliance_pb2 import (
    HealingResult,
    HeartbeatRequest,
    RegisterRequest,
    RMMStatusReport,
)
from runtime.hosts.grpc import Caller, Code, RefusedCallError
from runtime.hosts.sqlite import InlineStore
from tests.actors.drift_receiver.site import NOBODY, Desk, Site
from tests.runtime.crew import running
from tests.system.agents import drift

WS_7 = Caller("192.0.2.7:50000", b"der of ws-7", "ws-7")
WS_8 = Caller("192.0.2.8:50000", b"der of ws-8", "ws-8")


@attrs.define
class FakeCertificates:
    """Issues what names its holder; refuses when told to."""

    refuses: bool = False
    asked: list[tuple[str, str, str, bytes | None, bytes]] = attrs.field(
        factory=list[tuple[str, str, str, bytes | None, bytes]]
    )

    async def issue(
        self,
        *,
        host: str,
        agent_id: str,
        address: str,
        certificate: bytes | None,
        csr_pem: bytes = b"",
    ) -> Issued:
        self.asked.append((host, agent_id, address, certificate, csr_pem))
        if self.refuses:
            raise EnrolmentRefusedError("window_closed", "no enrolment window is open")
        return Issued(b"ca", host.encode(), b"" if csr_pem else b"key")


@contextlib.asynccontextmanager
async def two_agents(site: Site) -> AsyncGenerator[tuple[Desk, str, str]]:
    async with running(site.keeper, settle=0):
        desk = site.desk()
        await desk.load()
        first = await desk.register(RegisterRequest(hostname="WS-7"), WS_7)
        second = await desk.register(RegisterRequest(hostname="ws-8"), WS_8)
        yield desk, first.agent_id, second.agent_id


def written(store: InlineStore) -> list[object]:
    tables = ("agents", "agent_inventory", "rmm_agents")
    return [list(store.connection.execute(f"select * from {name}")) for name in tables]  # noqa: S608


async def test_a_host_registers_itself_whatever_the_case_of_its_name() -> None:
    async with two_agents(Site()) as (_, first, second):
        assert first.startswith("go-WS-7-")
        assert second.startswith("go-ws-8-")


async def test_no_call_is_answered_to_who_speaks_for_another() -> None:
    site = Site()
    async with two_agents(site) as (desk, ws_7, _):
        before = written(site.store)
        attempts: list[Callable[[], Awaitable[object]]] = [
            lambda: desk.register(RegisterRequest(hostname="ws-7"), WS_8),
            lambda: desk.heartbeat(HeartbeatRequest(agent_id=ws_7), WS_8),
            lambda: desk.report_healing(HealingResult(agent_id=ws_7), WS_8),
            lambda: desk.report_healing(HealingResult(hostname="ws-7"), WS_8),
            lambda: desk.report_rmm(RMMStatusReport(agent_id=ws_7), WS_8),
            lambda: desk.report_rmm(RMMStatusReport(hostname="ws-7"), WS_8),
        ]
        for attempt in attempts:
            with pytest.raises(RefusedCallError, match="certificate") as refused:
                await attempt()
            assert refused.value.code is Code.PERMISSION_DENIED

        assert written(site.store) == before


async def test_an_event_of_another_host_is_refused_and_its_neighbours_are_kept() -> None:
    site = Site()
    async with two_agents(site) as (desk, ws_7, ws_8):
        acks = await desk.report_drift(
            [
                drift(host="WS-8", agent_id=ws_8),
                drift(host="ws-7", agent_id=ws_8),
                drift(host="ws-8", agent_id=ws_7),
                drift(host="ws-8", agent_id="go-ws-8-00000000"),
                drift(host="ws-8", agent_id=""),
            ],
            WS_8,
        )

    assert [ack.received for ack in acks] == [True, False, False, False, True]
    assert "hostname is not that of the certificate" in acks[1].error
    assert "agent_id is not" in acks[2].error
    assert [one.host for one in site.journal.kept] == ["ws-8", "ws-8"]


async def test_a_host_is_one_to_the_rooms_behind_however_its_agent_spells_it() -> None:
    site = Site()
    async with two_agents(site) as (desk, ws_7, _):
        events = [drift(host=name, agent_id=ws_7) for name in ("ws-7", "WS-7", "Ws-7")]
        before = await desk.report_drift(events, WS_7)
        again = await desk.register(RegisterRequest(hostname="ws-7"), WS_7)
        after = await desk.report_drift(events, WS_7)

    assert [ack.received for ack in (*before, *after)] == [True] * 6
    assert [one.host for one in site.journal.kept] == ["WS-7"] * 6
    assert again.agent_id == ws_7


async def test_a_letter_that_only_folds_to_the_right_one_is_another_name() -> None:
    site = Site()
    async with two_agents(site) as (desk, ws_7, _):
        [ack] = await desk.report_drift([drift(host="w\u017f-7", agent_id=ws_7)], WS_7)
        with pytest.raises(RefusedCallError):
            await desk.register(RegisterRequest(hostname="w\u017f-7"), WS_7)

    assert not ack.received


async def test_a_terminal_obeys_nothing_that_an_agent_says_of_its_version() -> None:
    site = Site()
    desk = site.desk()
    evil = "1\x1b]0;owned\x07\x1b[2J"
    first = await desk.register(RegisterRequest(hostname="ws-9", agent_version=evil))
    await desk.heartbeat(HeartbeatRequest(agent_id=first.agent_id, agent_version=f"{evil}2"))

    assert not any("\x1b" in str(row) or "\\x1b" in str(row) for row in written(site.store))


async def test_each_event_of_a_batch_is_held_to_its_own_caller() -> None:
    site = Site()
    async with two_agents(site) as (desk, ws_7, ws_8):
        events = [drift(host="ws-7", agent_id=ws_7), drift(host="ws-8", agent_id=ws_8)]
        right = await desk.servicer.report_drift([WS_7, WS_8], events)
        wrong = await desk.servicer.report_drift([WS_8, WS_7], events)

    assert [ack.received for ack in (*right, *wrong)] == [True, True, False, False]


async def test_the_certificate_says_whose_order_was_healed() -> None:
    site = Site(agents_heal=True)
    deadline = Moment.read(site.clock).after(60)
    order = HealOrder("heal-1", "ws-7", "firewall", "enable", {}, 60.0, deadline)
    reports: list[HealReport] = []

    async def heal() -> None:
        reports.append(await site.orders.heal(order))

    async with two_agents(site) as (desk, _, _), trio.open_nursery() as nursery:
        nursery.start_soon(heal)
        await wait_all_tasks_blocked()
        await desk.report_healing(HealingResult(command_id="heal-1", success=True), WS_8)
        await wait_all_tasks_blocked()
        assert reports == []

        await desk.report_healing(HealingResult(command_id="heal-1", success=True), WS_7)

    assert reports == [HealReport(success=True)]


async def test_an_agent_that_needs_certificates_gets_them() -> None:
    certificates = FakeCertificates()
    desk = Site(certificates=certificates).desk()
    wish = RegisterRequest(hostname="ws-7", needs_certificates=True)

    answer = await desk.register(wish)
    again = await desk.register(
        RegisterRequest(hostname="ws-7", needs_certificates=True, csr_pem=b"csr"), WS_7
    )

    assert (answer.ca_cert_pem, answer.agent_cert_pem, answer.agent_key_pem) == (
        b"ca", b"ws-7", b"key",
    )  # fmt: skip
    assert again.agent_key_pem == b""
    assert certificates.asked == [
        ("ws-7", answer.agent_id, NOBODY.address, None, b""),
        ("ws-7", answer.agent_id, WS_7.address, b"der of ws-7", b"csr"),
    ]


async def test_an_agent_that_asks_for_none_gets_none() -> None:
    certificates = FakeCertificates()

    answer = await Site(certificates=certificates).desk().register(RegisterRequest(hostname="ws-7"))

    assert (answer.ca_cert_pem, certificates.asked) == (b"", [])


async def test_who_is_refused_a_certificate_changes_nothing_that_is_known_of_a_host() -> None:
    site = Site(certificates=FakeCertificates(refuses=True))
    desk = site.desk()
    await desk.register(RegisterRequest(hostname="ws-7", os_version="Windows 11"), WS_7)
    before = written(site.store)

    with pytest.raises(RefusedCallError, match="window_closed") as refused:
        await desk.register(RegisterRequest(hostname="ws-7", needs_certificates=True))

    assert refused.value.code is Code.PERMISSION_DENIED
    assert written(site.store) == before


async def test_where_certificates_are_shown_nobody_registers_without_asking_for_one() -> None:
    site = Site()
    site.fleet.settings = attrs.evolve(site.settings, insecure_loopback=False)

    with pytest.raises(RefusedCallError, match="certificate") as refused:
        await site.desk().register(RegisterRequest(hostname="ws-7"))

    assert refused.value.code is Code.PERMISSION_DENIED
