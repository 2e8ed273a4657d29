"""Runs programs: argv only, input on stdin, output capped, nothing left behind at the deadline."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import Final

import attrs
import trio

from runtime.errors import UnanswerableError, UnansweredError

CAP_BYTES: Final = 65_536
"""Of standard output, and of standard error."""

_LINGER_S: Final = 0.5
"""For pipes that a daemon in a session of its own still holds when the program has ended."""
_CHUNK: Final = 65_536


@attrs.frozen
class Completed:
    """A program that ended, or was ended."""

    code: int
    """Negative for a signal."""
    stdout: str
    stderr: str
    timed_out: bool = False
    truncated: bool = False


@attrs.define
class _Capture:
    """The first bytes of a stream; the rest is read and dropped, so that the writer goes on."""

    kept: bytearray = attrs.field(factory=bytearray)
    truncated: bool = False

    async def drain(self, stream: trio.abc.ReceiveStream | None) -> None:
        with contextlib.suppress(trio.BrokenResourceError):
            if stream is None:  # trio cannot say that it made the pipe it was asked for
                return
            while chunk := await stream.receive_some(_CHUNK):
                room = CAP_BYTES - len(self.kept)
                self.kept += chunk[:room]
                self.truncated = self.truncated or len(chunk) > room

    def text(self) -> str:
        return self.kept.decode(errors="replace")


async def run_program(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    timeout_s: float,
    cwd: str = "/",
    environment: Mapping[str, str],
) -> Completed:
    """Run a program in a process group of its own and wait for its end, or kill the group.

    The group dies with the program in every case: what it left running in the background as well.
    Only a daemon that took a session of its own outlives it.

    Raises:
        UnanswerableError: no_such_program, no_root, no_rights, bad_argument.
        UnansweredError: not_started.
    """
    process = await _started(argv, cwd, environment)
    out, err = _Capture(), _Capture()
    ended = False
    try:
        async with trio.open_nursery() as pipes:
            pipes.start_soon(out.drain, process.stdout)
            pipes.start_soon(err.drain, process.stderr)
            pipes.start_soon(_feed, process.stdin, stdin)
            with trio.move_on_after(timeout_s):
                await _until_it_ends(process)
                ended = True
            _kill_group(process)
            pipes.cancel_scope.deadline = min(
                pipes.cancel_scope.deadline, trio.current_time() + _LINGER_S
            )
    finally:
        _kill_group(process)
        with trio.CancelScope(shield=True):  # killed, so it ends; unreaped it would stay a zombie
            await process.wait()
            await _close(process)
    return Completed(
        code=await process.wait(),
        stdout=out.text(),
        stderr=err.text(),
        timed_out=not ended,
        truncated=out.truncated or err.truncated,
    )


async def _started(argv: Sequence[str], cwd: str, environment: Mapping[str, str]) -> trio.Process:
    try:
        return await trio.lowlevel.open_process(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=dict(environment),
            start_new_session=True,
        )
    except FileNotFoundError as error:
        # The folder in which it was to run may be what is not there: a root that went away.
        reason = "no_such_program" if os.path.isdir(cwd) else "no_root"  # noqa: PTH112, ASYNC240  # one stat, on the way of an error
        raise UnanswerableError(reason, argv[0]) from error
    except PermissionError as error:
        raise UnanswerableError("no_rights", argv[0]) from error
    except OSError as error:
        raise UnansweredError("not_started", argv[0]) from error
    except ValueError as error:  # a NUL, which no argument can hold
        raise UnanswerableError("bad_argument", argv[0]) from error


async def _until_it_ends(process: trio.Process) -> None:
    """Wait without reaping: until then nobody else can be given its number."""
    watch = os.pidfd_open(process.pid)
    try:
        await trio.lowlevel.wait_readable(watch)
    finally:
        os.close(watch)


def _kill_group(process: trio.Process) -> None:
    # Called before the program is reaped only: later the number may be somebody else's.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


async def _feed(stream: trio.abc.SendStream | None, data: bytes) -> None:
    if stream is None:
        return
    with contextlib.suppress(trio.BrokenResourceError):  # it need not read what it is told
        await stream.send_all(data)
    await stream.aclose()


async def _close(process: trio.Process) -> None:
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            await trio.aclose_forcefully(stream)
