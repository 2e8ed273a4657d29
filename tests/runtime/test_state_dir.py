"""The state directory: one process at a time, and a clear word where it cannot be used."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from runtime.errors import StateDirError
from runtime.hosts.state_dir import held

HOLD = """
import os, resource, sys
from pathlib import Path
from runtime.errors import StateDirError
from runtime.hosts.state_dir import held

if os.getuid() == 0 and "as-nobody" in sys.argv:
    os.setuid(65534)  # nobody
if "no-room" in sys.argv:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
try:
    with held(Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.read()
except StateDirError as error:
    print(error)
"""


def hold(path: Path, *args: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD, str(path), *args]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def said_by(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


@pytest.fixture
def open_folder() -> Generator[Path]:
    """Give a folder that every user may look into; pytest's own are for their owner alone."""
    folder = Path(tempfile.mkdtemp(prefix="aright-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_missing_one_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    with held(tmp_path / "var" / "aright") as path:
        assert path.stat().st_mode & 0o777 == 0o700


def test_on_a_full_disk_it_is_held_as_well(tmp_path: Path) -> None:
    with hold(tmp_path, "no-room") as child:
        assert said_by(child) == "held"
        with pytest.raises(StateDirError, match="is held by another process"), held(tmp_path):
            pytest.fail("two hold it")


def test_a_second_process_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    with held(tmp_path), hold(tmp_path) as second:
        assert said_by(second) == f"state dir {tmp_path}: is held by process {os.getpid()}"


def test_within_one_process_it_is_held_once(tmp_path: Path) -> None:
    with held(tmp_path), pytest.raises(StateDirError, match="is held by"), held(tmp_path):
        pass


def test_it_is_free_again_when_its_holder_was_killed(tmp_path: Path) -> None:
    with hold(tmp_path) as first:
        assert said_by(first) == "held"
        first.kill()
        first.wait()

        with held(tmp_path):
            pass


def test_it_is_free_again_when_the_block_is_left(tmp_path: Path) -> None:
    for _ in range(2):
        with held(tmp_path):
            pass


def test_one_that_may_not_be_written_is_named(open_folder: Path) -> None:
    state_dir = open_folder / "state"
    state_dir.mkdir()
    state_dir.chmod(0o555)

    with hold(state_dir, "as-nobody") as child:
        assert said_by(child) == f"state dir {state_dir}: Permission denied; see --state-dir"


def test_one_that_cannot_be_made_is_named(open_folder: Path) -> None:
    (open_folder / "state").write_text("a file stands in the way")

    with (
        pytest.raises(StateDirError, match="Not a directory; see --state-dir"),
        held(open_folder / "state" / "dir"),
    ):
        pass
