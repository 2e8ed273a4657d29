"""This machine and trees that stand for hosts: what they answer, and what they never reveal."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
import trio

from runtime.errors import UnanswerableError, UnansweredError
from runtime.hosts import kernel
from runtime.hosts.confined import Confined, Facts
from runtime.hosts.local_target import LocalTarget, ServiceCommand
from runtime.hosts.processes import CAP_BYTES
from tests.catalogue.trees import plant

MACHINE = LocalTarget()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return plant(tmp_path / "host", {"/etc/passwd": "root:x:0:0::/root:/bin/sh\n"})


# Files stay within the root.


@pytest.mark.parametrize("link", ["/outside/secret", "../../outside/secret", "../../../../etc"])
async def test_no_link_leads_out_of_a_tree(tmp_path: Path, tree: Path, link: str) -> None:
    plant(tmp_path, {"/outside/secret": "of the machine"})
    (tree / "etc/link").symlink_to(link)

    if link.endswith("etc"):  # above the root there is the root
        assert await LocalTarget(tree).read_text("/etc/link/passwd", 100) == (
            "root:x:0:0::/root:/bin/sh\n"
        )
    else:
        assert await LocalTarget(tree).read_text("/etc/link", 100) is None


async def test_a_link_to_an_absolute_path_means_the_file_of_the_tree(tree: Path) -> None:
    (tree / "etc/alias").symlink_to("/etc/passwd")
    (tree / "config").symlink_to("/etc")

    target = LocalTarget(tree)

    assert await target.read_text("/config/alias", 100) == "root:x:0:0::/root:/bin/sh\n"
    assert await target.glob("/config/a*") == ["/config/alias"]


async def test_dots_do_not_climb_over_the_root(tmp_path: Path, tree: Path) -> None:
    plant(tmp_path, {"/secret": "of the machine"})

    assert await LocalTarget(tree).read_text("/../secret", 100) is None
    assert await LocalTarget(tree).read_text("/etc/../../secret", 100) is None


async def test_links_in_a_ring_are_an_error(tree: Path) -> None:
    (tree / "etc/ring").symlink_to("ring")

    with pytest.raises(UnansweredError) as refused:
        await LocalTarget(tree).stat("/etc/ring")

    assert refused.value.reason == "link_loop"


async def test_a_pipe_is_no_file_and_keeps_nobody_waiting(tree: Path) -> None:
    os.mkfifo(tree / "etc/pipe")

    with pytest.raises(UnansweredError) as refused:
        await LocalTarget(tree).read_text("/etc/pipe", 100)

    assert refused.value.reason == "not_a_file"


async def test_a_file_over_the_cap_is_an_error_and_never_half_an_answer(tree: Path) -> None:
    plant(tree, {"/etc/large": "x" * 101})

    with pytest.raises(UnansweredError) as refused:
        await LocalTarget(tree).read_text("/etc/large", 100)

    assert refused.value.reason == "too_large"
    assert await LocalTarget(tree).read_text("/etc/large", 101) == "x" * 101


async def test_a_root_that_is_gone_makes_nothing_absent(tmp_path: Path) -> None:
    with pytest.raises(UnanswerableError) as refused:
        await LocalTarget(tmp_path / "gone").stat("/etc/passwd")

    assert refused.value.reason == "no_root"


AS_NOBODY = """
import os, sys
from pathlib import Path
from runtime.errors import UnansweredError
from runtime.hosts.confined import Confined

if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
look = Confined(Path(sys.argv[1]))
for ask in (
    lambda: look.read("/etc/shadow", 99),
    lambda: look.stat("/etc/ssh/sshd_config"),
    lambda: look.glob("/etc/ssh/*"),
    lambda: look.stat("/etc/shadow").mode,
):
    try:
        print(ask())
    except UnansweredError as error:
        print(error.reason)
