"""A gRPC client on trio: grpclib's, on the asyncio island, with errors of ours.

It needs an island (`open_island`) around it.  A hop to the island costs more than a message, so a
stream takes and gives batches: one hop for whatever there is.
"""

# First: grpclib keeps asyncio's current_task as it finds it, and from Python 3.12 on the island's
# is another.
from runtime.hosts.asyncio_island import ReadAhead, in_asyncio  # isort: split

import contextlib
import os
import ssl
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, Generic, TypeVar

import attrs
import trio
from google.protobuf.message import Message
from grpclib.client import Channel, Stream, StreamStreamMethod, UnaryUnaryMethod
from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError
from h2.exceptions import H2Error

from runtime.errors import ArightError
from runtime.hosts.grpc import Code

S = TypeVar("S", bound=Message)
R = TypeVar("R", bound=Message)

WINDOW = 512
"""Answers of a stream that are read ahead of whoever takes them."""

CONNECT_S = 10.0
"""Seconds for a connection to stand, certificates and all."""


class CallFailedError(ArightError):
    """A server answered a call with a status."""

    def __init__(self, address: str, code: Code, reason: str) -> None:
        super().__init__(f"{address}: {code.name}: {reason or 'no reason given'}")
        self.address, self.code, self.reason = address, code, reason


class UnreachableError(ArightError):
    """There is no connection to a server, or it ended with calls unanswered."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"{address}: {reason}")
        self.address, self.reason = address, reason


@attrs.frozen
class Tls:
    """Whom a client trusts, and what it shows; PEM files."""

    ca: Path
    """The one certificate authority that counts; the machine's own do not."""
    own: Path | None = None
    """Key and certificate in one file, so that they are replaced as one."""

    def context(self, address: str) -> ssl.SSLContext:
        """Read the files; raises UnreachableError where one cannot be used."""
        try:
            context = ssl.create_default_context(cafile=str(self.ca))
            if self.own is not None:
                context.load_cert_chain(self.own)
        except (OSError, ssl.SSLError) as error:
            reason = f"its certificates cannot be used: {error.strerror or error}"
            raise UnreachableError(address, reason) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["h2"])
        return context


@attrs.define
class Backoff:
    """Growing pauses, each shortened by up to half: a whole site must not come back at once."""

    random: Random
    first_s: float = 1.0
    longest_s: float = 60.0
    _failures: int = attrs.field(default=0, init=False)

    def pause(self) -> float:
        """Count a failure; give the seconds until the next attempt."""
        pause = self.first_s * 2.0 ** min(self._failures, 32)  # more would overflow some day
        self._failures += 1
        return min(pause, self.longest_s) * (1 - self.random.random() / 2)

    def clear(self) -> None:
        """Begin anew: an attempt went well."""
        self._failures = 0


@attrs.define(eq=False)
class Duplex(Generic[S, R]):
    """A call with a stream on both sides; made by `Client.stream`."""

    _address: str
    _stream: Stream[S, R]
    _answers: ReadAhead[R]

    async def send(self, messages: Sequence[S]) -> None:
        """Send messages, waiting while the server takes none.

        Raises:
            CallFailedError: the server ended the call.
            UnreachableError: the connection ended.
        """

        async def send() -> None:
            for message in messages:
                await self._stream.send_message(message)

        with _typed(self._address):
            await in_asyncio(send)

    async def receive(self) -> list[R]:
        """Wait for answers and give all that came; none when the server has ended the call well.

        Raises as `send` does, after all that came before was given.
        """
        with _typed(self._address):
            return await in_asyncio(self._answers.batch)

    async def end(self) -> None:
        """Say that no more will be sent; answers still come."""
        with _typed(self._address):
            await in_asyncio(self._stream.end)


@attrs.define(eq=False)
class Client:
    """One connection; made by `connected`."""

    address: str
    _channel: Channel

    async def call(self, path: str, message: Message, answer: type[R]) -> R:
        """Ask one question; the caller's scope has the deadline.

        Raises:
            CallFailedError: the server answered with a status.
            UnreachableError: the connection ended first.
        """
        method = UnaryUnaryMethod[Any, R](self._channel, path, type(message), answer)
        with _typed(self.address):
            return await in_asyncio(method, message)

    @asynccontextmanager
    async def stream(
        self, path: str, sends: type[S], gives: type[R]
    ) -> AsyncGenerator[Duplex[S, R]]:
        """Open a call with a stream on both sides; leaving cancels it where it has not ended."""
        method = StreamStreamMethod[S, R](self._channel, path, sends, gives)

        async def begin() -> tuple[Stream[S, R], ReadAhead[R]]:
            stream = await method.open().__aenter__()
            await stream.send_request()
            return stream, ReadAhead(stream, window=WINDOW)

        with _typed(self.address), trio.fail_after(CONNECT_S):
            stream, answers = await in_asyncio(begin)
        try:
            yield Duplex(self.address, stream, answers)
        finally:
            with trio.CancelScope(shield=True):
                await in_asyncio(_leave, stream, answers)


@asynccontextmanager
async def connected(host: str, port: int, tls: Tls | None = None) -> AsyncGenerator[Client]:
    """Connect, and hang up when the block is left.

    Raises:
        UnreachableError: nobody is there, or who is there is not trusted; with the reason.
    """
    address = f"{host}:{port}"
    context = None if tls is None else tls.context(address)

    async def connect() -> Channel:
        channel = Channel(host, port, ssl=context)
        try:
            await channel.__connect__()
        except BaseException:
            channel.close()
            raise
        return channel

    async def close(channel: Channel) -> None:
        channel.close()

    with _typed(address), trio.fail_after(CONNECT_S):
        channel = await in_asyncio(connect)
    try:
        yield Client(address, channel)
    finally:
        with trio.CancelScope(shield=True):
            await in_asyncio(close, channel)


async def _leave(stream: Stream[Any, Any], answers: ReadAhead[Any]) -> None:
    answers.stop()
    # An exit with an error resets the stream and waits for nothing; which error, nobody sees.
    with contextlib.suppress(StreamTerminatedError, GRPCError, ProtocolError, H2Error, OSError):
        await stream.__aexit__(ProtocolError, ProtocolError("left"), None)


@contextlib.contextmanager
def _typed(address: str) -> Generator[None]:
    """Turn what the libraries raise into an error of ours."""
    try:
        yield
    except GRPCError as error:
        raise CallFailedError(address, Code(error.status.value), error.message or "") from error
    except ssl.SSLCertVerificationError as error:
        reason = f"its certificate is not trusted: {error.verify_message}"
        raise UnreachableError(address, reason) from error
    except ssl.SSLError as error:
        reason = (error.reason or str(error)).replace("_", " ").lower()
        raise UnreachableError(address, f"TLS failed: {reason}") from error
    except trio.TooSlowError as error:
        raise UnreachableError(address, f"no connection within {CONNECT_S:g} s") from error
    except OSError as error:
        # asyncio puts a text of its own in the place of the system's.
        text = os.strerror(error.errno) if error.errno and error.errno > 0 else None
        raise UnreachableError(address, text or error.strerror or str(error)) from error
    except UnicodeError as error:  # which looking it up raises
        raise UnreachableError(address, "no name of a host") from error
    except (StreamTerminatedError, ProtocolError, H2Error) as error:
        raise UnreachableError(address, "the connection was broken off") from error
