"""Enrolment windows and renewal: who is let in, who is not, and what the audit has of it."""

import datetime as dt
import sqlite3
from pathlib import Path
from typing import TypeVar

import pytest
import trio
import trio.testing
from cryptography import x509
from typing_extensions import override

from actors.ports import EnrolmentRefusedError, Issued
from actors.site_ca import hosts
from actors.site_ca.core import Certificate, token_digest
from actors.site_ca.sqlite import SqliteRegister
from actors.site_ca.store import Act, Line
from runtime.errors import ArightError, ConflictError, InvalidRequestError, NotFoundError
from runtime.hosts.device_certificate import NewKey
from runtime.hosts.grpc import RefusedCallError
from runtime.hosts.sqlite import InlineStore
from runtime.roles.line import SCHEMAS
from runtime.store import Write
from tests.actors.site_ca.clinic import ADDRESS, Clinic, clinic, der

T = TypeVar("T")


async def opened(
    site: Clinic, seconds: float = 900, places: int | None = None, network: str = ""
) -> None:
    await site.ca.office.open(seconds, places=places, network=network, who="ann", reason="move")


async def refused(site: Clinic, host: str, address: str = ADDRESS) -> str:
    with pytest.raises(EnrolmentRefusedError) as error:
        await site.register(host, address=address)
    return error.value.reason


