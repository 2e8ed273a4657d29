"""Which program wrote a file: inotify says that it was written, /proc who has it open.

A program that wrote quickly has closed the file by then.  Who replaces a file by rename is known
from the temporary file beside it; else the process that started last is named as a guess.
"""

import contextlib
import datetime as dt
import os
from collections.abc import Collection, Generator, Sequence
from typing import Final

import attrs
import structlog
import trio

from runtime.errors import UnanswerableError
from runtime.hosts.inotify import MOVED_FROM, MOVED_TO, Event, Inotify, open_inotify
from runtime.hosts.open_files import Look, look
from runtime.writers import Writer

log: structlog.stdlib.BoundLogger = structlog.get_logger(service="file_writers")

WATCHED: Final = 64
"""Files watched at the same time: those asked for last."""
_DRAFTS: Final = 64
_WITHIN_S: Final = 1.0
"""For a file system that hangs."""
_SAME_S: Final = 1.0
"""Changes of a file that are so close belong to one write."""
_REST: Final = 4
"""A directory in which much is written costs a fifth of a core at most."""


@attrs.frozen
class _File:
    place: str
    """Without symbolic links, as the kernel spells it."""
    watch: int
    """That of its directory."""


@attrs.frozen
class _Sighting:
    changed_at: float
    writer: Writer | None


@attrs.define(eq=False)
class FileWriters:
    """Watches the directories of a few files, and remembers who changed each file last."""

    _inotify: Inotify
    _ours: int = attrs.field(factory=os.getpid)
    _files: dict[tuple[str, str], _File] = attrs.field(
        factory=dict[tuple[str, str], _File], init=False
    )
    _seen: dict[str, _Sighting] = attrs.field(factory=dict[str, _Sighting], init=False)
    _drafts: dict[str, Writer | None] = attrs.field(factory=dict[str, Writer | None], init=False)
    """Who wrote the files beside the watched ones; None for us."""
    _threads: trio.CapacityLimiter = attrs.field(
        factory=lambda: trio.CapacityLimiter(2), init=False
    )

    async def watch(self, root: str, path: str) -> None:
        """Watch a file from now on; the one asked for longest ago gives way."""

        def add() -> _File:
            place = _place(root, path)
            return _File(place, self._inotify.add(os.path.dirname(place)))  # noqa: PTH120  # as spelled

        with trio.move_on_after(_WITHIN_S):
            try:
                file = await trio.to_thread.run_sync(
                    add, abandon_on_cancel=True, limiter=self._threads
                )
            except UnanswerableError as error:
                log.info("file_not_watched", path=path, reason=error.reason)
                return
            self._keep((root, path), file)

    def of(self, root: str, path: str, at: dt.datetime) -> Writer | None:
        """Say who made the change that the file system dates `at`."""
        file = self._files.get((root, path))
        sighting = None if file is None else self._seen.get(file.place)
        if sighting is None or abs(sighting.changed_at - at.timestamp()) > _SAME_S:
            return None
        return sighting.writer

    async def run(self) -> None:
        """Look at who writes whenever something is written."""
        while True:
            events = await self._inotify.events()
            begun = trio.current_time()
            await self._judge(events)
            await trio.sleep(_REST * (trio.current_time() - begun))

    async def _judge(self, events: Sequence[Event]) -> None:
        touched, drafts = self._touched(events)
        if not touched:
            return
        files = touched & {file.place for file in self._files.values()}

        def see() -> tuple[Look, dict[str, float]]:
            return look(touched, self._ours), _changed_at(files)

        seen, changed_at = await trio.to_thread.run_sync(
            see, abandon_on_cancel=True, limiter=self._threads
        )
        self._drafts.update(
            {place: who for place, who in seen.open_by.items() if place not in files}
        )
        for place, when in changed_at.items():
            self._record(place, when, self._who(place, drafts.get(place, ""), seen))
        while len(self._drafts) > _DRAFTS:
            del self._drafts[next(iter(self._drafts))]

    def _touched(self, events: Sequence[Event]) -> tuple[set[str], dict[str, str]]:
        """List what was touched, and what was renamed from which temporary file."""
        # Read off the files each time: there are few, and nothing else has to be kept in step.
        directories = {file.watch: os.path.dirname(file.place) for file in self._files.values()}  # noqa: PTH120
        touched, moved, drafts = set[str](), dict[int, str](), dict[str, str]()
        for event in events:
            directory = directories.get(event.watch)
            if directory is None or not event.name:
                continue
            place = f"{directory.rstrip('/')}/{event.name}"
            touched.add(place)
            if event.mask & MOVED_FROM:
                moved[event.cookie] = place
            elif event.mask & MOVED_TO and event.cookie in moved:
                drafts[place] = moved[event.cookie]
        return touched, drafts

    def _who(self, place: str, draft: str, seen: Look) -> Writer | None:
        for known, name in ((seen.open_by, place), (self._drafts, draft)):
            if name in known:
                return known[name]
        return seen.youngest

    def _record(self, place: str, changed_at: float, writer: Writer | None) -> None:
        before = self._seen.get(place)
        if before is not None and before.writer is not None:
            same = changed_at - before.changed_at <= _SAME_S
            # The file was closed after it was seen open: that says nothing new.
            if same and (writer is None or not writer.seen):
                return
        self._seen[place] = _Sighting(changed_at, writer)

    def _keep(self, key: tuple[str, str], file: _File) -> None:
        gone = [self._files.pop(key, file)]
        self._files[key] = file
        if len(self._files) > WATCHED:
            gone.append(self._files.pop(next(iter(self._files))))
        watches = {each.watch for each in self._files.values()}
        places = {each.place for each in self._files.values()}
        for each in gone:
            if each.watch not in watches:
                self._inotify.remove(each.watch)
            if each.place not in places:
                self._seen.pop(each.place, None)


@contextlib.contextmanager
def open_writers() -> Generator[FileWriters | None]:
    """Get ready to watch files; None where this machine has no inotify to give."""
    with contextlib.ExitStack() as stack:
        try:
            inotify = stack.enter_context(open_inotify())
        except UnanswerableError as error:
            log.warning("writers_unknown", reason=error.reason)
            yield None
            return
        yield FileWriters(inotify)


def _place(root: str, path: str) -> str:
    """Resolve a path; raises UnanswerableError where a link leads out of the root."""
    top = os.path.realpath(root)
    place = os.path.realpath(os.path.join(top, path.lstrip("/")))  # noqa: PTH118  # as spelled
    if os.path.commonpath([top, place]) != top:
        raise UnanswerableError("outside_root", path)
    return place


def _changed_at(places: Collection[str]) -> dict[str, float]:
    found = dict[str, float]()
    for place in places:
        with contextlib.suppress(OSError):  # gone again
            found[place] = os.lstat(place).st_ctime
    return found
