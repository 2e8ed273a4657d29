"""Who gets a certificate, and who is refused: each with its reason, and a line of the audit."""

import datetime as dt
import stat
from pathlib import Path

import pytest
import trio
from cryptography import x509

from actors.ports import EnrolmentRefusedError, Issued
from runtime.hosts.grpc import Caller, Code, RefusedCallError
from tests.actors.site_ca.clinic import ADDRESS, DRIFT, REGISTER, Clinic, clinic, der


def private_files(folder: Path) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if b"PRIVATE" in path.read_bytes()]


async def test_a_token_buys_one_certificate_of_its_host(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        token = await site.invited()
        issued = await site.enrol(token)

        assert site.ca.doorman.identify(ADDRESS, der(issued)) == "ws-7"
        assert not issued.key_pem
        with pytest.raises(EnrolmentRefusedError) as refused:
            await site.enrol(token)

        assert refused.value.reason == "token_spent"
        assert await site.refusals() == ["token_spent"]


async def test_of_two_devices_with_one_token_one_is_certified(tmp_path: Path) -> None:
    outcomes: list[str] = []
    async with clinic(tmp_path) as site:
        token = await site.invited()

        async def attempt() -> None:
            try:
                await site.enrol(token)
            except EnrolmentRefusedError as refused:
                outcomes.append(refused.reason)
            else:
                outcomes.append("issued")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(attempt)
            nursery.start_soon(attempt)

    assert sorted(outcomes) == ["issued", "token_spent"]


async def test_a_token_ends_after_a_day(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        token = await site.invited()
        site.clock.wait(24 * 3600 + 1)

        with pytest.raises(EnrolmentRefusedError) as refused:
            await site.enrol(token)

        assert refused.value.reason == "token_expired"
        assert await site.refusals() == ["token_expired"]


async def test_a_token_of_another_site_buys_nothing(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        token = await site.invited()

        with pytest.raises(EnrolmentRefusedError) as refused:
            await site.enrol(token, site="dentist")

        assert refused.value.reason == "token_of_another_site"
        assert await site.refusals() == ["token_of_another_site"]
        await site.enrol(token)  # it was not spent by that


async def test_a_token_that_nobody_made_buys_nothing(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        with pytest.raises(EnrolmentRefusedError) as refused:
            await site.enrol("A" * 26)

        assert refused.value.reason == "token_unknown"
        assert await site.refusals() == ["token_unknown"]


async def test_a_request_in_another_name_is_refused(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        token = await site.invited()

        with pytest.raises(EnrolmentRefusedError) as refused:
            await site.enrol(token, named="dc-1")

        assert refused.value.reason == "csr_foreign_name"
        assert await site.refusals() == ["csr_foreign_name"]


@pytest.mark.parametrize("off", [-601.0, 601.0])
async def test_a_device_whose_clock_is_ten_minutes_off_is_refused(
    tmp_path: Path, off: float
) -> None:
    async with clinic(tmp_path) as site:
        token = await site.invited()

        with pytest.raises(EnrolmentRefusedError) as refused:
            await site.enrol(token, off=off)

        assert refused.value.reason == "clock_off"
        assert await site.refusals() == ["clock_off"]
        await site.enrol(token, off=599 if off > 0 else -599)


async def test_a_revoked_certificate_opens_no_call_and_is_not_renewed(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        certificate = der(await site.enrol(await site.invited()))
        await site.ca.office.revoke("ws-7", "ann", "stolen")

        with pytest.raises(RefusedCallError, match="revoked"):
            site.ca.doorman.admit(Caller(ADDRESS, certificate, "ws-7"), DRIFT)
        with pytest.raises(EnrolmentRefusedError) as refused:
            await site.ca.certificates.issue(
                host="ws-7", agent_id="a", address=f"{ADDRESS}:1", certificate=certificate
            )

        assert refused.value.reason in {"certificate_revoked", "host_revoked"}
        assert "certificate_revoked" in await site.refusals()


async def test_without_a_certificate_register_alone_is_open_and_only_in_a_window(
    tmp_path: Path,
) -> None:
    async with clinic(tmp_path) as site:
        stranger = Caller(f"{ADDRESS}:4711")
        with pytest.raises(RefusedCallError) as closed:
            site.ca.doorman.admit(stranger, REGISTER)
        assert closed.value.code in {Code.UNAUTHENTICATED, Code.PERMISSION_DENIED}

        await site.ca.office.open(900, places=1, network="192.0.2.0/24", who="ann", reason="move")
        site.ca.doorman.admit(stranger, REGISTER)
        with pytest.raises(RefusedCallError):
            site.ca.doorman.admit(stranger, DRIFT)
        with pytest.raises(RefusedCallError):
            site.ca.doorman.admit(Caller("198.51.100.1:4711"), REGISTER)


async def test_a_window_closes_when_its_places_are_taken_or_its_time_is_over(
    tmp_path: Path,
) -> None:
    async def register(site: Clinic, host: str) -> Issued:
        return await site.ca.certificates.issue(
            host=host, agent_id=f"go-{host}", address=f"{ADDRESS}:1", certificate=None
        )

    async with clinic(tmp_path) as site:
        await site.ca.office.open(900, places=1, network="", who="ann", reason="move")
        issued = await register(site, "ws-1")
        loaded = x509.load_pem_x509_certificate(issued.certificate_pem)
        assert loaded.not_valid_after_utc - site.clock.now() == dt.timedelta(days=90)
        assert issued.key_pem
        with pytest.raises(EnrolmentRefusedError) as full:
            await register(site, "ws-2")
        assert full.value.reason == "window_closed"

        await site.ca.office.open(900, places=None, network="", who="ann", reason="more")
        site.clock.wait(901)
        with pytest.raises(EnrolmentRefusedError) as over:
            await register(site, "ws-3")
        assert over.value.reason == "window_closed"


async def test_the_authority_outlives_a_restart_and_its_key_is_ours_alone(tmp_path: Path) -> None:
    async with clinic(tmp_path) as site:
        certificate = der(await site.enrol(await site.invited()))
    async with clinic(tmp_path) as again:
        assert again.ca.doorman.identify(ADDRESS, certificate) == "ws-7"

    keys = private_files(tmp_path)
    assert keys
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in keys)


async def test_a_certificate_of_another_site_is_nobody_here(tmp_path: Path) -> None:
    async with (
        clinic(tmp_path / "a", "clinic") as ours,
        clinic(tmp_path / "b", "dentist") as theirs,
    ):
        certificate = der(await theirs.enrol(await theirs.invited()))

        with pytest.raises(RefusedCallError):
            ours.ca.doorman.identify(ADDRESS, certificate)
