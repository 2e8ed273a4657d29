"""Who calls, who may come in, and how a call is refused."""

import enum
from typing import Protocol

import attrs
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
