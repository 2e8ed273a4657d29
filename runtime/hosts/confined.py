"""Paths within a root: resolved as the host itself would, and never out of it.

A symbolic link is followed step by step from an open directory, an absolute one from the root, and
`..` does not climb over the root.  So a tree that stands for a host, however hostile, cannot lead a
reader to the files of the machine, not even by swapping a directory for a link meanwhile.
"""

import contextlib
import errno
import fnmatch
import os
import stat
from collections import deque
from collections.abc import Generator
from pathlib import Path
from typing import Final

import attrs

from runtime.errors import UnanswerableError, UnansweredError

_MOST_LINKS: Final = 40
"""Links followed on one way, as the kernel does."""
_DIRECTORY: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NOT_THERE: Final = frozenset({errno.ENOENT, errno.ENOTDIR})
_NO_RIGHTS: Final = frozenset({errno.EACCES, errno.EPERM})


@attrs.frozen
class Facts:
    """What `stat` says of a file."""

    mode: int
    uid: int
    gid: int
    size: int
    changed_at: float
    """Seconds since 1970 at which content, mode or owner was changed last; nobody can set it."""
    modified: float
    """Seconds since 1970 at which the content was written last."""


@attrs.frozen
class Confined:
    """The files under a root.  All methods block."""

    root: Path

    def stat(self, path: str) -> Facts | None:
        """Look at a file; None where it is not there."""
        with _answering(path), self._located(path) as (directory, name):
            found = os.stat(name, dir_fd=directory, follow_symlinks=False)
            return Facts(
                stat.S_IMODE(found.st_mode),
                found.st_uid,
                found.st_gid,
                found.st_size,
                found.st_ctime,
                found.st_mtime,
            )
        return None

    def read(self, path: str, cap_bytes: int) -> bytes | None:
        """Read a regular file; None where it is not there.

        Raises:
            UnansweredError: too_large, not_a_file, io_error.
            UnanswerableError: no_rights.
        """
        with _answering(path), self._located(path) as (directory, name):
            with os.fdopen(os.open(name, _READ, dir_fd=directory), "rb") as file:
                # A device or a pipe could block for ever, or never end.
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise UnansweredError("not_a_file", path)
                content = file.read(cap_bytes + 1)
            if len(content) > cap_bytes:
                raise UnansweredError("too_large", path)
            return content
        return None

    def glob(self, pattern: str) -> list[str]:
        """List the paths in one directory whose name matches, sorted; hidden ones only by a dot."""
        folder, _, wanted = pattern.rpartition("/")
        with _answering(folder), self._located(f"{folder}/.") as (directory, name):
            listing = os.open(name, _READ | os.O_DIRECTORY, dir_fd=directory)
            try:
                names = os.listdir(listing)  # noqa: PTH208  # a path knows no open directory
            finally:
                os.close(listing)
            shown = (each for each in names if wanted.startswith(".") or not each.startswith("."))
            return sorted(f"{folder}/{each}" for each in shown if fnmatch.fnmatchcase(each, wanted))
        return []

    def disk_usage(self, path: str) -> float | None:
        """Give the used part of the file system in percent, of what users can use."""
        with _answering(path), self._located(path) as (directory, name):
            opened = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
            try:
                disk = os.fstatvfs(opened)
            finally:
                os.close(opened)
            used = disk.f_blocks - disk.f_bfree
            usable = used + disk.f_bavail
            if not usable:
                raise UnanswerableError("no_disk", path)
            return 100 * used / usable
        return None

    def write(self, path: str, content: bytes) -> None:
        """Put a small file in place at once, readable by all."""
        with _answering(path), self._located(path) as (directory, name):
            draft = f".{name}.new"
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(draft, flags, 0o644, dir_fd=directory), "wb") as file:
                file.write(content)
            os.rename(draft, name, src_dir_fd=directory, dst_dir_fd=directory)
            return
        raise UnansweredError("no_such_directory", path)

    def _open_root(self) -> int:
        try:
            return os.open(self.root, _DIRECTORY)
        except OSError as error:  # without it nothing may be called absent
            reason = "no_rights" if error.errno in _NO_RIGHTS else "no_root"
            raise UnanswerableError(reason, str(self.root)) from error

    @contextlib.contextmanager
    def _located(self, path: str) -> Generator[tuple[int, str]]:
        """Follow a path; give an open directory, and a name in it that was no link."""
        way: deque[str] = deque(_steps(path))
        above = [self._open_root()]
        links = 0
        name = "."
        try:
            while way:
                name = way.popleft()
                if name == "..":
                    name = "."
                    if len(above) > 1:
                        os.close(above.pop())
                    continue
                if name == ".":
                    continue
                link = _link(name, above[-1])
                if link is not None:
                    links += 1
                    if links > _MOST_LINKS:
                        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                    while link.startswith("/") and len(above) > 1:
                        os.close(above.pop())
                    way.extendleft(reversed(_steps(link)))
                    name = "."
                elif way:
                    above.append(os.open(name, _DIRECTORY, dir_fd=above[-1]))
                    name = "."
            yield above[-1], name
        finally:
            for directory in above:
                os.close(directory)


def _steps(path: str) -> list[str]:
    return [step for step in path.split("/") if step]


def _link(name: str, directory: int) -> str | None:
    try:
        return os.readlink(name, dir_fd=directory)
    except OSError as error:
        if error.errno in {errno.EINVAL, errno.ENOENT}:  # no link; not there, which is told later
            return None
        raise


@contextlib.contextmanager
def _answering(path: str) -> Generator[None]:
    """Turn what the kernel refuses into answers: "not there" ends the block and returns."""
    try:
        yield
    except OSError as error:
        if error.errno in _NOT_THERE:
            return
        if error.errno in _NO_RIGHTS:
            raise UnanswerableError("no_rights", path) from error
        reason = "link_loop" if error.errno == errno.ELOOP else "io_error"
        raise UnansweredError(reason, path) from error
    except ValueError as error:  # a NUL, which no path can hold
        raise UnanswerableError("bad_path", path) from error
