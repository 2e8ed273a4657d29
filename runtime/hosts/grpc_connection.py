"""One HTTP/2 connection of an agent: grpclib's, hardened against what stock grpclib falls over."""

from asyncio import BaseTransport, Transport
from collections.abc import Callable

import structlog
from grpclib.config import Configuration
from grpclib.protocol import AbstractHandler, EventsProcessor, H2Protocol
from h2.config import H2Configuration
from h2.events import DataReceived, Event
from hyperframe.frame import GoAwayFrame
from typing_extensions import override

log: structlog.stdlib.BoundLogger = structlog.get_logger()

_ANY_STREAM = 2**31 - 1


class Connection(H2Protocol):
    """Ignores frames it does not know, hangs up on garbage, and says so when it hangs up."""

    def __init__(
        self,
        handler: AbstractHandler,
        config: Configuration,
        h2_config: H2Configuration,
        on_lost: Callable[["Connection"], None],
    ) -> None:
        super().__init__(handler, config, h2_config)
        self._on_lost = on_lost
        self._transport: Transport | None = None

    @override
    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        if isinstance(transport, Transport):
            self._transport = transport
        self.processor = _TolerantProcessor(self.handler, self.connection)

    @override
    def data_received(self, data: bytes) -> None:
        try:
            super().data_received(data)
        except UnicodeDecodeError:  # a header that is not ASCII; h2 checks nothing else there
            log.warning("connection_dropped", reason="malformed_header")
            self.hang_up()

    @override
    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._on_lost(self)

    def hang_up(self) -> None:
        """Say that the connection ends, and close it once what was written is sent.

        Agents then know that no call was lost that they do not know of.  h2's own GOAWAY would
        forbid what still waits in its buffer, so the frame is written past it.
        """
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(GoAwayFrame(0, last_stream_id=_ANY_STREAM).serialize())
        self.processor.close("Connection closed")


class _TolerantProcessor(EventsProcessor):
    @override
    def process(self, event: Event) -> None:
        if isinstance(event, DataReceived) and not event.flow_controlled_length:
            return  # legal, and grpclib would take it for the end of the stream
        try:
            super().process(event)
        except NotImplementedError:
            # RFC 9113, section 4.1: frames of unknown types are ignored.
            log.debug("frame_ignored", kind=type(event).__name__)