"""


def test_what_nobody_may_read_is_unanswerable_and_not_absent() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = plant(Path(folder), {"/etc/shadow": "root::1:0::::\n", "/etc/ssh/sshd_config": ""})
        root.chmod(0o755)
        (root / "etc/shadow").chmod(0o000)
        (root / "etc/ssh").chmod(0o000)

        said = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, folder], capture_output=True, text=True, check=True
        )
        (root / "etc/ssh").chmod(0o755)

    assert said.stdout.split() == ["no_rights", "no_rights", "no_rights", "0"]


# Programs.


def _python(source: str) -> list[str]:
    return [sys.executable, "-I", "-c", source]


async def test_a_program_gets_its_input_and_nothing_of_our_environment(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "of ours")
    source = "import os, sys; print(sys.stdin.read(), sorted(os.environ), os.getcwd())"

    done = await LocalTarget(tree).run(_python(source), stdin=b"{}", timeout_s=10)

    assert (done.code, done.timed_out, done.truncated) == (0, False, False)
    assert done.stdout.strip() == f"{{}} ['ARIGHT_ROOT', 'HOME', 'LC_ALL', 'PATH'] {tree}"


async def test_output_is_cut_at_the_cap_and_the_program_ends_nevertheless() -> None:
    source = "import sys; sys.stdout.write('x' * 5_000_000); sys.stderr.write('y' * 10)"

    done = await MACHINE.run(_python(source), timeout_s=20)

    assert len(done.stdout) == CAP_BYTES
    assert (done.code, done.truncated, done.stderr) == (0, True, "y" * 10)


async def test_output_of_exactly_the_cap_is_whole() -> None:
    done = await MACHINE.run(_python(f"print('x' * {CAP_BYTES}, end='')"), timeout_s=20)

    assert (len(done.stdout), done.truncated) == (CAP_BYTES, False)


GRANDCHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-I", "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep({sleep})
"""


async def test_at_the_deadline_the_whole_process_group_dies() -> None:
    begun = time.monotonic()

    done = await MACHINE.run(_python(GRANDCHILD.format(sleep=60)), timeout_s=1.0)

    assert (done.timed_out, done.code) == (True, -signal.SIGKILL)
    assert time.monotonic() - begun < 30  # the child sleeps for 60
    await _until_gone(int(done.stdout))


async def test_what_a_program_leaves_in_the_background_ends_with_it() -> None:
    done = await MACHINE.run(_python(GRANDCHILD.format(sleep=0)), timeout_s=20)

    assert (done.timed_out, done.code) == (False, 0)
    await _until_gone(int(done.stdout))


async def test_a_cancelled_run_leaves_no_process_behind(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    source = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"

    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: MACHINE.run(_python(source), timeout_s=60))
        while not note.exists() or not note.read_text():  # noqa: ASYNC110  # a real process
            await trio.sleep(0.01)
        nursery.cancel_scope.cancel()

    assert kernel.process_name(int(note.read_text())) is None


async def test_a_program_that_does_not_exist_is_unanswerable() -> None:
    with pytest.raises(UnanswerableError) as refused:
        await MACHINE.run(["no-such-program-here"], timeout_s=60)

    assert refused.value.reason == "no_such_program"


async def test_a_root_that_went_away_is_not_taken_for_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(UnanswerableError) as refused:
        await LocalTarget(tmp_path / "gone").run(["true"], timeout_s=60)

    assert refused.value.reason == "no_root"


async def test_no_name_that_the_kernel_refuses_makes_a_room_fall(tmp_path: Path) -> None:
    with pytest.raises(UnanswerableError) as refused:
        await MACHINE.run(["true", "a\0b"], timeout_s=60)
    assert refused.value.reason == "bad_argument"
    with pytest.raises(UnanswerableError) as refused:
        await LocalTarget(tmp_path).stat("/a\0b")
    assert refused.value.reason == "bad_path"


async def _until_gone(pid: int) -> None:
    with trio.fail_after(60):
        while kernel.process_name(pid) is not None:  # noqa: ASYNC110  # the kernel's own pace
            await trio.sleep(0.01)


# Services.

DAEMON = "import signal, sys, time\nwhile True: time.sleep(60)\n"


@pytest.fixture
def daemon_host(tree: Path) -> LocalTarget:
    plant(tree, {"/usr/sbin/logd.py": DAEMON})
    command = ServiceCommand((sys.executable, "-I", "{root}/usr/sbin/logd.py"), "/run/logd.pid")
    (tree / "run").mkdir()
    return LocalTarget(tree, {"logd": command})


async def test_a_service_starts_in_its_own_session_and_stops(daemon_host: LocalTarget) -> None:
    pid_file = daemon_host.root_path / "run/logd.pid"
    assert await daemon_host.service("logd") is False

    await daemon_host.start_service("logd")
    pid = int(pid_file.read_text())
    try:
        assert await daemon_host.service("logd") is True
        assert os.getsid(pid) == pid
        assert await daemon_host.processes() == [kernel.process_name(pid)]

        await daemon_host.start_service("logd")
        assert int(pid_file.read_text()) == pid, "one that runs is not started again"
    finally:
        await daemon_host.stop_service("logd")

    assert await daemon_host.service("logd") is False
    assert kernel.process_name(pid) is None


