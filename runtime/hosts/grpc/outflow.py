"""What is answered on a connection: DATA, as far as the peer's windows and the socket allow."""

from collections.abc import Callable

import attrs
from h2.connection import H2Connection
from h2.stream import H2Stream

from runtime.hosts.grpc import frames
from runtime.hosts.grpc.budget import Budget
from runtime.hosts.grpc.call import Call

_SOCKET_ROOM = 256 * 1024
"""What may wait for the socket before answers wait in their calls."""
_EARNS = 512
"""Bytes of answers that allow for another control frame: whoever reads them says so, and may send
nothing else.  Not each frame of ours, for a peer that gives a window of one byte has many."""


@attrs.define(eq=False, slots=True)
class Outflow:
    """Answers of all calls of a connection.  The windows for them are kept by h2."""

    out: bytearray
    """Bytes for the socket."""
    h2: H2Connection
    control: Budget
    emptied: Callable[[Call], None]
    """Is called when nothing is left in the outbox of a call."""

    _blocked: dict[int, Call] = attrs.field(factory=dict[int, Call], init=False)
    """Calls with answers that the peer gave no window for, or the socket no room."""
    _stalled: dict[int, float] = attrs.field(factory=dict[int, float], init=False)
    """Those of them of which nothing could be sent, and since when."""

    def push(self, call: Call) -> None:
        """Make DATA frames of what waits in a call."""
        stream = self.h2.streams[call.id]
        while call.outbox:
            room = min(
                self.h2.outbound_flow_control_window,
                stream.outbound_flow_control_window,
                frames.MAX_FRAME,
            )
            if room <= 0 or len(self.out) >= _SOCKET_ROOM:
                self._blocked[call.id] = call
                return
            self._stalled.pop(call.id, None)
            piece = call.outbox[:room]
            del call.outbox[:room]
            self.out += frames.data_head(call.id, len(piece))
            self.out += piece
            self.control.refund(len(piece) / _EARNS)
            self.h2.outbound_flow_control_window -= len(piece)
            stream.outbound_flow_control_window -= len(piece)
        self._blocked.pop(call.id, None)
        self.emptied(call)

    def go_on(self) -> None:
        """Send what waited, where there is room by now."""
        if self._blocked:
            for call in list(self._blocked.values()):
                self.push(call)

    def widen(self, call: Call | None, by: int) -> bool:
        """Take a window of a call, or of all; False where the peer may not give as much."""
        of: H2Connection | H2Stream = self.h2 if call is None else self.h2.streams[call.id]
        if not 0 < by <= frames.LARGEST_WINDOW - of.outbound_flow_control_window:
            return False
        of.outbound_flow_control_window += by
        return True

    def stuck(self, now: float, longest: float) -> list[Call]:
        """Give the calls of which nothing could be sent for so many seconds."""
        since = self._stalled.setdefault
        return [each for id_, each in self._blocked.items() if now - since(id_, now) > longest]

    def forget(self, call: Call) -> None:
        """Send nothing of a call any more."""
        self._blocked.pop(call.id, None)
        self._stalled.pop(call.id, None)
