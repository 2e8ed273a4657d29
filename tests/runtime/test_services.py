"""What systemd and rpm say, and how it is read; the programs themselves are played."""

from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest

from runtime.errors import UnanswerableError, UnansweredError
from runtime.hosts.confined import Confined
from runtime.hosts.packages import has_rpm, rpm_version
from runtime.hosts.processes import Completed
from runtime.hosts.services import CommandService, SystemdService
from tests.catalogue.trees import plant


@attrs.define
class Played:
    """A program that says what it was told to."""

    says: Completed
    ran: list[tuple[str, ...]] = attrs.field(factory=list[tuple[str, ...]])

    async def __call__(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float
    ) -> Completed:
        assert (stdin, timeout_s > 0) == (b"", True)
        self.ran.append(tuple(argv))
        return self.says


@pytest.mark.parametrize(
    ("load", "active", "running"),
    [
        ("loaded", "active", True),
        ("loaded", "reloading", True),
        ("loaded", "activating", False),
        ("loaded", "failed", False),
        ("masked", "inactive", False),
        ("not-found", "inactive", None),
    ],
)
async def test_a_unit_runs_when_systemd_says_that_it_is_active(
    load: str, active: str, running: bool | None
) -> None:
    systemctl = Played(Completed(0, f"LoadState={load}\nActiveState={active}\n", ""))

    assert await SystemdService("rsyslog", systemctl).running() is running
    assert systemctl.ran[0][-2:] == ("--", "rsyslog"), "a name is never an option"


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        (Completed(1, "", "Failed to connect to bus"), "exit_code"),
        (Completed(0, "nothing of use", ""), "exit_code"),
        (Completed(-9, "", "", timed_out=True), "timeout"),
    ],
)
async def test_a_systemd_that_does_not_answer_is_no_stopped_unit(
    says: Completed, reason: str
) -> None:
    with pytest.raises(UnansweredError) as refused:
        await SystemdService("rsyslog", Played(says)).running()

    assert refused.value.reason == reason


async def test_a_unit_that_does_not_start_is_said() -> None:
    await SystemdService("rsyslog", Played(Completed(0, "", ""))).start()
    with pytest.raises(UnansweredError) as refused:
        await SystemdService("rsyslog", Played(Completed(1, "", ""))).stop()

    assert refused.value.reason == "exit_code"


async def test_what_rpm_says_is_read() -> None:
    assert await rpm_version(Played(Completed(0, "8.2-1.el9\n", "")), "rsyslog") == "8.2-1.el9"
    missing = Completed(1, "package telnet-server is not installed\n", "")
    assert await rpm_version(Played(missing), "telnet-server") is None
    for says in (Completed(1, "error: no database\n", ""), Completed(-9, "", "", timed_out=True)):
        with pytest.raises(UnansweredError):
            await rpm_version(Played(says), "telnet-server")


def test_an_rpm_database_is_known_by_its_place(tmp_path: Path) -> None:
    assert not has_rpm(Confined(tmp_path))
    plant(tmp_path, {"/usr/lib/sysimage/rpm/rpmdb.sqlite": ""})
    assert has_rpm(Confined(tmp_path))


@pytest.mark.parametrize("content", ["", "none", "-1", "999999999", "1\n2"])
async def test_a_pid_file_without_the_number_of_a_process_names_nobody(
    tmp_path: Path, content: str
) -> None:
    plant(tmp_path, {"/run/d.pid": content})
    daemon = CommandService(("d",), "/run/d.pid", Confined(tmp_path), Played(Completed(0, "", "")))

    assert await daemon.running() is False
    await daemon.stop()


async def test_a_pid_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    launched = Played(Completed(0, "999999999\n", ""))
    daemon = CommandService(("d",), "/run/none/d.pid", Confined(tmp_path), launched)

    with pytest.raises(UnansweredError) as refused:
        await daemon.start()

    assert refused.value.reason == "no_such_directory"
    assert not isinstance(refused.value, UnanswerableError)
