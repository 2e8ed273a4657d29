"""`aright demo --once`: every outcome is reached, nothing stays behind, and no log tells tales."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from runtime.logs import KEYS
from tests.system.appliance import until

PATIENCE = 240
"""Seconds for the whole play.  An act that the kill fell into runs to its deadline first."""

SECRETS = ("toor", "19000", "PermitRootLogin", "MaxAuth", "Managed by hand", "ALL=(ALL)", "Welcome",
           "Authorised", "Visitors", "SYSTEM:", "Forget the list", "I was told to", "0644", "0640",
           "0666", "0600")  # fmt: skip
"""What stands in the files of the demo's hosts, their modes, and what scripts say of them."""

NAMES = frozenset({"timestamp", "incident_id", "ticket_id", "intent_id", "version", "took_ms"})
"""Keys whose values are numbers or made names, in which any digits may stand."""


@attrs.frozen
class Played:
    """What a performance left."""

    stage: Path
    code: int
    stdout: str
    stderr: str

    @property
    def log(self) -> list[dict[str, Any]]:
        """Give the lines of the appliance's log; each is JSON."""
        text = (self.stage / "appliance.log").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    stage = tmp_path_factory.mktemp("demo") / "stage"
    words = ("demo", "--once", "--seed", "7", "--dir", str(stage))
    done = subprocess.run(
        [sys.executable, "-m", "runtime", *words],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE,
        check=False,
        env={name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")},
    )
    yield Played(stage, done.returncode, done.stdout, done.stderr)
    for pid in alive(stage):  # where the test fails because of them
        os.kill(pid, signal.SIGKILL)


def alive(stage: Path) -> list[int]:
    """List the processes that were started for a stage."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue  # it ended meanwhile
        if str(stage).encode() in words:
            found.append(int(process.name))
    return found


@pytest.mark.timeout(PATIENCE + 10)
def test_every_outcome_is_reached(played: Played) -> None:
    assert played.code == 0, played.stdout + played.stderr
    ended = re.search(r"^(\d+) of (\d+) outcomes reached", played.stdout, re.MULTILINE)
    assert ended is not None
    assert ended[1] == ended[2]
    assert int(ended[1]) >= 23
    assert "NOT " not in played.stdout


def test_the_first_fix_is_verified_within_a_minute(played: Played) -> None:
    first = re.search(r"healed and verified after ([\d.]+) s", played.stdout)

    assert first is not None
    assert float(first[1]) < 60


def test_it_says_that_it_widened_the_budgets(played: Played) -> None:
    assert "widens two default budgets" in played.stdout


def test_what_it_prints_fits_a_terminal(played: Played) -> None:
    assert [line for line in played.stdout.splitlines() if len(line) > 80] == []


def test_it_leaves_no_process_behind(played: Played) -> None:
    # A group that was killed at the end may take a moment to be gone; what was left behind stays.
    until(lambda: alive(played.stage) == [], "no process of the stage", within=60)
    assert not (played.stage / "state" / "control.sock").exists()


def test_its_log_keeps_to_the_register_and_tells_no_value_of_a_host(played: Played) -> None:
    lines = played.log

    assert len(lines) > 20
    told = [f"{key}={value}" for line in lines for key, value in line.items() if key not in NAMES]
    assert {key for line in lines for key in line} <= KEYS
    assert [each for each in told for secret in SECRETS if secret in each] == []


def test_its_last_life_drained(played: Played) -> None:
    [drained] = [line for line in played.log if line["event"] == "drained"]

    assert drained["accepted"] == drained["handled"] + drained["dead"] + drained["spooled"]
    assert drained["dead"] == 0
