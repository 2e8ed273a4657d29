"""Files that people keep, replaced whole: nobody ever reads half of one."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from runtime.errors import ConflictError, InvalidFileError


def replace_file(path: Path, before: bytes | None, after: bytes, *, new_mode: int = 0o644) -> None:
    """Put `after` in the place of `before`, durably; mode, owner and attributes stay.

    `before` is None for a file that is new, which gets `new_mode`.  A link is followed: what it
    names is replaced.

    Raises:
        ConflictError: somebody changed the file meanwhile; it stays as it is.
        InvalidFileError: it cannot be written.
    """
    path = path.resolve()
    try:
        found = path.read_bytes() if path.exists() else None
        if found != before:
            raise ConflictError(f"{path}: was changed meanwhile; nothing was written")
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, after, new_mode)
    except OSError as error:
        raise InvalidFileError(str(path), f"cannot be written: {error.strerror}") from error


def _replace(path: Path, after: bytes, new_mode: int) -> None:
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(after)
            _as_before(path, descriptor, new_mode)
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _as_before(path: Path, descriptor: int, new_mode: int) -> None:
    """Give the file what the old one had, or the mode of a new one."""
    if not path.exists():
        os.fchmod(descriptor, new_mode)
        return
    had = path.stat()
    if (had.st_uid, had.st_gid) != (os.geteuid(), os.getegid()):
        os.fchown(descriptor, had.st_uid, had.st_gid)
    for name in os.listxattr(path):
        with contextlib.suppress(PermissionError):  # some belong to the system alone
            os.setxattr(descriptor, name, os.getxattr(path, name))
    os.fchmod(descriptor, stat.S_IMODE(had.st_mode))
