"""Changes in directories of this machine, as Linux tells them: inotify(7), by the C library."""

import contextlib
import ctypes
import errno
import os
import struct
from collections.abc import Generator, Sequence
from typing import Final

import attrs
import trio

from runtime.errors import UnanswerableError

MODIFY: Final = 0x2
ATTRIB: Final = 0x4
CLOSE_WRITE: Final = 0x8
MOVED_FROM: Final = 0x40
MOVED_TO: Final = 0x80

_ONLY_DIRECTORIES: Final = 0x0100_0000
_WANTED: Final = MODIFY | ATTRIB | CLOSE_WRITE | MOVED_FROM | MOVED_TO | _ONLY_DIRECTORIES
_HEADER: Final = struct.Struct("iIII")
_READ_BYTES: Final = 65_536
_REASONS: Final = {
    errno.EACCES: "no_rights",
    errno.ENOENT: "no_such_directory",
    errno.ENOTDIR: "no_such_directory",
    errno.ENOSPC: "too_many_watches",
    errno.EMFILE: "too_many_watches",
}


@attrs.frozen
class Event:
    """Something happened to a file of a watched directory."""

    watch: int
    """What `Inotify.add` gave for the directory."""
    mask: int
    cookie: int
    """The same in both halves of a rename."""
    name: str
    """Of the file, within the directory; empty for the directory itself."""


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


@attrs.define
class Inotify:
    """A queue of the kernel's."""

    _descriptor: int
    _library: ctypes.CDLL = attrs.field(factory=_libc, repr=False)

    def add(self, directory: str) -> int:
        """Watch a directory.  Blocks as long as its file system does.

        Raises:
            UnanswerableError: no_such_directory, no_rights, too_many_watches, no_inotify.
        """
        watch = self._library.inotify_add_watch(
            self._descriptor, os.fsencode(directory), ctypes.c_uint32(_WANTED)
        )
        return _number(watch, directory)

    def remove(self, watch: int) -> None:
        """Watch a directory no more; one that is gone is none to complain about."""
        self._library.inotify_rm_watch(self._descriptor, watch)

    async def events(self) -> Sequence[Event]:
        """Wait for what happens, and give all that did."""
        while True:
            await trio.lowlevel.wait_readable(self._descriptor)
            with contextlib.suppress(BlockingIOError):
                return _events(os.read(self._descriptor, _READ_BYTES))


@contextlib.contextmanager
def open_inotify() -> Generator[Inotify]:
    """Open a queue, and close it in the end.

    Raises:
        UnanswerableError: no_inotify, too_many_watches.
    """
    library = _libc()
    try:
        start = library.inotify_init1
    except AttributeError as error:  # another kernel's C library
        raise UnanswerableError("no_inotify", "files") from error
    descriptor = _number(start(os.O_NONBLOCK | os.O_CLOEXEC), "files")
    try:
        yield Inotify(descriptor, library)
    finally:
        os.close(descriptor)


def _number(result: int, subject: str) -> int:
    if result < 0:
        raise UnanswerableError(_REASONS.get(ctypes.get_errno(), "no_inotify"), subject)
    return result


def _events(raw: bytes) -> Sequence[Event]:
    events, at = list[Event](), 0
    while at < len(raw):
        watch, mask, cookie, length = _HEADER.unpack_from(raw, at)
        at += _HEADER.size
        events.append(Event(watch, mask, cookie, os.fsdecode(raw[at : at + length].rstrip(b"\0"))))
        at += length
    return events
