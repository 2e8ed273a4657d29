"""Power cuts: what was acked is on the disk, flushed or not by anybody else."""

import contextlib
import functools
import importlib.util
import os
import subprocess
import time
from collections.abc import Generator
from pathlib import Path
from random import Random
from typing import Protocol

import pytest

from tests.system.kills import Tally, live_and_die

CUTS = 10

TOOL = Path(
    os.environ.get("ARIGHT_POWERCUT")
    or Path(__file__).parents[3] / "shared" / "tools" / "faults" / "powercut.py"
)


class PowerCutDisk(Protocol):
    """A file system of its own whose power can be cut: what was not flushed is gone."""

    img: str
    """The file it is in."""
    path: str
    """The folder it is mounted on."""

    def cut(self) -> None:
        """Power off: reads and writes fail."""


def power_on(disk: PowerCutDisk) -> None:
    """Mount it anew, once the kernel has forgotten the file system that lost its power.

    Until then a mount would give the dead one again: whoever made a mount namespace meanwhile, as
    the machines of tests/prove do, holds it as long as that lasts.
    """
    subprocess.run(["umount", disk.path], check=True)
    while subprocess.run(
        ["losetup", "--associated", disk.img], stdout=subprocess.PIPE, check=True
    ).stdout:
        time.sleep(0.05)
    subprocess.run(["mount", "-o", "loop", disk.img, disk.path], check=True)


@contextlib.contextmanager
def disk_with_a_switch() -> Generator[PowerCutDisk]:
    if os.geteuid() != 0:
        pytest.skip("power cuts need root")
    spec = importlib.util.spec_from_file_location("powercut", TOOL)
    if not TOOL.exists() or spec is None or spec.loader is None:
        pytest.skip("power cuts need the tool that makes them: ARIGHT_POWERCUT")
    powercut = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(powercut)
    with contextlib.ExitStack() as stack:
        try:
            disk: PowerCutDisk = stack.enter_context(powercut.PowerCutDisk(size_mb=64))
        except (subprocess.CalledProcessError, FileNotFoundError):
            pytest.skip("power cuts need a loop device")
        yield disk


@pytest.mark.timeout(300)  # each life starts a Python of its own
def test_nothing_acked_is_lost_in_ten_power_cuts_under_load() -> None:
    random, tally = Random("ten cuts"), Tally()  # noqa: S311  a seed repeats the delays

    with disk_with_a_switch() as disk:
        for _ in range(CUTS):
            live_and_die(
                Path(disk.path) / "state",
                random,
                tally,
                cut=disk.cut,
                restore=functools.partial(power_on, disk),
            )

    assert tally.lives == CUTS
    assert tally.events > 50 * CUTS
    assert tally.taken_up


@pytest.mark.timeout(60)
def test_a_disk_comes_back_though_another_namespace_still_holds_it_when_its_power_is_cut() -> None:
    with disk_with_a_switch() as disk:
        flushed = Path(disk.path) / "flushed"
        with flushed.open("w") as file:
            file.write("here")
            file.flush()
            os.fsync(file.fileno())
        with subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", "echo in; sleep 1"], stdout=subprocess.PIPE
        ) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == b"in\n"
            disk.cut()
            power_on(disk)

        assert flushed.read_text() == "here"
