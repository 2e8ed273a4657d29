"""What the server serves.

A service is an object as grpclib's plugin for protoc generates it: `__mapping__` names the methods,
their cardinality and their messages.  Its methods get a stream (see `stream.py`) and run as
ordinary trio tasks.

A service may also have `__batches__`: calls with a stream on both sides that are answered for all
streams at once, whatever arrived while the last batch was being answered.  Messages of one stream
stay in order, and all of them share whatever is dear in answering, such as a flush of the disk.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, cast, runtime_checkable

import attrs
from google.protobuf.message import Message
from grpclib.const import Handler
from grpclib.protocol import Peer

from runtime.hosts.grpc.callers import Caller


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
