"""On a terminal a list is a table of its width; elsewhere it is lines for other programs."""

import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.system.appliance import aright

_STYLE = re.compile(r"\x1b\[[\d;]*m")


def on_terminal(*words: str, columns: int) -> str:
    """Run the command on a terminal of its own; give what stands there, without its style."""
    ours, its = os.openpty()
    with closing(os.fdopen(ours, "rb", buffering=0)) as screen:
        child = subprocess.Popen(
            [sys.executable, "-m", "runtime", *words],
            stdout=its,
            stderr=its,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "COLUMNS": str(columns), "TERM": "xterm"},
        )
        os.close(its)
        shown = b""
        try:
            while part := screen.read(65536):
                shown += part
        except OSError:
            pass  # the other end is closed: this is how a terminal says so
        assert child.wait(10) == 0
    return _STYLE.sub("", shown.decode()).replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [80, 120])
def test_a_table_fits_its_terminal(columns: int) -> None:
    lines = on_terminal("runbook", "list", columns=columns).splitlines()

    assert lines[0].split()[:2] == ["ID", "TITLE"]
    assert max(map(len, lines)) <= columns
    # What does not fit is wrapped, never cut off.
    assert "LIN-PERM-001" in "".join(lines)


def test_elsewhere_each_row_is_one_line(tmp_path: Path) -> None:
    lines = aright("--state-dir", str(tmp_path), "runbook", "list").stdout.splitlines()

    assert len({line.count("\t") for line in lines}) == 1
    assert lines[0].startswith("ID\tTITLE\t")
