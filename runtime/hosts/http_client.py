"""HTTP as a client: to the world on trio, and to our own Unix socket without it.

`HttpClient` is for `runtime.outbound` alone, which decides what may leave and where to.
`call_unix` is for the command line, whose start must not pay for httpx2 or trio.
"""

import contextlib
import ssl
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket

import attrs
import h11

from runtime.errors import ArightError

_CHUNK = 65536
MAX_REPLY = 16 * 1024 * 1024
"""Bytes that `call_unix` takes from the appliance at most."""


class HttpError(ArightError):
    """An exchange came to no answer."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"{address}: {reason}")
        self.address, self.reason = address, reason


class NobodyListensError(HttpError):
    """There is no server at a Unix socket."""


@attrs.frozen
class Reply:
    """What a server answered."""

    status: int
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """Names in lower case."""
    body: bytes = attrs.field(default=b"", repr=False)
    cut: bool = False
    """Whether the body went on after what was to be read of it."""


@attrs.define(slots=False)
class HttpClient:
    """Sends one request on one connection, under the deadline of the caller's scope.

    It follows no redirect, asks no proxy and keeps no connection: what it sends is rare.
    """

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context()  # the machine's own certificates; takes 20 ms

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, max_reply: int
    ) -> Reply:
        """Send `body`; give status, headers, and the answer's body up to `max_reply` bytes.

        With a `max_reply` of 0 the answer's body is not read.

        Raises:
            HttpError: `unreachable`, `broken_off`, `bad_answer`, or `invalid_request` of an address
                or a header that cannot be spelled: both may come of a file that holds a secret.
        """
        import httpx2  # 10 MiB that an appliance without a webhook does not need
        import trio  # which the command line does not pay for

        # A packed body of a few bytes may be a gigabyte: none is asked for, and none is taken.
        headers = {**headers, "Accept-Encoding": "identity"}
        try:
            async with (
                httpx2.AsyncClient(verify=self._trust, timeout=None, trust_env=False) as client,
                client.stream(
                    method, url, content=body or None, headers=headers, follow_redirects=False
                ) as answer,
            ):
                reply = Reply(answer.status_code, dict(answer.headers))
                if not max_reply:
                    return reply
                if reply.headers.get("content-encoding", "identity") != "identity":
                    raise HttpError(url, "bad_answer")
                read = bytearray()
                # Left by cancelling, for a generator of httpx2 that is left by `break` stays open.
                with trio.CancelScope() as enough:
                    async for chunk in answer.aiter_raw():
                        read += chunk
                        if len(read) > max_reply:
                            enough.cancel()
                return attrs.evolve(reply, body=bytes(read[:max_reply]), cut=len(read) > max_reply)
        except (httpx2.InvalidURL, httpx2.LocalProtocolError, UnicodeError) as error:
            raise HttpError(url, "invalid_request") from error
        except httpx2.ConnectError as error:
            raise HttpError(url, "unreachable") from error
        except httpx2.RemoteProtocolError as error:
            raise HttpError(url, "bad_answer") from error
        except httpx2.TransportError as error:
            raise HttpError(url, "broken_off") from error


def call_unix(
    path: Path, method: str, target: str, body: bytes = b"", *, timeout: float = 30.0
) -> Reply:
    """Ask the appliance that listens at the Unix socket `path`; wait `timeout` seconds in all.

    Raises:
        NobodyListensError: no appliance runs there.
        HttpError: `timeout`, `broken_off`, `bad_answer`, `too_large`, or the system's words.
    """
    address = str(path)
    deadline = time.monotonic() + timeout
    with contextlib.closing(socket(AF_UNIX, SOCK_STREAM)) as wire:
        try:
            wire.settimeout(timeout)
            wire.connect(address)
            return _exchange(wire, method, target, body, deadline)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NobodyListensError(address, "nobody listens") from error
        except TimeoutError as error:
            raise HttpError(address, "timeout") from error
        except ConnectionError as error:
            raise HttpError(address, "broken_off") from error
        except h11.RemoteProtocolError as error:
            raise HttpError(address, "bad_answer") from error
        except _TooLargeError as error:
            raise HttpError(address, "too_large") from error
        except OSError as error:  # no permission; a path of more than 107 bytes
            raise HttpError(address, error.strerror or str(error)) from error


class _TooLargeError(Exception):
    """The answer has more than `MAX_REPLY` bytes."""


def _exchange(wire: socket, method: str, target: str, body: bytes, deadline: float) -> Reply:
    connection = h11.Connection(h11.CLIENT)
    head = [("Host", "aright"), ("Content-Length", str(len(body))), ("Connection", "close")]
    request = connection.send(h11.Request(method=method, target=target, headers=head)) or b""
    connection.send(h11.Data(data=body))
    connection.send(h11.EndOfMessage())
    # Who refuses a request hangs up before its end; the answer is there to be read all the same.
    with contextlib.suppress(BrokenPipeError):
        wire.sendall(request + body)

    status, headers, answer = 0, dict[str, str](), bytearray()
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Response):
            status = event.status_code
            headers = {name.decode(): value.decode("latin-1") for name, value in event.headers}
        elif isinstance(event, h11.Data):
            answer += event.data
            if len(answer) > MAX_REPLY:
                raise _TooLargeError
        elif isinstance(event, h11.EndOfMessage):
            return Reply(status, headers, bytes(answer))
        elif event is h11.NEED_DATA:
            wire.settimeout(max(0.001, deadline - time.monotonic()))
            connection.receive_data(wire.recv(_CHUNK))
