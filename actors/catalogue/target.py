"""A host as a check sees it: the few questions from which every probe is made.

The adapters live in `runtime/hosts` and know nothing of probes, so all shapes here are structural.
"Not there" is an answer, `None`.  No answer is an error:

    UnanswerableError   asking again will not help: no rights, or a tree of files cannot know
    UnansweredError     asking went wrong: a timeout, a disk error, a file too large
"""

from collections.abc import Sequence
from typing import Protocol


class FileFacts(Protocol):
    """What `stat` says of a file, its symbolic links followed within the root."""

    @property
    def mode(self) -> int:
        """Give the permission bits, 0 to 0o7777."""
        ...

    @property
    def uid(self) -> int:
        """Give the owner's number."""
        ...

    @property
    def gid(self) -> int:
        """Give the group's number."""
        ...

    @property
    def changed_at(self) -> float:
        """Give the seconds since 1970 at which content, mode or owner was changed last."""
        ...

    @property
    def modified(self) -> float:
        """Give when it was last written, in seconds since 1970."""
        ...


class Listener(Protocol):
    """A socket that waits for others."""

    @property
    def protocol(self) -> str:
        """Give tcp or udp, whatever the version of IP."""
        ...

    @property
    def address(self) -> str:
        """Give the local address; 0.0.0.0 and :: are every address."""
        ...

    @property
    def port(self) -> int:
        """Give the local port."""
        ...


class Completed(Protocol):
    """A program that ended, or was ended."""

    @property
    def code(self) -> int:
        """Give the exit code, negative for a signal."""
        ...

    @property
    def stdout(self) -> str:
        """Give the first 64 KiB, bytes that are no UTF-8 replaced."""
        ...

    @property
    def stderr(self) -> str:
        """Give the first 64 KiB, as `stdout`."""
        ...

    @property
    def timed_out(self) -> bool:
        """Say whether its process group was killed at the deadline."""
        ...

    @property
    def truncated(self) -> bool:
        """Say whether it wrote more than is given here."""
        ...


class Target(Protocol):
    """A host, or a directory tree that stands for one.

    Paths are absolute, and mean the file within the root; no symbolic link leads out of it.
    """

    @property
    def root(self) -> str:
        """Give `/` for a machine itself, else the directory that stands for a host."""
        ...

    async def stat(self, path: str) -> FileFacts | None:
        """Look at a file."""
        ...

    async def read_text(self, path: str, cap_bytes: int) -> str | None:
        """Read a regular file of at most `cap_bytes`; a larger one is an UnansweredError."""
        ...

    async def glob(self, pattern: str) -> Sequence[str]:
        """List, sorted, the paths whose last part matches that of `pattern`."""
        ...

    async def sysctl(self, name: str) -> str | None:
        """Read a kernel setting, such as `net.ipv4.ip_forward`."""
        ...

    async def service(self, name: str) -> bool | None:
        """Say whether a service runs; None for a service that the host does not have."""
        ...

    async def processes(self) -> Sequence[str]:
        """List the names of running processes, one each."""
        ...

    async def package(self, name: str) -> str | None:
        """Give the version of an installed package."""
        ...

    async def security_updates(self) -> Sequence[str]:
        """List, sorted, the security updates that the package lists on the host know of."""
        ...

    async def listeners(self) -> Sequence[Listener]:
        """List the sockets that listen."""
        ...

    async def mount_options(self, path: str) -> Sequence[str] | None:
        """Give the options of what is mounted at exactly `path`."""
        ...

    async def disk_usage(self, path: str) -> float | None:
        """Give the used part of the file system at `path`, in percent, as users can use it."""
        ...

    async def time_synchronised(self) -> bool:
        """Say whether the kernel's clock is kept by a time service."""
        ...

    async def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float) -> Completed:
        """Run a program, never a shell string; its process group does not outlive it."""
        ...
