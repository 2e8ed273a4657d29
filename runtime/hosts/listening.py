"""Where the HTTP server listens: a Unix socket of ours alone, or a port on loopback."""

import contextlib
import stat
from collections.abc import Generator
from pathlib import Path
from socket import AF_INET, AF_UNIX, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket

import trio

from runtime.errors import ArightError

_BACKLOG = 64
_PROBE_S = 1.0


class ListenError(ArightError):
    """An address cannot be listened on."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"cannot listen on {address}: {reason}")
        self.address, self.reason = address, reason


@contextlib.contextmanager
def unix_listener(path: Path) -> Generator[trio.SocketListener, None, None]:
    """Listen on a Unix socket that only our user may open; it is removed afterwards.

    Raises:
        ListenError: somebody listens there, something else than a socket stands there, or the
            path is longer than the 107 bytes that the system allows.
    """
    wire = socket(AF_UNIX, SOCK_STREAM)
    with contextlib.closing(wire):
        try:
            _remove_stale(path)
            wire.bind(str(path))
            # Nobody can connect before `listen`, so nobody can before the mode is set.
            path.chmod(stat.S_IRUSR | stat.S_IWUSR)
            wire.listen(_BACKLOG)
        except OSError as error:
            raise ListenError(str(path), error.strerror or str(error)) from error
        try:
            yield trio.SocketListener(trio.socket.from_stdlib_socket(wire))
        finally:
            path.unlink(missing_ok=True)


def loopback_listener(port: int) -> trio.SocketListener:
    """Listen on a TCP port of 127.0.0.1; port 0 takes any that is free.

    Raises:
        ListenError: the port is in use, or not ours to take.
    """
    wire = socket(AF_INET, SOCK_STREAM)
    try:
        wire.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        wire.bind(("127.0.0.1", port))
        wire.listen(_BACKLOG)
    except OSError as error:
        wire.close()
        raise ListenError(f"127.0.0.1:{port}", error.strerror or str(error)) from error
    return trio.SocketListener(trio.socket.from_stdlib_socket(wire))


def _remove_stale(path: Path) -> None:
    """Remove a socket that nobody listens on: a process was killed."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ListenError(str(path), "something else than a socket stands there")
        with contextlib.closing(socket(AF_UNIX, SOCK_STREAM)) as probe:
            probe.settimeout(_PROBE_S)
            probe.connect(str(path))
    except FileNotFoundError:
        return
    except ConnectionRefusedError:
        path.unlink()
        return
    raise ListenError(str(path), "somebody listens there")
