"""Enrolment windows and renewal: who is let in, who is not, and what the audit has of it."""

import datetime as dt
import sqlite3
from pathlib import Path

import pytest
import trio
import trio.testing
from cryptography import x509

from actors.ports import EnrolmentRefusedError, Issued
from actors.site_ca.core import Certificate, token_digest
from actors.site_ca.sqlite import SqliteRegister
from actors.site_ca.store import Act, Line
from runtime.errors import ArightError, ConflictError, InvalidRequestError, NotFoundError
from tests.actors.site_ca.clinic import ADDRESS, Clinic, clinic, der


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


async def test_a_host_gets_no_more_than_twelve_certificates_an_hour(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        shown = der(await site.enrol(await site.invited()))
        for _ in range(11):
            await site.register("ws-7", certificate=shown)

        with pytest.raises(EnrolmentRefusedError) as error:
            await site.register("ws-7", certificate=shown)
        assert error.value.reason == "rate_limited"

        site.clock.wait(3601)
        await site.register("ws-7", certificate=shown)


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
    [(0, None, ""), (86_401, None, ""), (60, 0, ""), (60, None, "192.0.2.7/8"), (60, None, "lan")],
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