async def test_restarting_gives_another_process(daemon_host: LocalTarget) -> None:
    pid_file = daemon_host.root_path / "run/logd.pid"
    await daemon_host.start_service("logd")
    before = pid_file.read_text()

    await daemon_host.restart_service("logd")

    try:
        assert pid_file.read_text() != before
        assert await daemon_host.service("logd") is True
    finally:
        await daemon_host.stop_service("logd")


async def test_a_pid_file_left_behind_names_nobody(daemon_host: LocalTarget) -> None:
    (daemon_host.root_path / "run/logd.pid").write_text(f"{os.getpid()}\n")

    assert await daemon_host.service("logd") is False
    await daemon_host.stop_service("logd")  # and does not end us


async def test_a_service_whose_program_is_gone_does_not_start(tree: Path) -> None:
    command = ServiceCommand(("/no/such/daemon",), "/run/d.pid")

    with pytest.raises(UnansweredError) as refused:
        await LocalTarget(tree, {"d": command}).start_service("d")

    assert refused.value.reason == "not_started"


# What a tree cannot know, and what the machine does.


async def test_a_tree_cannot_answer_for_a_kernel(tree: Path) -> None:
    target = LocalTarget(tree)
    for ask in (
        lambda: target.sysctl("net.ipv4.ip_forward"),
        target.listeners,
        lambda: target.mount_options("/"),
        target.time_synchronised,
        lambda: target.service("rsyslog"),
    ):
        with pytest.raises(UnanswerableError) as refused:
            await ask()
        assert refused.value.reason == "not_answerable_in_root"


async def test_the_machine_answers_for_its_kernel() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        found = [each for each in await MACHINE.listeners() if each.port == port]

    assert found == [kernel.ListeningSocket("tcp", "127.0.0.1", port)]
    assert await MACHINE.sysctl("kernel.ostype") == "Linux"
    assert await MACHINE.sysctl("kernel.no_such_setting") is None
    assert await MACHINE.mount_options("/") is not None
    assert await MACHINE.mount_options("/no/such/mount") is None
    assert kernel.process_name(os.getpid()) in await MACHINE.processes()


async def test_a_tree_has_the_packages_that_its_own_dpkg_says(tree: Path) -> None:
    status = (
        "Package: telnetd\nStatus: deinstall ok config-files\nVersion: 1\n\n"
        "Package: rsyslog\nStatus: install ok installed\nDescription: logs\n more: text\n"
        "Version: 8.2\n"
    )
    plant(tree, {"/var/lib/dpkg/status": status})
    target = LocalTarget(tree)

    assert await target.package("rsyslog") == "8.2"
    assert await target.package("telnetd") is None, "removed, with its configuration left"


async def test_a_tree_without_a_package_database_cannot_say_that_none_is_there(tree: Path) -> None:
    with pytest.raises(UnanswerableError) as refused:
        await LocalTarget(tree).package("telnetd")

    assert refused.value.reason == "no_package_database"


async def test_modes_owners_and_disks_are_those_of_the_file(tree: Path) -> None:
    (tree / "etc/passwd").chmod(0o4640)
    facts = await LocalTarget(tree).stat("/etc/passwd")

    assert facts is not None
    assert facts.mode == 0o4640
    assert facts.uid == (tree / "etc/passwd").stat().st_uid
    usage = await LocalTarget(tree).disk_usage("/etc")
    assert usage is not None
    assert 0 < usage <= 100
    assert await LocalTarget(tree).disk_usage("/nowhere") is None


# What hangs.


async def test_a_file_that_hangs_costs_one_thread_however_often_it_is_asked(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go, stat = threading.Event(), Confined.stat

    def hanging(files: Confined, path: str) -> Facts | None:
        if path == "/mnt/far":
            let_go.wait(60)
        return stat(files, path)

    monkeypatch.setattr(Confined, "stat", hanging)
    target = LocalTarget(tree)
    try:
        for _ in range(20):
            with trio.move_on_after(0.05), contextlib.suppress(UnansweredError):
                await target.stat("/mnt/far")

        with trio.fail_after(5):
            assert await target.stat("/etc/passwd") is not None
            with pytest.raises(UnansweredError, match="hangs"):
                await target.stat("/mnt/far")
    finally:
        let_go.set()

    with trio.fail_after(5):
        while True:
            await trio.sleep(0.01)
            with contextlib.suppress(UnansweredError):
                assert await target.stat("/mnt/far") is None
                break