async def test_each_step_of_a_window_is_a_line_of_the_audit(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        await opened(site, places=2)
        await site.register("ws-1")
        await site.register("ws-2")

        assert await refused(site, "ws-3") == "window_closed"
        assert await site.acts() == [
            "window_opened", "issued", "issued", "window_closed", "refused",
        ]  # fmt: skip


async def test_a_window_for_a_block_lets_in_nobody_from_elsewhere(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        await opened(site, network="192.0.2.0/24")

        assert await refused(site, "ws-1", "198.51.100.1") == "window_elsewhere"
        await site.register("ws-1")


async def test_a_stranger_cannot_take_the_name_of_a_host_that_has_a_certificate(
    tmp_path: Path,
) -> None:
    async with clinic(tmp_path) as site:
        await site.enrol(await site.invited("dc-1"), host="dc-1")
        await opened(site, places=1)

        assert await refused(site, "DC-1") == "host_certified"
        await site.register("ws-1")  # the place was not taken


async def test_who_lost_the_answer_may_ask_the_window_again(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        await opened(site)
        await site.register("ws-1")

        await site.register("ws-1")
        assert await refused(site, "ws-1", "192.0.2.8") == "host_certified"


async def test_who_asks_again_takes_no_second_place(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        await opened(site, places=2)
        await site.register("ws-1")
        await site.register("ws-1")

        await site.register("ws-2")
        assert await refused(site, "ws-3") == "window_closed"


async def test_a_revoked_host_comes_back_only_after_it_was_invited(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        await opened(site)
        await site.register("ws-1")
        site.clock.wait(1)
        await site.ca.office.revoke("ws-1", "ann", "stolen")
        site.clock.wait(1)

        assert await refused(site, "ws-1") == "host_revoked"
        await site.invited("ws-1")
        await site.register("ws-1")


async def test_a_revoked_host_does_not_come_back_when_its_certificate_has_expired(
    tmp_path: Path,
) -> None:
    async with clinic(tmp_path) as site:
        await site.enrol(await site.invited())
        await site.ca.office.revoke("ws-7", "ann", "stolen")
        site.clock.wait(25 * 3600)
        await opened(site)

        assert await refused(site, "ws-7", "198.51.100.66") == "host_revoked"


async def test_an_invitation_from_before_does_not_bring_a_revoked_host_back(
    tmp_path: Path,
) -> None:
    async with clinic(tmp_path) as site:
        first, second = await site.invited(), await site.invited()
        await site.enrol(first)
        await site.ca.office.revoke("ws-7", "ann", "stolen")

        with pytest.raises(EnrolmentRefusedError) as error:
            await site.enrol(second)
        assert error.value.reason == "token_expired"
        await site.enrol(await site.invited())


async def test_an_invitation_that_went_astray_is_withdrawn(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        token = await site.invited("ws-9")

        assert await site.ca.office.revoke("WS-9", "ann", "mailed to the wrong person") == []
        with pytest.raises(EnrolmentRefusedError):
            await site.enrol(token, host="ws-9")
        assert await site.acts() == ["invited", "revoked", "refused"]


async def test_the_list_shows_what_is_still_let_in_of_a_host(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        old = der(await site.enrol(await site.invited()))
        site.clock.wait(16 * 3600)
        csr_pem = NewKey.made("ws-7").csr_pem
        renewed = await site.register("ws-7", certificate=old, csr_pem=csr_pem)
        new = f"{x509.load_pem_x509_certificate(renewed.certificate_pem).serial_number:x}"
        site.clock.wait(5)
        await site.ca.office.revoke(new, "ann", "stolen")

        [row] = await site.store.read(hosts(site.clock.now()))
        assert row.state(site.clock.now()) == "valid"
        assert row.serial != new
        await site.ca.office.revoke(row.serial, "ann", "stolen")
        [row] = await site.store.read(hosts(site.clock.now()))
        assert row.state(site.clock.now()) == "revoked"


class SlowDisk(InlineStore):
    """What is kept is known to be kept a quarter of a minute later."""

    @override
    async def commit(self, *writes: Write[T]) -> list[T]:
        results = await super().commit(*writes)
        await trio.sleep(15)
        return results


async def test_what_an_operator_said_holds_although_nobody_waited_for_a_slow_disk(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    quick = InlineStore.with_schemas({"site_ca": SCHEMAS["site_ca"]})
    async with clinic(tmp_path, store=quick) as site:
        shown = der(await site.enrol(await site.invited()))
    async with clinic(tmp_path, store=SlowDisk(quick.connection), clock=site.clock) as site:
        with trio.move_on_after(10) as patience:
            await site.ca.office.revoke("ws-7", "ann", "stolen")
        assert patience.cancel_called
        with pytest.raises(RefusedCallError, match="revoked"):
            site.ca.doorman.identify(f"{ADDRESS}:1", shown)

        with trio.move_on_after(10):
            await opened(site)
        await site.register("ws-1")
        with trio.move_on_after(10):
            await site.ca.office.close("ann", "enough")
        assert site.ca.doorman.standing.window is None


async def test_a_certificate_is_not_renewed_for_longer_than_it_was_issued_for(
    tmp_path: Path,
) -> None:
    async with clinic(tmp_path) as site:
        of_a_day = der(await site.enrol(await site.invited()))

        with pytest.raises(EnrolmentRefusedError) as error:
            await site.register("ws-7", certificate=of_a_day)
        assert error.value.reason == "csr_invalid"


async def test_a_host_gets_no_more_than_twelve_certificates_an_hour(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        shown = der(await site.enrol(await site.invited()))
        csr_pem = NewKey.made("ws-7").csr_pem
        for _ in range(11):
            await site.register("ws-7", certificate=shown, csr_pem=csr_pem)

        with pytest.raises(EnrolmentRefusedError) as error:
            await site.register("ws-7", certificate=shown, csr_pem=csr_pem)
        assert error.value.reason == "rate_limited"

        site.clock.wait(3601)
        await site.register("ws-7", certificate=shown, csr_pem=csr_pem)


async def test_an_agent_in_the_field_renews_by_its_certificate_for_90_days(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        await opened(site)
        shown = der(await site.register("ws-1"))
        site.clock.wait(61 * 86_400)

        renewed = await site.register("WS-1", certificate=shown)

        assert renewed.key_pem
        assert until(renewed) - site.clock.now() == dt.timedelta(days=90)
        assert (await site.acts())[-1] == "renewed"


def until(issued: Issued) -> dt.datetime:
    return x509.load_pem_x509_certificate(issued.certificate_pem).not_valid_after_utc


async def test_a_certificate_renews_its_own_host_alone_and_not_when_it_has_expired(
    tmp_path: Path,
) -> None:
    async with clinic(tmp_path) as site:
        shown = der(await site.enrol(await site.invited()))

        with pytest.raises(EnrolmentRefusedError) as foreign:
            await site.register("dc-1", certificate=shown)
        assert foreign.value.reason == "certificate_of_another_host"

        site.clock.wait(86_401)
        with pytest.raises(EnrolmentRefusedError) as expired:
            await site.register("ws-7", certificate=shown)
        assert expired.value.reason == "certificate_expired"


async def test_a_window_closes_by_itself_and_says_so(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    async with clinic(tmp_path) as site, trio.open_nursery() as nursery:
        nursery.start_soon(site.ca.run)
        await opened(site, seconds=60)
        await trio.testing.wait_all_tasks_blocked()

        site.clock.wait(60)
        await trio.sleep(61)

        assert site.ca.doorman.standing.window is None
        assert await site.acts() == ["window_opened", "window_closed"]
        nursery.cancel_scope.cancel()


async def test_a_window_outlives_a_restart_and_a_revocation_does_too(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        await opened(site, places=2)
        await site.register("ws-1")
        stolen = der(await site.enrol(await site.invited()))
        await site.ca.office.revoke("ws-7", "ann", "stolen")

    async with clinic(tmp_path, store=site.store, clock=site.clock) as again:
        await again.register("ws-2")
        assert await refused(again, "ws-3") == "window_closed"
        with pytest.raises(ArightError, match="revoked"):
            again.ca.doorman.identify(ADDRESS, stolen)


async def test_a_revocation_holds_though_the_clock_was_ahead_when_the_appliance_began(
    tmp_path: Path,
) -> None:
    async with clinic(tmp_path) as site:
        shown = der(await site.enrol(await site.invited()))
        await site.ca.office.revoke("ws-7", "ann", "stolen")
        store, clock = site.store, site.clock
    clock.restart(off=26 * 3600.0)
    async with clinic(tmp_path, store=store, clock=clock) as site:
        clock.wall -= dt.timedelta(hours=26)  # it was set right

        with pytest.raises(RefusedCallError, match="revoked"):
            site.ca.doorman.identify(f"{ADDRESS}:1", shown)


async def test_a_window_is_closed_after_a_start_by_a_clock_that_was_set_back(
    tmp_path: Path,
) -> None:
    async with clinic(tmp_path) as site:
        await opened(site)
        store, clock = site.store, site.clock
    clock.restart(off=-30 * 86_400.0)
    async with clinic(tmp_path, store=store, clock=clock) as site:
        assert await refused(site, "ws-1") == "window_closed"


async def test_another_window_takes_the_place_of_one_that_is_open(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        await opened(site, places=1)
        await opened(site, places=5)
        await site.ca.office.close("ann", "enough")

        assert await site.acts() == [
            "window_opened", "window_closed", "window_opened", "window_closed",
        ]  # fmt: skip
        with pytest.raises(ConflictError):
            await site.ca.office.close("ann", "again")


@pytest.mark.parametrize(
    ("seconds", "places", "network"),
    [
        (0, None, ""),
        (86_401, None, ""),
        (60, 0, ""),
        (60, 2**63, ""),
        (60, None, "192.0.2.7/8"),
        (60, None, "lan"),
    ],
)
async def test_a_window_that_cannot_be_is_refused(
    tmp_path: Path, seconds: float, places: int | None, network: str
) -> None:
    async with clinic(tmp_path) as site:
        with pytest.raises(InvalidRequestError):
            await opened(site, seconds, places, network)


async def test_nobody_is_revoked_who_has_nothing_valid(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        with pytest.raises(NotFoundError):
            await site.ca.office.revoke("ws-9", "ann", "stolen")


async def test_a_token_is_spent_with_its_certificate_or_not_at_all(tmp_path: Path) -> None:
    def cut(_connection: sqlite3.Connection) -> None:
        raise ConflictError("the power went")

    async with clinic(tmp_path) as site:
        token, now, register = await site.invited(), site.clock.now(), SqliteRegister()
        row = Certificate("1f", "ws-7", "", now, now + dt.timedelta(days=1), now)
        line = Line(now, Act.ISSUED, host="ws-7", serial="1f")
        spend = register.spend(token_digest(token), "clinic", row, line)

        with pytest.raises(ConflictError):
            await site.store.commit(spend, cut)

        assert await site.acts() == ["invited"]
        await site.enrol(token)
