"""What the server serves, and what it tells the service of its callers.

A service is an object as grpclib's plugin for protoc generates it: `__mapping__` names the methods,
their cardinality and their messages.  Its methods get a stream (see `stream.py`) and run as
ordinary trio tasks.

A service may also have `__batches__`: calls with a stream on both sides that are answered for all
streams at once, whatever arrived while the last batch was being answered.  Messages of one stream
stay in order, and all of them share whatever is dear in answering, such as a flush of the disk.
"""

import enum
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, cast, runtime_checkable

import attrs
from google.protobuf.message import Message
from grpclib.const import Handler
from grpclib.protocol import Peer
from typing_extensions import override

from runtime.errors import ArightError


class Code(enum.IntEnum):
    """The status codes of gRPC.  Source: grpc/doc/statuscodes.md."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class RefusedCallError(ArightError):
    """A call ends with this status instead of an answer."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@attrs.frozen(eq=False)
class Caller:
    """Who calls: one for a connection."""

    address: str
    """Host and port, as in 192.0.2.7:51234."""
    certificate: bytes | None = None
    """DER; None where the connection showed none."""
    identity: str = ""
    """As the doorman gave it; empty without a certificate."""

    @property
    def host(self) -> str:
        """Give the address without the port."""
        return self.address.rpartition(":")[0]


class Doorman(Protocol):
    """Says who may come in; asked on trio's thread, so it must know by heart."""

    def identify(self, address: str, certificate: bytes) -> str:
        """Name who showed a certificate, once, after the handshake.

        Raises:
            RefusedCallError: the connection is closed.
        """
        ...

    def admit(self, caller: Caller, path: str) -> None:
        """Let a call begin, or go on: asked as it opens, and then every minute.

        Raises:
            RefusedCallError: the call ends with its status.
        """
        ...


class OpenDoor(Doorman):
    """Lets everybody in: for a loopback address, and for tests."""

    @override
    def identify(self, address: str, certificate: bytes) -> str:
        return ""

    @override
    def admit(self, caller: Caller, path: str) -> None:
        return


class Service(Protocol):
    """What grpclib generates, with the methods filled in."""

    def __mapping__(self) -> Mapping[str, Handler]:
        """Give the methods by path."""
        ...


# What a route takes and gives is its own affair: grpclib's mapping ties them, untyped.
Answer: TypeAlias = Callable[[Sequence[Caller], Sequence[Any]], Awaitable[Sequence[Message]]]
"""Gets messages, and who sent each; gives an answer for each, in their order."""


@runtime_checkable
class Batching(Protocol):
    """A service of which some calls are answered batch by batch."""

    def __batches__(self) -> Mapping[str, Answer]:
        """Give the answering functions by path."""
        ...


_Handle: TypeAlias = Callable[[Any], Awaitable[None]]  # Any: grpclib's stream, or ours for it
_Typed: TypeAlias = tuple[_Handle, tuple[bool, bool], type[Message], type[Message]]


@attrs.frozen
class Route:
    """One method of a service."""

    path: str
    handle: _Handle
    streams: tuple[bool, bool]
    """Whether the client, and whether the server, sends any number of messages."""
    takes: type[Message]
    gives: type[Message]
    answer: Answer | None = None
    """Set where it is answered batch by batch."""

    @property
    def client_streaming(self) -> bool:
        """Say whether the client sends any number of messages."""
        return self.streams[0]

    @property
    def server_streaming(self) -> bool:
        """Say whether the server does."""
        return self.streams[1]


def routes_of(service: Service) -> dict[str, Route]:
    """Give the methods of a service by path."""
    batches: Mapping[str, Answer] = {}
    if isinstance(service, Batching):
        batches = service.__batches__()
    return {
        path: Route(path, *cast("_Typed", handler), batches.get(path))
        for path, handler in service.__mapping__().items()
    }


def caller_of(stream: object) -> Caller:
    """Tell who called, inside a method of a service.

    Of another server's stream only the address is known.
    """
    caller: object = getattr(stream, "caller", None)
    if isinstance(caller, Caller):
        return caller
    peer: object = getattr(stream, "peer", None)
    at = peer.addr() if isinstance(peer, Peer) else None
    return Caller(":".join(str(part) for part in at[:2]) if at else "")
