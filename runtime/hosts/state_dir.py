"""The state directory: made where it is missing, held by one process at a time."""

import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path

from runtime.errors import StateDirError

_LOCK = "lock"


@contextlib.contextmanager
def held(path: Path) -> Generator[Path]:
    """Hold the state directory until the block is left; it is made, with mode 0700.

    The lock ends with the process, however that ends.

    Raises:
        StateDirError: it cannot be made or written, or another process holds it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateDirError(f"state dir {path}: {error.strerror}; see --state-dir") from error
    try:
        _lock(lock, path)
        yield path
    finally:
        os.close(lock)


def _lock(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        number = os.pread(lock, 32, 0).decode("ascii", "replace").strip()
        holder = f"process {number}" if number else "another process"
        raise StateDirError(f"state dir {path}: is held by {holder}") from error
    with contextlib.suppress(OSError):  # a full disk; who holds it is only told to people
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
