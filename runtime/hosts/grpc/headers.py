"""What the headers of a call say, and what ours answer.

Source: grpc/doc/PROTOCOL-HTTP2.md.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias, cast

import attrs
from grpclib.metadata import encode_grpc_message, encode_metadata
from multidict import MultiDict

from runtime.hosts.grpc.callers import Code, RefusedCallError

Headers: TypeAlias = list[tuple[str, str]]
Metadata: TypeAlias = MultiDict[str | bytes]

_TIMEOUT: Final = re.compile(r"(\d{1,8})([HMSmun])")
_SECONDS: Final = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_OURS: Final = frozenset({"te", "content-type", "user-agent"})
_HEAD: Final = [
    (":status", "200"),
    ("content-type", "application/grpc+proto"),
    ("grpc-accept-encoding", "identity"),
]


class NotGrpcError(Exception):
    """A request that no gRPC client makes; it is answered with a status of HTTP."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@attrs.frozen
class Head:
    """What a client says before its first message."""

    path: str
    timeout_s: float | None
    metadata: Metadata
    encoding: str
    """How its messages are compressed."""


def head_of(raw: Iterable[tuple[bytes, bytes]]) -> Head:
    """Read the headers that begin a call; h2 has checked what HTTP/2 demands.

    Raises:
        NotGrpcError: it is another kind of request.
        RefusedCallError: INVALID_ARGUMENT, a header is malformed.
    """
    try:
        headers = [(name.decode("ascii"), value.decode("ascii")) for name, value in raw]
    except UnicodeDecodeError as error:
        raise RefusedCallError(Code.INVALID_ARGUMENT, "a header is not ASCII") from error
    said = dict(headers)
    if said.get(":method") != "POST":
        raise NotGrpcError(405)
    kind = said.get("content-type", "")
    if kind != "application/grpc" and not kind.startswith(
        ("application/grpc+", "application/grpc;")
    ):
        raise NotGrpcError(415)
    return Head(
        said.get(":path", ""),
        _seconds(said["grpc-timeout"]) if "grpc-timeout" in said else None,
        _metadata(headers),
        said.get("grpc-encoding", "identity"),
    )


def _seconds(text: str) -> float:
    found = _TIMEOUT.fullmatch(text)
    if found is None:
        raise RefusedCallError(Code.INVALID_ARGUMENT, "grpc-timeout is malformed")
    return int(found[1]) * _SECONDS[found[2]]


def _metadata(headers: Headers) -> Metadata:
    metadata: Metadata = MultiDict()
    for name, value in headers:
        if name.startswith((":", "grpc-")) or name in _OURS:
            continue
        if name.endswith("-bin"):
            for each in value.split(","):  # several values in one header
                metadata.add(name, _binary(name, each))
        else:
            metadata.add(name, value)
    return metadata


def _binary(name: str, value: str) -> bytes:
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except binascii.Error as error:
        raise RefusedCallError(Code.INVALID_ARGUMENT, f"{name} is not base64") from error


def initial(metadata: Iterable[tuple[str, str | bytes]] = ()) -> Headers:
    """Begin an answer."""
    return [*_HEAD, *_spelled(metadata)]


def trailing(
    code: int,
    reason: str | None,
    metadata: Iterable[tuple[str, str | bytes]] = (),
    *,
    begun: bool,
) -> Headers:
    """End an answer; one that has not begun consists of this alone."""
    headers: Headers = [] if begun else [*_HEAD]
    headers.append(("grpc-status", str(int(code))))
    if reason:
        headers.append(("grpc-message", encode_grpc_message(reason)))
    headers.extend(_spelled(metadata))
    return headers


def _spelled(metadata: Iterable[tuple[str, str | bytes]]) -> Sequence[tuple[str, str]]:
    return cast("Sequence[tuple[str, str]]", encode_metadata(list(metadata)))
