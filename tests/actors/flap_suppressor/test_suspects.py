"""Who may be changing a file back: the schedules and scripts that name it, on a real tree."""

from pathlib import Path

from actors.flap_suppressor.suspects import named_in
from runtime.hosts.local_target import LocalTarget

PATH = "/etc/ssh/sshd_config"


def put(root: Path, path: str, text: str) -> None:
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


async def test_files_that_name_the_whole_path_are_named_before_those_that_name_the_file(
    tmp_path: Path,
) -> None:
    put(tmp_path, "/etc/cron.d/backup", "0 3 * * * root tar c sshd_config\n")
    put(tmp_path, "/etc/cron.d/other", "0 3 * * * root true\n")
    target = LocalTarget(tmp_path)
    assert await named_in(target, PATH) == ("/etc/cron.d/backup",)

    put(tmp_path, "/usr/local/sbin/harden", f"cp /srv/golden {PATH}\n")
    assert await named_in(target, PATH) == ("/usr/local/sbin/harden",)


async def test_a_name_within_a_longer_name_is_another_file(tmp_path: Path) -> None:
    put(tmp_path, "/etc/crontab", "* * * * * root touch /tmp/sshd_config-old my.sshd_config\n")

    assert await named_in(LocalTarget(tmp_path), PATH) == ()


async def test_what_is_hostile_too_large_or_no_text_names_nobody(tmp_path: Path) -> None:
    put(tmp_path, "/etc/cron.d/\x1b[2Jx", PATH)
    put(tmp_path, "/etc/cron.daily/huge", f"{PATH}\n" + "x" * 300_000)
    (tmp_path / "etc/cron.hourly").symlink_to("/etc/cron.hourly")
    (tmp_path / "etc/anacrontab").mkdir()

    assert await named_in(LocalTarget(tmp_path), PATH) == ()


async def test_at_most_three_are_named(tmp_path: Path) -> None:
    for number in range(9):
        put(tmp_path, f"/etc/cron.d/{number}", PATH)

    assert await named_in(LocalTarget(tmp_path), PATH) == tuple(
        f"/etc/cron.d/{number}" for number in range(3)
    )
