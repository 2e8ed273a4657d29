"""An appliance of a test's own: a real child process, spoken to as an operator does."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import attrs
from click.testing import CliRunner, Result

from runtime.cli.main import main
from runtime.hosts.http_client import HttpError, Reply, call_unix

T = TypeVar("T")

NOBODY = 65534
"""An uid without rights, for what must fail: root may do everything."""

PATIENCE = 60.0
"""Seconds until something that must happen counts as not happening."""

_OURS = ("MSP_", "ARIGHT_", "LLM_", "DATABASE_URL", "REDIS_HOST")


class NotReachedError(AssertionError):
    """What a test waited for did not come."""


def until(found: Callable[[], T | None], what: str, within: float = PATIENCE) -> T:
    """Ask again and again until there is an answer."""
    end = time.monotonic() + within
    while (answer := found()) is None or answer is False:
        if time.monotonic() > end:
            raise NotReachedError(f"not within {within} s: {what}")
        time.sleep(0.02)
    return answer


def aright(*words: str, stdin: str | bytes | None = None) -> Result:
    """Run the command in this process; what it prints and how it ends is in the result."""
    return CliRunner().invoke(main, words, input=stdin, catch_exceptions=False)


@attrs.define
class Appliance:
    """One appliance in a folder: config, state and log are in it."""

    folder: Path
    settings: Mapping[str, object]
    environment: Mapping[str, str] = {}
    uid: int | None = None
    """Runs as this user; None is ours."""
    process: subprocess.Popen[bytes] | None = attrs.field(default=None, init=False)

    @property
    def config(self) -> Path:
        return self.folder / "appliance.yaml"

    @property
    def state_dir(self) -> Path:
        return self.folder / "state"

    @property
    def running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None, "it was never started"
        return self.process

    def spawn(self, *options: str) -> "Appliance":
        """Start it and do not wait."""
        self.folder.mkdir(parents=True, exist_ok=True)
        told = {"site_id": "clinic", "state_dir": str(self.state_dir), "health": {"port": 0}}
        self.config.write_text(json.dumps({**told, **self.settings}, indent=1), encoding="utf-8")
        module = ["runtime"] if self.uid is None else ["tests.system.unprivileged", str(self.uid)]
        command = [sys.executable, "-m", *module, "--config", str(self.config)]
        ours = {name: text for name, text in os.environ.items() if not name.startswith(_OURS)}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "run", "--log-format", "json", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**ours, **self.environment},
            )
        return self

    def start(self) -> float:
        """Start it; give the seconds until it was ready."""
        begun = time.monotonic()
        self.spawn()
        until(self.is_ready, f"ready; it said {self.said()}")
        return time.monotonic() - begun

    def is_ready(self) -> bool:
        """Say whether it takes work; fails where it ended instead."""
        assert self.running.poll() is None, self.said()
        try:
            return self.ask("/ready").status == 200
        except HttpError:
            return False

    def ask(self, target: str, method: str = "GET", body: object = None) -> Reply:
        """Ask its control socket."""
        sent = b"" if body is None else json.dumps(body).encode()
        return call_unix(self.state_dir / "control.sock", method, target, sent)

    def aright(self, *words: str, stdin: str | bytes | None = None) -> Result:
        """Run a command that means this appliance."""
        return aright("--config", str(self.config), *words, stdin=stdin)

    def data(self, *words: str) -> Any:
        """Run a command that must succeed, and give its data."""
        result = self.aright(*words, "-o", "json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    def incident(self, host: str, state: str = "all") -> dict[str, Any]:
        """Wait for the last incident of a host to be in a state; give its row."""
        words = ("incident", "list", "--state", state, "--host", host)

        def newest() -> dict[str, Any] | None:
            rows = self.data(*words)
            return rows[0] if rows else None

        return until(newest, f"{host} {state}; there is {self.said()[-2000:]}")

    def send(self, number: signal.Signals) -> None:
        self.running.send_signal(number)

    def ended(self, within: float = PATIENCE) -> int:
        """Wait for its end; give the exit code.  One that does not end is killed."""
        try:
            return self.running.wait(timeout=within)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise NotReachedError(f"no end within {within} s; it said {self.said()}") from error

    def drain(self) -> int:
        """Ask it to drain; give the exit code."""
        self.send(signal.SIGTERM)
        return self.ended()

    def kill(self) -> None:
        """End it as a power cut would, where it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def said(self) -> str:
        """Give all that it said so far."""
        log = self.folder / "log"
        return log.read_text(encoding="utf-8") if log.exists() else ""

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Give the log lines of one kind."""
        lines = [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def waits_for(self, event: str, times: int = 1) -> dict[str, Any]:
        """Wait for a log line of a kind, for the nth; give it."""
        return until(
            lambda: line[times - 1] if len(line := self.logged(event)) >= times else None,
            f"log line {event}; it said {self.said()[-2000:]}",
        )


def tree(folder: Path, files: Mapping[str, tuple[str, int]]) -> Path:
    """Make a directory tree that stands for a host: path -> content and mode."""
    for path, (content, mode) in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        file.chmod(mode)
    return folder
