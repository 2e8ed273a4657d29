"""A peer: its socket and its connection, and how long everything may take."""

import socket
from collections.abc import Callable

import attrs
from h2.errors import ErrorCodes

from runtime.hosts.grpc.callers import Caller, RefusedCallError
from runtime.hosts.grpc.connection import Connection, Floor
from runtime.hosts.grpc.transport import ClosedError, Transport

_LINGER_S = 2.0
"""Seconds that a peer has to take the last words and hang up.  To close on unread bytes would make
TCP take the last words back."""


@attrs.define(eq=False)
class Peer:
    """One accepted connection."""

    wire: socket.socket
    transport: Transport
    floor: Floor
    touched: Callable[["Peer"], None]
    host: str
    """Its address without the port."""
    address: str
    accepted_at: float
    ends_at: float
    """When it is too old."""
    connection: Connection | None = attrs.field(default=None, init=False)
    """None until the handshake is over."""
    gone: bool = attrs.field(default=False, init=False)
    _stuck_since: float | None = attrs.field(default=None, init=False)
    _closing_since: float | None = attrs.field(default=None, init=False)
    _finished: bool = attrs.field(default=False, init=False)

    @property
    def identity(self) -> str:
        """Whose certificate was shown."""
        return self.connection.caller.identity if self.connection else ""

    def read(self, now: float) -> None:
        """Take in what has arrived; raises ClosedError."""
        data = self.transport.read()
        if self.connection is None and self.transport.secured():
            self.connection = self._welcomed(now)
        if data and self.connection is not None:
            self.connection.receive(data, now)

    def welcome(self, now: float) -> None:
        """Begin HTTP/2 on a connection that has no handshake of its own."""
        self.connection = self._welcomed(now)

    def _welcomed(self, now: float) -> Connection:
        certificate = self.transport.certificate()
        identity, refused = "", None
        if certificate is not None:
            try:
                identity = self.floor.doorman.identify(self.address, certificate)
            except RefusedCallError as error:
                refused = error
        caller = Caller(self.address, certificate, identity)
        connection = Connection(self.floor, caller, now, self._touched)
        if refused is not None:
            connection.hang_up(ErrorCodes.INADEQUATE_SECURITY, refused.reason)
        return connection

    def _touched(self) -> None:
        self.touched(self)

    def write(self, now: float) -> None:
        """Send what waits; raises ClosedError."""
        connection = self.connection
        if connection is None or self._finished:
            return
        self.transport.write(connection.out)
        while not connection.out:
            connection.sent()
            if not connection.out:
                break
            self.transport.write(connection.out)
        if connection.closing:
            if self._closing_since is None:
                self._closing_since = now
            if not self.waiting():
                self._finished = True
                self.transport.finish()

    def waiting(self) -> int:
        """Count the bytes that wait for the socket."""
        unsent = len(self.connection.out) if self.connection and not self._finished else 0
        return self.transport.waiting() + unsent

    def look(self, now: float) -> None:
        """Judge how long everything takes; raises ClosedError where it is too long."""
        limits, connection = self.floor.limits, self.connection
        if connection is None or not connection.ready:
            if now - self.accepted_at > limits.handshake_s:
                raise ClosedError("no handshake in time", offence=True)
        elif connection.closing:
            if self._closing_since is not None and now - self._closing_since > _LINGER_S:
                raise ClosedError("did not hang up")
        else:
            self._look_at_buffer(now)
            self._look_at_calls(connection, now)
            self._look_at_silence(connection, now)
            if now > self.ends_at:
                connection.retire("the connection is old: connect again")

    def _look_at_calls(self, connection: Connection, now: float) -> None:
        limits = self.floor.limits
        if connection.calls:
            connection.busy_at = now
            connection.look(now)
        elif not connection.called and now - connection.began_at > limits.first_call_s:
            connection.hang_up(ErrorCodes.NO_ERROR, "no call in time")
        elif now - connection.busy_at > limits.idle_s:
            connection.retire("idle")

    def _look_at_silence(self, connection: Connection, now: float) -> None:
        limits = self.floor.limits
        if connection.pinged_at is not None:
            if now - connection.pinged_at > limits.pong_s:
                raise ClosedError("does not answer", offence=True)
        elif now - connection.heard_at > limits.idle_s:
            connection.ping(now)

    def _look_at_buffer(self, now: float) -> None:
        limits = self.floor.limits
        if self.waiting() <= limits.write_bytes:
            self._stuck_since = None
        elif self._stuck_since is None:
            self._stuck_since = now
        elif now - self._stuck_since > limits.write_s:
            raise ClosedError("does not read", offence=True)
