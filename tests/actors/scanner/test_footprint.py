"""What a failing answer says of the change behind it, and what it keeps to itself."""

import datetime as dt
from typing import get_args

import pytest

from actors.catalogue import probes
from actors.catalogue.asking import ask
from actors.scanner.footprint import footprint
from tests.fakes.target import VIRTUAL_EPOCH, FakeFile, FakeTarget

BANNER = probes.FileContent("/etc/issue.net", "(?s).*")


def host() -> FakeTarget:
    files = {
        "/etc/issue.net": FakeFile("Welcome!\n", changed_at=90.0),
        "/etc/shadow": FakeFile("root:secret", changed_at=5.0),
    }
    return FakeTarget(files)


async def test_a_file_is_named_with_the_time_of_its_change_and_digits_of_its_content() -> None:
    found = await footprint(BANNER, host())

    assert found["path"] == "/etc/issue.net"
    assert found["changed_at"] == (VIRTUAL_EPOCH + dt.timedelta(seconds=90)).isoformat()
    assert len(str(found["content"])) == 16
    assert (
        found["content"]
        != (await footprint(BANNER, FakeTarget({BANNER.path: FakeFile()})))["content"]
    )


async def test_of_a_file_whose_mode_or_users_are_asked_the_content_is_not_even_digested() -> None:
    for probe in (probes.FileMode("/etc/shadow"), probes.Users("empty_password")):
        assert set(await footprint(probe, host())) == {"path", "changed_at"}


@pytest.mark.parametrize("having", get_args(probes.Having))
async def test_users_are_changed_in_the_file_from_which_they_were_read(
    having: probes.Having,
) -> None:
    class Watched(FakeTarget):
        read: str = ""

        async def read_text(self, path: str, cap_bytes: int) -> str | None:
            self.read = path
            return await super().read_text(path, cap_bytes)

    target = Watched()
    await ask(probes.Users(having), target, VIRTUAL_EPOCH)

    found = await footprint(probes.Users(having), host())
    assert found["path"] == target.read


async def test_what_is_no_file_or_is_not_there_leaves_less() -> None:
    assert await footprint(probes.Service("rsyslog"), host()) == {}
    assert await footprint(probes.DiskUsage("/"), host()) == {}
    assert await footprint(probes.FileMode("/etc/gone"), host()) == {"path": "/etc/gone"}


@pytest.mark.parametrize("changed_at", [1e12, 1e17, 2.0**62, 1e300])
async def test_a_change_in_a_year_that_no_calendar_has_leaves_less(changed_at: float) -> None:
    target = FakeTarget({BANNER.path: FakeFile(changed_at=changed_at)})

    assert await footprint(BANNER, target) == {"path": BANNER.path}
