"""`aright agent run` and `simulate` as processes, and what an appliance keeps of them."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from tests.system.appliance import Appliance


@attrs.define
class Agent:
    """`aright agent run`, for a directory tree."""

    folder: Path
    settings: Mapping[str, object]
    process: subprocess.Popen[bytes] | None = attrs.field(default=None, init=False)

    def start(self, *options: str) -> "Agent":
        self.folder.mkdir(exist_ok=True)
        config = self.folder / "agent.yaml"
        config.write_text(json.dumps({"state_dir": str(self.state), **self.settings}))
        command = [sys.executable, "-m", "runtime", "--config", str(config), "agent", "run"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--log-format", "json", *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        return self

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None
        return self.process

    def said(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def logged(self, event: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def rows(self, sql: str) -> list[Any]:
        path = self.state / "spool.db"
        if not path.exists():
            return []
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as spool:
            return spool.execute(sql).fetchall()

    def spooled(self) -> int:
        [[count]] = self.rows("select count(*) from spool")
        return int(count)

    def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        if self.process is None:
            return 0
        if self.running.poll() is None:
            self.running.send_signal(number)
        return self.running.wait(timeout=60)


def observed(appliance: Appliance, what: str) -> list[Any]:
    """Look up what the appliance keeps of its agents' events."""
    path = appliance.state_dir / "journal.db"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as journal:
        return journal.execute(
            f"select {what} from observations where body ->> 'agent_id' <> ''"  # noqa: S608  ours
        ).fetchall()


def simulate(*options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "runtime", "agent", "simulate", "-o", "json", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ),
    )  # fmt: skip
