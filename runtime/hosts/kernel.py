"""What the kernel of this machine says: settings, sockets, mounts, processes, its clock."""

import ctypes
import errno
import ipaddress
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

from runtime.errors import UnanswerableError, UnansweredError

PROC: Final = Path("/proc")

_TCP_LISTEN: Final = "0A"
_UDP_UNCONNECTED: Final = "07"
_IPV4_DIGITS: Final = 8
_TIMEX_BYTES: Final = 512
"""More than `struct timex` has on any machine."""
_TIME_ERROR: Final = 5


@attrs.frozen
class ListeningSocket:
    """A socket that waits for others."""

    protocol: str
    address: str
    port: int


def sysctl(name: str) -> str | None:
    """Read a kernel setting by its dotted name; None where the kernel does not know it.

    Raises:
        UnanswerableError: no_rights.
        UnansweredError: io_error.
    """
    if not (PROC / "sys").is_dir():
        raise UnanswerableError("no_procfs", name)
    try:
        return " ".join((PROC / "sys" / name.replace(".", "/")).read_text("utf-8").split())
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise UnanswerableError("no_rights", name) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UnansweredError("io_error", name) from error


def listening_sockets() -> list[ListeningSocket]:
    """List the TCP and UDP sockets of this machine that listen, of both versions of IP."""
    return [
        socket
        for protocol in ("tcp", "udp")
        for table in (protocol, f"{protocol}6")
        for socket in _sockets(_table(table), protocol)
    ]


def _table(name: str) -> str:
    try:
        return (PROC / "net" / name).read_text("ascii")
    except FileNotFoundError:
        if name.endswith("6") and (PROC / "net").is_dir():
            return ""  # a kernel without IPv6
        raise UnanswerableError("no_procfs", name) from None
    except OSError as error:
        raise UnanswerableError("no_rights", name) from error


def _sockets(table: str, protocol: str) -> Iterator[ListeningSocket]:
    wanted = _TCP_LISTEN if protocol == "tcp" else _UDP_UNCONNECTED
    for row in table.splitlines()[1:]:
        _, local, _, state, *_ = row.split()
        if state == wanted:
            address, _, port = local.partition(":")
            yield ListeningSocket(protocol, _address(address), int(port, 16))


def _address(digits: str) -> str:
    # The kernel prints each 32-bit word in the byte order of the machine.
    words = [int(digits[start : start + 8], 16) for start in range(0, len(digits), 8)]
    raw = b"".join(ctypes.c_uint32(word) for word in words)
    kind = ipaddress.IPv4Address if len(digits) == _IPV4_DIGITS else ipaddress.IPv6Address
    return str(kind(raw))


def mount_options(path: str) -> list[str] | None:
    """Give the options of what is mounted at a path; the last mount lies on top."""
    try:
        table = (PROC / "self" / "mounts").read_text("utf-8", errors="surrogateescape")
    except OSError as error:
        raise UnanswerableError("no_procfs", path) from error
    options: list[str] | None = None
    for row in table.splitlines():
        _, point, _, text, *_ = row.split(" ")
        if _unescaped(point) == (path.rstrip("/") or "/"):
            options = text.split(",")
    return options


def _unescaped(text: str) -> str:
    for octal, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(octal, character)
    return text


def process_names(within: Path | None = None) -> list[str]:
    """List the names of running processes; with `within` of those that live in that directory.

    A process lives in a tree when its working directory or its own root lies there.  Its name is
    the program's, or the first argument's where the kernel has cut the program's to 15 characters.
    """
    names: list[str] = []
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (within is None or _lives_in(entry, within)):
            name = process_name(int(entry.name))
            if name is not None:
                names.append(name)
    return sorted(names)


def process_name(pid: int) -> str | None:
    """Give the name of a running process; None where it has ended, a zombie included."""
    try:
        status = (PROC / str(pid) / "stat").read_text("utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    except OSError as error:
        raise UnanswerableError("no_rights", f"process {pid}") from error
    name, _, rest = status.partition("(")[2].rpartition(")")
    if rest.split()[0] in {"Z", "X"}:
        return None
    arguments = process_argv(pid)
    spelled = os.path.basename(arguments[0]) if arguments else ""  # noqa: PTH119  # argv, no path
    return spelled if spelled.startswith(name) else name


def process_argv(pid: int) -> list[str]:
    """Give the arguments with which a process was started; none where nobody may know."""
    try:
        raw = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return [each.decode(errors="replace") for each in raw.rstrip(b"\0").split(b"\0")] if raw else []


def _lives_in(entry: Path, tree: Path) -> bool:
    for place in ("cwd", "root"):
        try:
            lives = (entry / place).readlink()
        except OSError:
            continue  # it ended meanwhile, or is somebody else's
        if lives == tree or tree in lives.parents:
            return True
    return False


def time_synchronised() -> bool:
    """Ask the kernel whether a time service keeps its clock.

    Source: adjtimex(2): with no mode set it only reads, and TIME_ERROR means not synchronised.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    state = libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    if state < 0:
        code = errno.errorcode.get(ctypes.get_errno(), "unknown")
        raise UnanswerableError("no_rights" if code == "EPERM" else "io_error", "adjtimex")
    return bool(state != _TIME_ERROR)
