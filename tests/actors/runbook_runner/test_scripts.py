"""The shipped scripts on real files: what they change, and that undo puts back every byte."""

import os
import struct
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest

from actors.catalogue.runbook_files import load_runbooks
from actors.catalogue.runbooks import Runbook, Script
from actors.messages import JSON
from actors.runbook_runner.commands import Command, Order, Phase, captured, ran
from actors.runbook_runner.core import Captured, Ran
from runtime.hosts.local_target import LocalTarget
from runtime.hosts.processes import Completed

RULES = Path(__file__).parents[3] / "rules"
RUNBOOKS = load_runbooks(RULES / "runbooks")
SSHD_CONFIG = b"""\
# Z\xfcrich
Port 22

  permitrootlogin yes
#PermitRootLogin no
Match User a
  PermitRootLogin yes
"""


@attrs.frozen
class Subject:
    """A runbook's scripts, run in a tree as the runner runs them."""

    target: LocalTarget
    order: Order

    async def capture(self) -> str:
        said = captured(await self._run(Phase.CAPTURE))
        assert isinstance(said, Captured), said
        return said.state

    async def act(self) -> Ran:
        return await self._change(Phase.ACT)

    async def undo(self, pre_state: str) -> Ran:
        return await self._change(Phase.UNDO, pre_state)

    async def _change(self, phase: Phase, pre_state: str = "{}") -> Ran:
        outcome = ran(await self._run(phase, pre_state))
        assert isinstance(outcome, Ran), outcome
        return outcome

    async def _run(self, phase: Phase, pre_state: str = "{}") -> Completed:
        command = self.order.step(phase, pre_state)
        assert isinstance(command, Command)
        return await self.target.run(
            command.argv, stdin=command.stdin.encode(), timeout_s=command.timeout_s
        )


def script(root: Path, runbook: str | Runbook, params: Mapping[str, JSON] | None = None) -> Subject:
    found = RUNBOOKS[runbook] if isinstance(runbook, str) else runbook
    return Subject(LocalTarget(root), Order.of(found, params or {}, str(root)))


