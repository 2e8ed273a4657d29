"""Services of a host: by systemd where it runs, else by a command and a pid file."""

import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import attrs
import trio

from runtime.errors import UnansweredError
from runtime.hosts import kernel
from runtime.hosts.confined import Confined
from runtime.hosts.processes import Completed

SYSTEMD: Final = Path("/run/systemd/system")
"""Exists only where systemd is the machine's first process: sd_booted(3)."""

_LAUNCH: Final = Path(__file__).with_name("launch.py")
_PID_BYTES: Final = 32
_ANSWER_S: Final = 10.0
_START_S: Final = 60.0
_STOP_S: Final = 10.0
"""Seconds that a daemon has to end before it is killed."""


class Run(Protocol):
    """How a program is run on the host."""

    async def __call__(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float
    ) -> Completed:
        """Run a program; see `LocalTarget.run`."""
        ...


class Service(Protocol):
    """One service: the port; `SystemdService` and `CommandService` are its adapters."""

    async def running(self) -> bool | None:
        """Say whether it runs; None where the host has no such service."""
        ...

    async def start(self) -> None:
        """Start it, if it does not run; raises UnansweredError where it cannot be."""
        ...

    async def stop(self) -> None:
        """Stop it, if it runs."""
        ...


@attrs.frozen
class SystemdService:
    """A unit of the machine's systemd."""

    name: str
    run: Run

    async def running(self) -> bool | None:
        """Say whether the unit is active; None where there is none."""
        asked = ("systemctl", "show", "--property=LoadState,ActiveState", "--", self.name)
        answer = await self.run(asked, timeout_s=_ANSWER_S)
        if answer.timed_out:
            raise UnansweredError("timeout", self.name)
        said = dict(row.split("=", 1) for row in answer.stdout.splitlines() if "=" in row)
        if answer.code or "ActiveState" not in said:
            raise UnansweredError("exit_code", self.name)
        if said.get("LoadState") == "not-found":
            return None
        return said["ActiveState"] in {"active", "reloading"}

    async def start(self) -> None:
        """Start the unit and wait until systemd says that it runs."""
        await self._do("start")

    async def stop(self) -> None:
        """Stop the unit and wait for its end."""
        await self._do("stop")

    async def _do(self, verb: str) -> None:
        done = await self.run(("systemctl", verb, "--", self.name), timeout_s=_START_S)
        if done.timed_out or done.code:
            raise UnansweredError("timeout" if done.timed_out else "exit_code", self.name)


@attrs.frozen
class CommandService:
    """A program that stays in the foreground; we give it its session and write its pid file."""

    argv: tuple[str, ...]
    pid_file: str
    files: Confined
    run: Run

    async def running(self) -> bool:
        """Say whether the process of the pid file lives, and is this program."""
        return await trio.to_thread.run_sync(self._pid) is not None

    async def start(self) -> None:
        """Start it, if it does not run, in a session of its own."""
        if await self.running():
            return
        launcher = (sys.executable, "-I", str(_LAUNCH), *self.argv)
        done = await self.run(launcher, timeout_s=_START_S)
        if done.code or not done.stdout.strip().isdigit():
            raise UnansweredError("not_started", self.argv[0])
        try:
            await trio.to_thread.run_sync(self.files.write, self.pid_file, done.stdout.encode())
        except UnansweredError:
            # Nobody would know of it, and the next start would be a second one.
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(done.stdout), signal.SIGKILL)
            raise

    async def stop(self) -> None:
        """End it, if it runs: politely, and after 10 s for certain."""
        pid = await trio.to_thread.run_sync(self._pid)
        if pid is None:
            return
        watch = os.pidfd_open(pid)
        try:
            # Looked at again: between the first look and the watch the number may have changed
            # hands; from here on the watch holds on to one process.
            if await trio.to_thread.run_sync(self._pid) != pid:
                return
            signal.pidfd_send_signal(watch, signal.SIGTERM)
            with trio.move_on_after(_STOP_S):
                await trio.lowlevel.wait_readable(watch)
                return
            signal.pidfd_send_signal(watch, signal.SIGKILL)
            await trio.lowlevel.wait_readable(watch)
        except ProcessLookupError:
            return  # it ended by itself
        finally:
            os.close(watch)

    def _pid(self) -> int | None:
        text = self.files.read(self.pid_file, _PID_BYTES)
        if text is None or not text.strip().isdigit():
            return None
        pid = int(text)
        # A number is used again: a pid file left behind may name somebody else.
        if kernel.process_name(pid) is None or not self._is_ours(kernel.process_argv(pid)):
            return None
        return pid

    def _is_ours(self, arguments: Sequence[str]) -> bool:
        # An interpreter stands before a script, and a program found on PATH has its folder.
        if len(arguments) < len(self.argv):
            return False
        program, *rest = arguments[-len(self.argv) :]
        return (Path(program).name, rest) == (Path(self.argv[0]).name, list(self.argv[1:]))
