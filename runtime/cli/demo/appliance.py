"""The demo's appliance: a child process, started, killed and spoken to as an operator does."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping

import attrs

from runtime.cli.client import live, mapping, read, rows
from runtime.cli.demo.stage import Stage
from runtime.errors import ArightError
from runtime.hosts.http_client import HttpError, call_unix

_START_S = 20.0


class ApplianceDiedError(ArightError):
    """The appliance of the demo did not come up, or ended by itself."""


@attrs.define
class Appliance:
    """`aright run` on the stage."""

    stage: Stage
    _child: subprocess.Popen[bytes] | None = attrs.field(default=None, init=False)

    @property
    def log(self) -> str:
        """Name the file that has its log."""
        return str(self.stage.folder / "appliance.log")

    def start(self) -> float:
        """Start it; gives the seconds until it was ready."""
        begun = time.monotonic()
        command = [sys.executable, "-m", "runtime", "--config", str(self.stage.config), "run"]
        with open(self.log, "ab") as log:  # noqa: PTH123  a path of ours
            self._child = subprocess.Popen(  # noqa: S603  our own command
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=_environment()
            )
        while not self._is_ready():
            if self._child.poll() is not None or time.monotonic() - begun > _START_S:
                raise ApplianceDiedError(f"the appliance did not start; see {self.log}")
            time.sleep(0.02)
        return time.monotonic() - begun

    def kill(self) -> None:
        """Kill it as a power cut would: kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to drain and end."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)
            self._child.wait(timeout=30)

    def _is_ready(self) -> bool:
        try:
            return call_unix(self.stage.state_dir / "control.sock", "GET", "/ready").status == 200  # noqa: PLR2004  OK
        except HttpError:
            return False


def _environment() -> dict[str, str]:
    """Give our environment without what would change the demo's settings."""
    ours = ("MSP_", "ARIGHT_", "LLM_", "DATABASE_URL", "REDIS_HOST")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def incidents() -> list[Mapping[str, object]]:
    """List all incidents, oldest first."""
    return rows(read("incident", "list", state="all", limit=1000))[::-1]


def incident(incident_id: str) -> Mapping[str, object]:
    """Read one incident with its trace."""
    return mapping(read("incident", "show", id=incident_id))


def health() -> Mapping[str, object]:
    """Read the health of the running appliance."""
    return mapping(live("/health"))
