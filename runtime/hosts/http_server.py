"""A small HTTP/1.1 server on trio: for the control socket, and for probes on loopback."""

import math
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import attrs
import structlog
import trio

from runtime.errors import (
    ArightError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    StoreError,
)
from runtime.hosts.http_message import BadRequestError, Request, Response
from runtime.hosts.http_wire import Limits, Wire
from runtime.hosts.listening import peer_of
from runtime.mailbox import MailboxRefusedError
from runtime.vitals import where

log: structlog.stdlib.BoundLogger = structlog.get_logger()

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]
"""Answers one request.  An `ArightError` that it raises becomes the answer."""

DEFAULT_LIMITS = Limits()


async def serve_http(
    listeners: Sequence[trio.abc.Listener[trio.abc.Stream]],
    handler: Handler,
    limits: Limits = DEFAULT_LIMITS,
    *,
    task_status: trio.TaskStatus[object] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled; then take no more, and answer what was read by then, within `end_s`.

    What falls in answering one request is logged and answered with 500: the others go on.
    """
    server = _Server(handler, limits)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.hurry_at_the_end)
        await trio.serve_listeners(server.converse, list(listeners), task_status=task_status)


@attrs.define
class _Server:
    handler: Handler
    limits: Limits
    connections: Counter[str] = attrs.field(factory=Counter[str], init=False)
    """By address."""
    _answering: list[trio.CancelScope] = attrs.field(factory=list[trio.CancelScope], init=False)
    _until: float = attrs.field(default=math.inf, init=False)
    """When all must be answered, on trio's clock."""

    async def hurry_at_the_end(self) -> None:
        """When the server is to end, see to it that no peer and no handler holds it up."""
        try:
            await trio.sleep_forever()
        finally:
            self._until = trio.current_time() + self.limits.end_s
            for scope in self._answering:
                scope.deadline = self._until

    async def converse(self, stream: trio.abc.Stream) -> None:
        """Answer the requests of one connection, one after the other."""
        peer = peer_of(stream)
        self.connections[peer] += 1
        wire = Wire(stream, self.limits, peer)
        try:
            if self._is_crowded(peer):
                await wire.refuse(Response.problem(503, "too many connections"))
                return
            while request := await wire.receive():
                # What was read is answered although the server ends meanwhile.
                with trio.CancelScope(shield=True, deadline=self._until) as scope:
                    self._answering.append(scope)
                    try:
                        await wire.send(await self._answer(request))
                    finally:
                        self._answering.remove(scope)
        except BadRequestError as error:
            await wire.refuse(Response.problem(error.status, error.problem))
        finally:
            self.connections -= Counter([peer])  # leaves out whoever has none

    def _is_crowded(self, peer: str) -> bool:
        limits, mine = self.limits, self.connections[peer]
        return mine > limits.per_address or self.connections.total() > limits.connections

    async def _answer(self, request: Request) -> Response:
        try:
            with trio.fail_after(self.limits.answer_s):
                return await self.handler(request)
        except trio.TooSlowError:
            return Response.problem(504, f"no answer within {self.limits.answer_s:g} s")
        except ArightError as error:
            return Response.problem(_status_of(error), str(error))
        except Exception as error:  # noqa: BLE001  the server is the supervisor of its requests
            # Not its words: they may hold what the caller sent.
            log.error("request_fell", path=request.path, error=type(error).__name__, **where(error))  # noqa: TRY400
            return Response.problem(500, "the answer fell: see the log")


def _status_of(error: ArightError) -> int:
    match error:
        case BadRequestError():
            return error.status
        case NotFoundError():
            return 404
        case ConflictError():
            return 409
        case InvalidRequestError():
            return 422
        case MailboxRefusedError() | StoreError():
            return 503
        case _:
            return 500
