"""A host in memory: answers the questions of a `Target` without threads, on any clock."""

import datetime as dt
import fnmatch
from collections.abc import Sequence

import attrs
import trio

from runtime.errors import UnanswerableError
from runtime.hosts.confined import Facts
from runtime.hosts.kernel import ListeningSocket
from runtime.hosts.processes import Completed

VIRTUAL_EPOCH = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
"""What a host in memory calls the virtual time 0."""


def _virtual_now() -> float:
    """Read the virtual time, 0 where none runs."""
    try:
        return trio.current_time()
    except RuntimeError:
        return 0.0


def _stamped(file: "FakeFile", changed: "attrs.Attribute[object]", value: object) -> object:
    if changed.name != "changed_at":
        file.changed_at = _virtual_now()
    return value


@attrs.define(on_setattr=_stamped)
class FakeFile:
    """A regular file."""

    text: str = ""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    modified: float = 0.0
    changed_at: float = attrs.field(factory=_virtual_now, kw_only=True)
    """Virtual time of the last write or change of mode."""


@attrs.define
class FakeTarget:
    """What a host would say.  Each question takes `delay_s`, as a slow host's would."""

    files: dict[str, FakeFile] = attrs.field(factory=dict[str, FakeFile])
    services: dict[str, bool] = attrs.field(factory=dict[str, bool])
    sysctls: dict[str, str] = attrs.field(factory=dict[str, str])
    packages: dict[str, str] = attrs.field(factory=dict[str, str])
    updates: list[str] = attrs.field(factory=list[str])
    sockets: list[ListeningSocket] = attrs.field(factory=list[ListeningSocket])
    programs: dict[tuple[str, ...], Completed] = attrs.field(
        factory=dict[tuple[str, ...], Completed]
    )
    ran: list[tuple[tuple[str, ...], bytes]] = attrs.field(
        factory=list[tuple[tuple[str, ...], bytes]]
    )
    delay_s: float = 0.0
    asked_at_once: int = 0
    most_at_once: int = 0
    root: str = "/"

    async def _asked(self) -> None:
        self.asked_at_once += 1
        self.most_at_once = max(self.most_at_once, self.asked_at_once)
        try:
            await trio.sleep(self.delay_s)
        finally:
            self.asked_at_once -= 1

    async def stat(self, path: str) -> Facts | None:
        await self._asked()
        file = self.files.get(path)
        if file is None:
            return None
        changed_at = VIRTUAL_EPOCH.timestamp() + file.changed_at
        return Facts(file.mode, file.uid, file.gid, len(file.text), changed_at, file.modified)

    async def read_text(self, path: str, cap_bytes: int) -> str | None:  # noqa: ARG002
        await self._asked()
        file = self.files.get(path)
        return None if file is None else file.text

    async def glob(self, pattern: str) -> Sequence[str]:
        await self._asked()
        return sorted(fnmatch.filter(self.files, pattern))

    async def sysctl(self, name: str) -> str | None:
        await self._asked()
        return self.sysctls.get(name)

    async def service(self, name: str) -> bool | None:
        await self._asked()
        return self.services.get(name)

    async def start_service(self, name: str) -> None:
        await self._asked()
        self.services[name] = True

    async def stop_service(self, name: str) -> None:
        await self._asked()
        self.services[name] = False

    async def restart_service(self, name: str) -> None:
        await self.start_service(name)

    async def processes(self) -> Sequence[str]:
        await self._asked()
        return sorted(name for name, running in self.services.items() if running)

    async def package(self, name: str) -> str | None:
        await self._asked()
        return self.packages.get(name)

    async def security_updates(self) -> Sequence[str]:
        await self._asked()
        return self.updates

    async def listeners(self) -> Sequence[ListeningSocket]:
        await self._asked()
        return self.sockets

    async def mount_options(self, path: str) -> Sequence[str] | None:
        await self._asked()
        return ("rw",) if path == "/" else None

    async def disk_usage(self, path: str) -> float | None:  # noqa: ARG002
        await self._asked()
        return 50.0

    async def time_synchronised(self) -> bool:
        await self._asked()
        return True

    async def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float) -> Completed:
        with trio.move_on_after(timeout_s):
            await self._asked()
            self.ran.append((tuple(argv), stdin))
            if tuple(argv) not in self.programs:
                raise UnanswerableError("no_such_program", argv[0])
            return self.programs[tuple(argv)]
        return Completed(-9, "", "", timed_out=True)
