"""This machine, or a directory tree on it that stands for a host, as checks and runbooks see it.

What blocks runs in threads that a deadline abandons: a file that hangs costs a thread of this
target and nothing else, since nobody is sent after who is already lost there.
"""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import attrs
import trio

from runtime.errors import UnanswerableError, UnansweredError
from runtime.hosts import kernel, packages
from runtime.hosts.confined import Confined, Facts
from runtime.hosts.processes import Completed, run_program
from runtime.hosts.security_updates import security_updates
from runtime.hosts.services import SYSTEMD, CommandService, Service, SystemdService

T = TypeVar("T")

_THREADS: Final = 8
_PATH: Final = (
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin"
)


@attrs.frozen
class ServiceCommand:
    """How a service is run where there is no systemd."""

    start: tuple[str, ...]
    """Program and arguments; `{root}` becomes the target's root.  It stays in the foreground."""
    pid_file: str
    """Path within the root; written when we start it."""


def _resolved(path: Path) -> Path:
    return path.resolve()


def _threads() -> trio.CapacityLimiter:
    return trio.CapacityLimiter(_THREADS)


@attrs.frozen
class LocalTarget:
    """Answers the questions of `actors.catalogue.target`, and starts and stops services."""

    root_path: Path = attrs.field(default=Path("/"), converter=_resolved)
    services: Mapping[str, ServiceCommand] = attrs.field(factory=dict[str, ServiceCommand])
    _threads: trio.CapacityLimiter = attrs.field(factory=_threads, init=False, eq=False)
    _hung: set[str] = attrs.field(factory=set[str], init=False, eq=False)
    """Paths at which an abandoned look has not come back."""

    @property
    def root(self) -> str:
        """Give `/`, or the directory that stands for a host."""
        return str(self.root_path)

    async def stat(self, path: str) -> Facts | None:
        """Look at a file; None where it is not there."""
        return await self._look(path, lambda: self._files.stat(path))

    async def read_text(self, path: str, cap_bytes: int) -> str | None:
        """Read a regular file; None where it is not there."""
        content = await self._look(path, lambda: self._files.read(path, cap_bytes))
        return None if content is None else content.decode(errors="replace")

    async def glob(self, pattern: str) -> Sequence[str]:
        """List, sorted, the paths whose last part matches that of `pattern`."""
        return await self._look(pattern, lambda: self._files.glob(pattern))

    async def disk_usage(self, path: str) -> float | None:
        """Give the used part of the file system at `path` in percent."""
        return await self._look(path, lambda: self._files.disk_usage(path))

    async def sysctl(self, name: str) -> str | None:
        """Read a kernel setting."""
        self._only_the_machine(name)
        return await self._in_thread(lambda: kernel.sysctl(name))

    async def listeners(self) -> Sequence[kernel.ListeningSocket]:
        """List the sockets that listen."""
        self._only_the_machine("listening sockets")
        return await self._in_thread(kernel.listening_sockets)

    async def mount_options(self, path: str) -> Sequence[str] | None:
        """Give the options of what is mounted at exactly `path`."""
        self._only_the_machine(path)
        return await self._in_thread(lambda: kernel.mount_options(path))

    async def time_synchronised(self) -> bool:
        """Say whether the kernel's clock is kept by a time service."""
        self._only_the_machine("time")
        return await self._in_thread(kernel.time_synchronised)

    async def processes(self) -> Sequence[str]:
        """List the names of running processes; of a tree those whose working directory it is."""
        within = None if self._is_the_machine else self.root_path
        return await self._in_thread(lambda: kernel.process_names(within))

    async def package(self, name: str) -> str | None:
        """Give the version of an installed package."""
        if await self._in_thread(lambda: packages.has_dpkg(self._files)):
            return await self._in_thread(lambda: packages.dpkg_version(self._files, name))
        if not await self._in_thread(lambda: packages.has_rpm(self._files)):
            raise UnanswerableError("no_package_database", name)
        self._only_the_machine(name)
        return await packages.rpm_version(self.run, name)

    async def security_updates(self) -> Sequence[str]:
        """List the security updates that apt's lists know of, as it last fetched them."""
        return await self._in_thread(lambda: security_updates(self._files))

    async def service(self, name: str) -> bool | None:
        """Say whether a service runs; None for a service that the host does not have."""
        return await self._service(name).running()

    async def start_service(self, name: str) -> None:
        """Start a service, if it does not run; raises UnansweredError where it cannot be."""
        await self._service(name).start()

    async def stop_service(self, name: str) -> None:
        """Stop a service, if it runs."""
        await self._service(name).stop()

    async def restart_service(self, name: str) -> None:
        """Stop and start a service."""
        service = self._service(name)
        await service.stop()
        await service.start()

    async def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float) -> Completed:
        """Run a program of this machine in the root, which it also finds in ARIGHT_ROOT.

        It inherits nothing of our environment, and its process group does not outlive it.

        Raises:
            UnanswerableError: no_such_program, no_root, no_rights, bad_argument.
        """
        environment = {"PATH": _PATH, "LC_ALL": "C.UTF-8", "HOME": "/", "ARIGHT_ROOT": self.root}
        return await run_program(
            argv, stdin=stdin, timeout_s=timeout_s, cwd=self.root, environment=environment
        )

    @property
    def _files(self) -> Confined:
        return Confined(self.root_path)

    @property
    def _is_the_machine(self) -> bool:
        return self.root == os.sep

    def _only_the_machine(self, question: str) -> None:
        if not self._is_the_machine:
            raise UnanswerableError("not_answerable_in_root", question)

    def _service(self, name: str) -> Service:
        command = self.services.get(name)
        if command is not None:
            argv = tuple(part.replace("{root}", self.root) for part in command.start)
            return CommandService(argv, command.pid_file, self._files, self.run)
        self._only_the_machine(name)
        if SYSTEMD.is_dir():
            return SystemdService(name, self.run)
        raise UnanswerableError("no_service_manager", name)

    async def _look(self, path: str, look: Callable[[], T]) -> T:
        if path in self._hung:
            raise UnansweredError("hangs", path)
        begun, ended = threading.Event(), threading.Event()

        def watched() -> T:
            begun.set()
            try:
                return look()
            finally:
                ended.set()
                self._hung.discard(path)

        try:
            return await self._in_thread(watched)
        except trio.Cancelled:
            if begun.is_set():
                self._hung.add(path)
            if ended.is_set():  # it came back while we noted that
                self._hung.discard(path)
            raise

    async def _in_thread(self, look: Callable[[], T]) -> T:
        return await trio.to_thread.run_sync(look, abandon_on_cancel=True, limiter=self._threads)