def tree_of(root: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """Everything there is to see of the files of a tree."""
    return {
        str(path.relative_to(root)): (
            (status := path.stat()).st_mode, status.st_uid, status.st_gid, path.read_bytes(),
        )
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc/ssh").mkdir(parents=True)
    (tmp_path / "etc/sysctl.d").mkdir()
    for path, mode, content in [
        ("etc/ssh/sshd_config", 0o644, SSHD_CONFIG),
        ("etc/shadow", 0o666, b"root:*:\n"),
        ("etc/sudoers", 0o442, b"root ALL=(ALL) ALL\n"),
        ("etc/issue.net", 0o600, b"welcome\n"),
        ("etc/passwd", 0o644, b"root:x:0:0:::\nmail:x:8:8:::\n"),
        ("etc/group", 0o644, b"root:x:0:\nshadow:x:42:\n"),
    ]:
        (tmp_path / path).write_bytes(content)
        (tmp_path / path).chmod(mode)
    return tmp_path


OF_EACH_SCRIPT = ["LIN-SSH-001", "LIN-PERM-001", "LIN-BANNER-001", "LIN-KERN-001"]
"""Every other runbook is proved on its own cases: see tests/prove."""


@pytest.mark.parametrize("runbook", OF_EACH_SCRIPT)
async def test_a_script_changes_once_and_undo_puts_every_byte_back(
    root: Path, runbook: str
) -> None:
    subject, before = script(root, runbook), tree_of(root)

    pre_state = await subject.capture()
    assert await subject.act() == Ran(0)
    after = tree_of(root)
    assert after != before

    assert await subject.act() == Ran(0)
    assert tree_of(root) == after

    assert await subject.undo(pre_state) == Ran(0)
    assert tree_of(root) == before
    assert await subject.undo(pre_state) == Ran(0)
    assert tree_of(root) == before
    assert await subject.capture() == pre_state


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
async def test_the_owner_is_set_by_the_names_that_the_tree_knows(root: Path) -> None:
    shadow = root / "etc/shadow"
    os.chown(shadow, 8, 8)
    subject = script(root, "LIN-OWN-001")

    pre_state = await subject.capture()
    await subject.act()
    assert (shadow.stat().st_uid, shadow.stat().st_gid) == (0, 42)
    await subject.undo(pre_state)
    assert (shadow.stat().st_uid, shadow.stat().st_gid) == (8, 8)


async def test_an_option_of_sshd_keeps_comments_order_bytes_and_sections(root: Path) -> None:
    await script(root, "LIN-SSH-001").act()
    assert (root / "etc/ssh/sshd_config").read_bytes() == SSHD_CONFIG.replace(
        b"  permitrootlogin yes\n#", b"  permitrootlogin no\n#"
    )


def access_list(*named: tuple[int, int]) -> bytes:
    """Spell an access list: rw for the owner, r for some users and as mask, none for others.

    Source: acl(5), and the kernel's posix_acl_xattr.h.
    """
    entries = [(1, 6, -1), *((2, rights, uid) for uid, rights in named), (4, 4, -1), (16, 4, -1)]
    rows = [struct.pack("<HHi", *entry) for entry in (*entries, (32, 0, -1))]
    return struct.pack("<I", 2) + b"".join(rows)


ACCESS = "system.posix_acl_access"


async def test_an_access_list_and_the_mode_outlive_an_edit_and_its_undo(root: Path) -> None:
    config = root / "etc/ssh/sshd_config"
    os.setxattr(config, ACCESS, access_list((1000, 4)))
    subject = script(root, "LIN-SSH-001")

    pre_state = await subject.capture()
    for changing in (subject.act, lambda: subject.undo(pre_state)):
        assert await changing() == Ran(0)
        assert os.getxattr(config, ACCESS) == access_list((1000, 4))
        assert config.stat().st_mode & 0o7777 == 0o640
    assert config.read_bytes() == SSHD_CONFIG


async def test_taking_permissions_away_cuts_an_access_list_and_undo_gives_it_back(
    root: Path,
) -> None:
    config = root / "etc/ssh/sshd_config"
    os.setxattr(config, ACCESS, access_list((1000, 4)))
    subject = script(root, "LIN-PERM-002")

    pre_state = await subject.capture()
    await subject.act()
    assert config.stat().st_mode & 0o7777 == 0o600, "the mask lets nobody named read"
    await subject.undo(pre_state)
    assert os.getxattr(config, ACCESS) == access_list((1000, 4))


async def test_permissions_are_only_taken_away(root: Path) -> None:
    (root / "etc/shadow").chmod(0o604)
    await script(root, "LIN-PERM-001").act()
    assert (root / "etc/shadow").stat().st_mode & 0o7777 == 0o600


async def test_a_file_that_was_not_there_is_gone_after_undo(root: Path) -> None:
    (root / "etc/issue.net").unlink()
    subject = script(root, "LIN-BANNER-001", {"organisation": "Clinic & Sons"})

    pre_state = await subject.capture()
    await subject.act()
    assert "belongs to Clinic & Sons." in (root / "etc/issue.net").read_text()
    await subject.undo(pre_state)
    assert not (root / "etc/issue.net").exists()


async def test_a_removed_file_comes_back_whole(root: Path) -> None:
    own = root / "own"
    own.mkdir()
    os.setxattr(root / "etc/sudoers", ACCESS, access_list((1000, 4)))
    (own / "own.yaml").write_text(
        "runbooks: [{id: RB, title: Remove, platform: linux, checks: [c], timeout_s: 9,"
        " act: {script: file_removed, args: {path: /etc/sudoers}}, undo: file_removed,"
        " changes: [file],"
        " idempotent: true}]"
    )
    removing = load_runbooks(RULES / "runbooks", own)["RB"]
    subject, before = script(root, removing), tree_of(root)

    pre_state = await subject.capture()
    assert await subject.act() == Ran(0)
    assert await subject.act() == Ran(0)
    assert not (root / "etc/sudoers").exists()
    assert await subject.undo(pre_state) == Ran(0)
    assert tree_of(root) == before
    assert os.getxattr(root / "etc/sudoers", ACCESS) == access_list((1000, 4))


@pytest.mark.parametrize("link", ["/etc", "../../../../../../etc", "loop"])
async def test_no_link_leads_out_of_the_root(root: Path, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "inner"
    (outside / "etc").mkdir(parents=True)
    (outside / "etc/ssh").symlink_to(link)
    (outside / "etc/loop").symlink_to("loop")

    outcome = await script(outside, "LIN-PERM-002").act()

    assert outcome == Ran(1, "too_many_links" if link == "loop" else "file_missing")
    assert (root / "etc/ssh/sshd_config").stat().st_mode & 0o7777 == 0o644


async def test_a_link_within_the_root_is_followed_as_in_a_chroot(root: Path) -> None:
    (root / "etc/ssh/sshd_config").rename(root / "etc/real")
    (root / "etc/ssh/sshd_config").symlink_to("/etc/real")

    assert await script(root, "LIN-PERM-002").act() == Ran(0)

    assert (root / "etc/real").stat().st_mode & 0o7777 == 0o600
    assert (root / "etc/ssh/sshd_config").is_symlink()


async def test_what_is_no_file_or_too_large_is_left_alone(root: Path) -> None:
    (root / "etc/shadow").unlink()
    os.mkfifo(root / "etc/shadow")
    (root / "etc/ssh/sshd_config").write_bytes(b"x" * 50_000)

    assert await script(root, "LIN-PERM-001").act() == Ran(1, "not_a_regular_file")
    assert await script(root, "LIN-SSH-001").act() == Ran(1, "file_too_large")


def test_a_preview_spells_out_what_would_run_and_runs_nothing(root: Path) -> None:
    before = tree_of(root)
    steps = Order.of(RUNBOOKS["LIN-PERM-001"], {}, str(root)).preview()

    assert [step.phase for step in steps] == [Phase.CAPTURE, Phase.ACT]
    assert isinstance(steps[1], Command)
    assert steps[1].argv[-1].endswith("scripts/file_mode.py")
    assert '"mode":"0640"' in steps[1].stdin
    assert tree_of(root) == before


FORWARDING = "etc/sysctl.d/99-zz-aright-forwarding.conf"


async def test_every_line_in_etc_gets_the_setting_and_no_other_byte_changes(root: Path) -> None:
    ours, old = root / "etc/sysctl.d/10-ours.conf", root / "etc/sysctl.conf"
    before = b"# Z\xfc\r\n -net/ipv4/ip_forward =\t1 \nvm.swappiness = 1\n#net.ipv4.ip_forward=1"
    ours.write_bytes(before)
    old.write_bytes(b"net.ipv4.ip_forward=1")
    (root / "etc/sysctl.d/99-sysctl.conf").symlink_to("../sysctl.conf")

    await script(root, "LIN-KERN-001").act()

    assert ours.read_bytes() == before.replace(b"\t1 ", b"\t0 ")
    assert old.read_bytes() == b"net.ipv4.ip_forward=0"
    assert (root / "etc/sysctl.d/99-sysctl.conf").is_symlink()


async def test_a_setting_that_is_stricter_than_asked_stays_as_strict(root: Path) -> None:
    (root / "etc/sysctl.d/10-ours.conf").write_text("net.ipv4.conf.all.rp_filter = 1\n")

    await script(root, "LIN-NET-002").act()

    said = (root / "etc/sysctl.d/99-zz-aright-spoofing.conf").read_text()
    assert "net.ipv4.conf.all.rp_filter = 1\nnet.ipv4.conf.default.rp_filter = 2\n" in said


async def test_undo_takes_away_the_directories_that_were_made_but_nobody_elses_files(
    root: Path,
) -> None:
    (root / "etc/sysctl.d").rmdir()
    subject = script(root, "LIN-KERN-001")

    pre_state = await subject.capture()
    await subject.act()
    assert (root / FORWARDING).exists()
    await subject.undo(pre_state)
    assert not (root / "etc/sysctl.d").exists()

    await subject.act()
    (root / "etc/sysctl.d/theirs.conf").touch()
    await subject.undo(pre_state)
    assert [path.name for path in (root / "etc/sysctl.d").iterdir()] == ["theirs.conf"]


@pytest.mark.parametrize("settings", ["net..a=1", "net.ipv4.x=1;2", "../x=1", "net.ipv4.x"])
async def test_what_is_no_setting_reaches_no_file(root: Path, settings: str) -> None:
    act = RUNBOOKS["LIN-KERN-001"].act
    assert isinstance(act, Script)
    act = attrs.evolve(act, args={"settings": settings, "path": "/etc/sysctl.d/x.conf"})

    outcome = await script(root, attrs.evolve(RUNBOOKS["LIN-KERN-001"], act=act)).act()

    assert outcome == Ran(1, "param_settings")


async def test_a_tree_has_no_running_kernel(root: Path) -> None:
    assert await script(root, "LIN-KERN-003-LIVE").act() == Ran(1, "no_kernel")


async def test_a_preview_tells_of_directories_and_changes_none(root: Path) -> None:
    (root / "etc/cron.d").mkdir(mode=0o755)
    command = Order.of(RUNBOOKS["LIN-CRON-001"], {}, str(root)).step(Phase.PREVIEW)
    assert isinstance(command, Command)

    told = await LocalTarget(root).run(
        command.argv, stdin=command.stdin.encode(), timeout_s=command.timeout_s
    )

    assert "/etc/cron.d: mode 0755 -> 0700" in told.stdout
    assert (root / "etc/cron.d").stat().st_mode & 0o7777 == 0o755


async def test_undo_passes_over_a_file_that_is_gone_by_now(root: Path) -> None:
    (root / "etc/hosts").write_bytes(b"")
    (root / "etc/hosts").chmod(0o666)
    subject = script(root, "LIN-PERM-003")

    pre_state = await subject.capture()
    await subject.act()
    (root / "etc/hosts").unlink()

    assert await subject.undo(pre_state) == Ran(0)
    assert (root / "etc/shadow").stat().st_mode & 0o7777 == 0o666


@pytest.mark.parametrize("name", ["a[1]", "[!a]", "a*", "?"])
async def test_a_file_whose_name_reads_as_a_pattern_is_meant_itself(root: Path, name: str) -> None:
    folder = root / "etc/cron.d"
    folder.mkdir()
    file, other = folder / name, folder / "a1"
    for each in (file, other):
        each.write_bytes(b"")
    file.chmod(0o666)
    other.chmod(0o600)
    args: Mapping[str, JSON] = {"paths": "/etc/cron.d/*", "mode": "0600"}
    act = RUNBOOKS["LIN-CRON-001"].act
    assert isinstance(act, Script)
    book = attrs.evolve(RUNBOOKS["LIN-CRON-001"], act=attrs.evolve(act, args=args))
    subject = script(root, attrs.evolve(book, undo=book.act))

    pre_state = await subject.capture()
    await subject.act()
    assert file.stat().st_mode & 0o7777 == 0o600
    other.unlink()  # so that nothing else is found by that name

    await subject.undo(pre_state)
    assert file.stat().st_mode & 0o7777 == 0o666
