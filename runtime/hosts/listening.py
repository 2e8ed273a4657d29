"""Where the HTTP server listens: a Unix socket of ours alone, a port on loopback, or with TLS."""

import contextlib
import stat
from collections.abc import Callable, Generator
from pathlib import Path
from socket import (
    AF_INET,
    AF_INET6,
    AF_UNIX,
    SO_REUSEADDR,
    SOCK_STREAM,
    SOL_SOCKET,
    create_server,
    socket,
)
from ssl import SSLContext
from typing import cast

import attrs
import trio
from typing_extensions import override

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


def tcp_listener(host: str, port: int) -> trio.SocketListener:
    """Listen on a TCP port of an address; port 0 takes any that is free.

    Raises:
        ListenError: the port is in use, or cannot be bound.
    """
    try:
        wire = create_server((host, port), family=AF_INET6 if ":" in host else AF_INET)
    except OSError as error:
        raise ListenError(f"{host}:{port}", error.strerror or str(error)) from error
    return trio.SocketListener(trio.socket.from_stdlib_socket(wire))


@attrs.frozen
class TlsListener(trio.abc.Listener[trio.abc.Stream]):
    """Speaks TLS on what another listener accepts; the handshake is part of the first read."""

    listener: trio.SocketListener
    context: Callable[[], SSLContext]
    """Gives the context for the next connection."""

    @override
    async def accept(self) -> trio.abc.Stream:
        stream = await self.listener.accept()
        # An answer says how long it is, so that nobody needs to be told of the end.
        return trio.SSLStream(stream, self.context(), server_side=True, https_compatible=True)

    @override
    async def aclose(self) -> None:
        await self.listener.aclose()


def peer_of(stream: trio.abc.Stream) -> str:
    """Name the address at the other end, without the port; empty where it has none."""
    inner: object = stream
    if isinstance(stream, trio.SSLStream):
        inner = cast("trio.SSLStream[trio.abc.Stream]", stream).transport_stream
    if not isinstance(inner, trio.SocketStream):
        return ""
    try:
        name = cast("object", inner.socket.getpeername())
    except OSError:  # gone already
        return ""
    return str(cast("tuple[object, ...]", name)[0]) if isinstance(name, tuple) else ""


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
