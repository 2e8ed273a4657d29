"""Bytes between a connection and its socket, plain or by TLS; nothing here ever waits."""

import contextlib
import ssl
from socket import SHUT_WR, socket
from typing import Final, Protocol

import attrs
from typing_extensions import override

READ: Final = 64 * 1024
"""Bytes at once: larger buffers are mapped and unmapped by malloc at every read."""


class ClosedError(Exception):
    """The connection is over; an offence where the peer did what it may not."""

    def __init__(self, reason: str, *, offence: bool = False) -> None:
        super().__init__(reason)
        self.offence = offence


class Transport(Protocol):
    """A socket that does not block."""

    def read(self) -> bytes:
        """Give what has arrived; empty where nothing has.

        Raises:
            ClosedError: nothing will arrive any more.
        """
        ...

    def write(self, data: bytearray) -> None:
        """Send from the front of `data`, as much as the socket takes, and remove it there.

        Raises:
            ClosedError: nothing can be sent any more.
        """
        ...

    def waiting(self) -> int:
        """Count the bytes that were taken from `write` and are not sent yet."""
        ...

    def finish(self) -> None:
        """Tell the peer that nothing follows; what it still sends can be read."""
        ...

    def secured(self) -> bool:
        """Say whether the peer is known as far as it will be."""
        ...

    def certificate(self) -> bytes | None:
        """Give the peer's certificate, if it showed one; DER."""
        ...


@attrs.define(eq=False)
class Plain(Transport):
    """TCP."""

    wire: socket

    @override
    def read(self) -> bytes:
        try:
            data = self.wire.recv(READ)
        except (BlockingIOError, InterruptedError):
            return b""
        except OSError as error:
            raise ClosedError(error.strerror or "gone") from error
        if not data:
            raise ClosedError("the peer hung up")
        return data

    @override
    def write(self, data: bytearray) -> None:
        try:
            while data:
                sent = self.wire.send(data)
                del data[:sent]
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            raise ClosedError(error.strerror or "gone") from error

    @override
    def finish(self) -> None:
        with contextlib.suppress(OSError):
            self.wire.shutdown(SHUT_WR)

    @override
    def waiting(self) -> int:
        return 0

    @override
    def secured(self) -> bool:
        return True

    @override
    def certificate(self) -> bytes | None:
        return None


@attrs.define(eq=False)
class Tls(Transport):
    """TLS over TCP."""

    _plain: Plain
    _context: ssl.SSLContext
    _in: ssl.MemoryBIO = attrs.field(factory=ssl.MemoryBIO, init=False)
    _out: ssl.MemoryBIO = attrs.field(factory=ssl.MemoryBIO, init=False)
    _tls: ssl.SSLObject = attrs.field(init=False)
    _sealed: bytearray = attrs.field(factory=bytearray, init=False)
    """Records that the socket has not taken."""
    _greeted: bool = attrs.field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._tls = self._context.wrap_bio(self._in, self._out, server_side=True)

    @override
    def read(self) -> bytes:
        self._in.write(arrived := self._plain.read())
        if not arrived:
            return b""
        if not self._greeted and not self._greet():
            return b""
        return self._opened()

    @override
    def write(self, data: bytearray) -> None:
        while data and self._greeted and len(self._sealed) < READ:
            piece = data[:READ]
            self._tls.write(piece)
            del data[: len(piece)]
            self._send()
        self._send()

    @override
    def finish(self) -> None:
        with contextlib.suppress(ssl.SSLError, ClosedError):
            try:
                self._tls.unwrap()  # it waits for the peer's answer, which nobody reads
            except ssl.SSLWantReadError:
                self._send()
        self._plain.finish()

    @override
    def waiting(self) -> int:
        return len(self._sealed)

    @override
    def secured(self) -> bool:
        return self._greeted

    @override
    def certificate(self) -> bytes | None:
        return self._tls.getpeercert(binary_form=True)

    def _greet(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._send()
            return False
        except ssl.SSLError as error:
            self._send()  # an alert tells the peer why
            raise ClosedError(_reason(error), offence=True) from error
        self._greeted = True
        self._send()
        return True

    def _opened(self) -> bytes:
        parts: list[bytes] = []
        try:
            # An exception for each visit would cost more than to ask first.
            while not parts or self._in.pending or self._tls.pending():
                part = self._tls.read(READ)
                if not part:
                    raise ClosedError("the peer hung up")
                parts.append(part)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            raise ClosedError(_reason(error), offence=True) from error
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _send(self) -> None:
        self._sealed += self._out.read()
        if self._sealed:
            self._plain.write(self._sealed)


def _reason(error: ssl.SSLError) -> str:
    return f"TLS: {(error.reason or 'failed').lower().replace('_', ' ')}"
