"""Files of a target: read, replaced, put back byte for byte, never outside the root."""

import base64
import errno
import fnmatch
import os
import pathlib
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO, TypedDict

from support.confined import entry
from support.problem import Problem

MAX_CONTENT = 40_000
"""Bytes: what undo needs goes through a pipe of 64 KiB, in base64."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NAMED = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class About(TypedDict):
    """Mode and owner of a file."""

    mode: int
    uid: int
    gid: int


class Snapshot(TypedDict):
    """A file as it was."""

    about: About | None
    """None where there was no file."""
    content: str
    """base64"""
    missing: list[str]
    """Directories above it that were not there, the outermost first."""
    attributes: dict[str, str]
    """Extended ones, such as access lists and SELinux labels, in base64."""


@dataclass(frozen=True)
class Tree:
    """A directory that stands for the root of a host."""

    root: str

    @property
    def is_machine(self) -> bool:
        """Whether this is the machine itself, with its daemons and its kernel."""
        return self.root == "/"

    def only_told(self, what: str) -> bool:
        """Say whether an effect beside files is not to be had, but told: see `Rehearsal`."""
        del what
        return False

    def snapshot(self, path: str) -> Snapshot:
        """Keep a file byte for byte, with mode, owner and extended attributes."""
        about = self.find(path)
        content = b"" if about is None else self.read(path)
        return {
            "about": about,
            "content": base64.b64encode(content).decode("ascii"),
            "missing": self._missing_above(path),
            "attributes": {} if about is None else self._attributes(path),
        }

    def restore(self, path: str, was: Snapshot) -> bool:
        """Make a file what it was; gives whether that changed anything."""
        if self.snapshot(path) == was:
            return False
        if was["about"] is None:
            if self.find(path) is not None:
                self.remove(path)
            self._remove_empty(was["missing"])
        else:
            content = base64.b64decode(was["content"])
            self._put(path, content, was["about"], was["attributes"])
        return True

    def about(self, path: str) -> About:
        """Give mode and owner of a regular file that must be there."""
        about = self.find(path)
        if about is None:
            raise Problem("file_missing")
        return about

    def find(self, path: str) -> About | None:
        """Give mode and owner of a regular file, None where there is none."""
        try:
            with entry(self.root, path) as (parent, name):
                found = os.stat(name, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(found.st_mode):
            raise Problem("not_a_regular_file")
        return _about(found)

    def files_in(self, directory: str, suffix: str) -> list[str]:
        """List the regular files of a directory with such a name, sorted; links are followed."""
        try:
            with entry(self.root, f"{directory}/x") as (parent, _):
                listed = os.listdir(parent)  # noqa: PTH208  # a path knows no open directory
        except FileNotFoundError:
            return []
        paths = [f"{directory}/{name}" for name in sorted(listed) if name.endswith(suffix)]
        return [path for path in paths if self._is_file(path)]

    def read(self, path: str) -> bytes:
        """Read a file of at most `MAX_CONTENT` bytes."""
        with entry(self.root, path) as (parent, name):
            handle = os.open(name, _READ, dir_fd=parent)
        with open(handle, "rb") as file:  # noqa: PTH123  # of a handle, not of a path
            content = file.read(MAX_CONTENT + 1)
        if len(content) > MAX_CONTENT:
            raise Problem("file_too_large")
        return content

    def write(self, path: str, content: bytes, mode: int | None = None) -> bool:
        """Replace a file, or make one; gives whether that changed anything.

        Owner and extended attributes stay, and without `mode` the mode; a new file is owned by
        whoever runs this, as are the directories that are made for it.
        """
        was = self.find(path)
        about = was or About(mode=0o644, uid=os.geteuid(), gid=os.getegid())
        if mode is not None:
            about = About(mode=mode, uid=about["uid"], gid=about["gid"])
        if was == about and self.read(path) == content:
            return False
        self._put(path, content, about, {} if was is None else self._attributes(path))
        return True

    def remove(self, path: str) -> None:
        """Remove a file, durably."""
        with entry(self.root, path) as (parent, name):
            os.unlink(name, dir_fd=parent)
            os.fsync(parent)

    def matching(self, pattern: str) -> Iterator[tuple[str, About]]:
        """Find files and directories by a path whose last part may be a pattern.

        `/**` means every regular file below, on the same file system.  Nothing is found by a
        symbolic link in the last part.
        """
        folder, _, wanted = pattern.rpartition("/")
        try:
            with entry(self.root, f"{folder}/x") as (parent, _):
                if wanted == "**":
                    yield from _below(parent, folder)
                    return
                for name in fnmatch.filter(sorted(os.listdir(parent)), wanted):  # noqa: PTH208  # a path knows no open directory
                    found = os.stat(name, dir_fd=parent, follow_symlinks=False)
                    if stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode):
                        yield f"{folder}/{name}", _about(found)
        except (FileNotFoundError, NotADirectoryError):
            return

    def about_any(self, path: str) -> About:
        """Give mode and owner of a file or a directory."""
        with entry(self.root, path) as (parent, name):
            return _about(os.stat(name, dir_fd=parent, follow_symlinks=False))

    def set_about(self, path: str, wanted: About) -> bool:
        """Set mode and owner of a file or a directory; gives whether they were others."""
        found = self.about_any(path)
        if found == wanted:
            return False
        with entry(self.root, path) as (parent, name):
            # Neither chmod nor a handle for reading will do: chmod follows links, and a mode may
            # forbid reading.  A handle of the name alone is of the file itself, whatever its mode.
            handle = os.open(name, _NAMED, dir_fd=parent)
            try:
                itself = f"/proc/self/fd/{handle}"
                if (found["uid"], found["gid"]) != (wanted["uid"], wanted["gid"]):
                    os.chown(itself, wanted["uid"], wanted["gid"])
                pathlib.Path(itself).chmod(wanted["mode"])  # after chown, which clears set-uid
            finally:
                os.close(handle)
        return True

    @contextmanager
    def candidate(self, path: str, content: bytes) -> Iterator[str]:
        """Lay content beside a file under another name, for a validator to read."""
        with entry(self.root, path) as (parent, name), _laid_beside(parent, name) as (file, beside):
            file.write(content)
            file.flush()
            yield f"/proc/{os.getpid()}/fd/{parent}/{beside}"

    def _is_file(self, path: str) -> bool:
        try:
            return self.find(path) is not None
        except Problem:  # a directory, or a link to /dev/null
            return False

    def _missing_above(self, path: str) -> list[str]:
        steps = [step for step in path.split("/") if step][:-1]
        above = ["/" + "/".join(steps[:count]) for count in range(1, len(steps) + 1)]
        return [directory for directory in above if not self._is_there(directory)]

    def _is_there(self, path: str) -> bool:
        try:
            with entry(self.root, path) as (parent, name):
                os.stat(name, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def _remove_empty(self, directories: list[str]) -> None:
        for directory in reversed(directories):
            # What others have put there meanwhile stays.
            with suppress(OSError), entry(self.root, directory) as found:
                os.rmdir(found[1], dir_fd=found[0])

    def _attributes(self, path: str) -> dict[str, str]:
        try:
            with entry(self.root, path) as (parent, name):
                handle = os.open(name, _READ, dir_fd=parent)
        except FileNotFoundError:
            return {}
        try:
            return {
                attribute: base64.b64encode(os.getxattr(handle, attribute)).decode("ascii")
                for attribute in os.listxattr(handle)
            }
        except OSError as error:
            if error.errno != errno.ENOTSUP:
                raise
            return {}
        finally:
            os.close(handle)

    def _put(self, path: str, content: bytes, about: About, attributes: dict[str, str]) -> None:
        for directory in self._missing_above(path):
            with entry(self.root, directory) as (parent, name):
                os.mkdir(name, 0o755, dir_fd=parent)
        # Whoever reads the file meanwhile, or a power cut, finds the old one or the new one.
        with entry(self.root, path) as (parent, name), _laid_beside(parent, name) as (file, beside):
            file.write(content)
            file.flush()
            # In this order: another owner takes capabilities away, and an access list among the
            # attributes sets the mode.
            os.fchown(file.fileno(), about["uid"], about["gid"])
            for attribute, value in attributes.items():
                os.setxattr(file.fileno(), attribute, base64.b64decode(value))
            os.fchmod(file.fileno(), about["mode"])
            os.fsync(file.fileno())
            os.rename(beside, name, src_dir_fd=parent, dst_dir_fd=parent)
            os.fsync(parent)


def _about(found: os.stat_result) -> About:
    return {"mode": stat.S_IMODE(found.st_mode), "uid": found.st_uid, "gid": found.st_gid}


def _below(parent: int, folder: str) -> Iterator[tuple[str, About]]:
    """Walk a directory that is open, without following links or entering another file system."""
    device = os.fstat(parent).st_dev
    for place, directories, files, handle in os.fwalk(".", dir_fd=parent):
        if os.fstat(handle).st_dev != device:
            directories.clear()
            continue
        for name in sorted(files):
            found = os.stat(name, dir_fd=handle, follow_symlinks=False)
            if stat.S_ISREG(found.st_mode):
                yield f"{folder}{place[1:]}/{name}", _about(found)


@contextmanager
def _laid_beside(parent: int, name: str) -> Iterator[tuple[BinaryIO, str]]:
    """Open a new file in the same directory; what was not renamed by then is removed."""
    beside = f".{name}.{secrets.token_hex(4)}"
    handle = os.open(beside, _NEW, 0o600, dir_fd=parent)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123  # of a handle, not of a path
            yield file, beside
    finally:
        with suppress(FileNotFoundError):
            os.unlink(beside, dir_fd=parent)
