"""One HTTP/2 connection, without I/O: bytes go in, calls and messages come out, bytes wait to go.

Here frames are told apart, and calls begin and end.  Messages are cut in `inflow`, answers go by
`outflow`.  h2 keeps the state of the connection and of its streams; only DATA, PING and
WINDOW_UPDATE pass it by.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import attrs
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from hpack import HPACKError

from runtime.hosts.grpc import frames
from runtime.hosts.grpc.budget import Budget
from runtime.hosts.grpc.call import Call, Ending, Wire
from runtime.hosts.grpc.callers import Caller, Code, Doorman, RefusedCallError
from runtime.hosts.grpc.headers import Head, Headers, NotGrpcError, head_of, initial, trailing
from runtime.hosts.grpc.inflow import Inflow
from runtime.hosts.grpc.limits import WINDOW_S, Limits
from runtime.hosts.grpc.outflow import Outflow
from runtime.hosts.grpc.permits import Pool
from runtime.hosts.grpc.service import Route

_H2 = H2Configuration(
    client_side=False,
    header_encoding=None,
    validate_inbound_headers=True,
    # Ours are well-formed; checking them again costs as much as sending them.
    validate_outbound_headers=False,
    normalize_outbound_headers=False,
)
_HEADER_LIST_BYTES = 16 * 1024
_CUT_OFF = 256
"""Streams that are remembered which we ended before the peer did."""
_PING_BYTES = 8
_INCREMENT_BYTES = 4
_GOAWAY_BYTES = 8


class Floor(Protocol):
    """Where calls are answered: the server, as its connections know it."""

    routes: Mapping[str, Route]
    limits: Limits
    pool: Pool
    doorman: Doorman

    def begin(self, call: Call) -> None:
        """Run the method of a call."""
        ...

    def arrived(self, call: Call) -> None:
        """Put a call that is answered in batches into their queue: it has messages, or ended."""
        ...

    def offended(self, caller: Caller, reason: str) -> None:
        """Log what a peer did wrong."""
        ...


@attrs.define(eq=False, slots=True)
class Connection(Wire):
    """What is known of one connection."""

    floor: Floor
    caller: Caller
    began_at: float
    touched: Callable[[], None]
    """Is called when something waits to be sent that nothing received brought about."""

    out: bytearray = attrs.field(factory=bytearray, init=False)
    """Bytes for the socket."""
    calls: dict[int, Call] = attrs.field(factory=dict[int, Call], init=False)
    closing: bool = attrs.field(default=False, init=False)
    """Nothing more is read; what is in `out` is sent, and then the connection closed."""
    retiring: bool = attrs.field(default=False, init=False)
    """No new call is taken; the peer knows."""
    ready: bool = attrs.field(default=False, init=False)
    """The preface has arrived."""
    called: int = attrs.field(default=0, init=False)
    """Calls so far."""
    heard_at: float = attrs.field(init=False)
    busy_at: float = attrs.field(init=False)
    """When it last had a call."""
    awaits: bool = attrs.field(default=False, init=False)
    """Answers of a batch are on their way: what else is to be sent may go with them."""
    pinged_at: float | None = attrs.field(default=None, init=False)

    _h2: H2Connection = attrs.field(init=False)
    _inflow: Inflow = attrs.field(init=False)
    _outflow: Outflow = attrs.field(init=False)
    _held: bytes = attrs.field(default=b"", init=False)
    """Of a frame that has not arrived whole."""
    _told: bool = attrs.field(default=False, init=False)
    """The peer has our GOAWAY."""
    _in_block: bool = attrs.field(default=False, init=False)
    """Headers go on in CONTINUATION frames, and nothing may come between."""
    _cut_off: dict[int, None] = attrs.field(factory=dict[int, None], init=False)
    """Streams that we ended before the peer did: what it sent meanwhile is dropped."""
    _control: Budget = attrs.field(init=False)
    _resets: Budget = attrs.field(init=False)
    _resets_left: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        limits = self.floor.limits
        self.heard_at = self.busy_at = self.began_at
        self._control = Budget(limits.control_frames, WINDOW_S)
        self._resets = Budget(limits.resets, WINDOW_S)
        self._resets_left = limits.resets_in_all
        self._h2 = _h2_of(limits)
        self._inflow = Inflow(
            self.out, self.caller, self._control, self.floor.pool, self._news, self.touched
        )
        self._outflow = Outflow(self.out, self._h2, self._control, self._emptied)
        self._collect()

    # What arrives.

    def receive(self, data: bytes, now: float) -> None:
        """Take in bytes.  What they say goes to the floor; what is to be answered, to `out`."""
        if self.closing:
            return
        self.heard_at = now
        if self._held:
            data = self._held + data
        if not self.ready:
            data = self._preface(data)
        at = 0
        while self.ready and not self._over():
            if (call := self._call_at(data, at)) is not None:
                at = self._inflow.messages(call, data, at)
            if len(data) - at < frames.HEAD_BYTES:
                break
            high, low, kind, flags, stream = frames.HEAD.unpack_from(data, at)
            begin, length = at + frames.HEAD_BYTES, high << 16 | low
            if length > frames.MAX_FRAME:  # before the rest of it is waited for
                self.hang_up(ErrorCodes.FRAME_SIZE_ERROR, "a frame is too large")
            elif begin + length > len(data):
                break
            else:
                at = begin + length
                self._frame(kind, flags, stream & frames.STREAM_MASK, data[begin:at], now)
        self._held = b"" if self._over() else data[at:]
        self._outflow.go_on()

    def _call_at(self, data: bytes, at: int) -> Call | None:
        """Give the call of the frame at `at`, if its messages are taken in as they come."""
        if self._in_block or len(data) - at < frames.MESSAGE_BYTES:
            return None
        call = self.calls.get(int.from_bytes(data[at + 5 : at + 9], "big"))
        plain = call is not None and call.open and call.route.client_streaming and not call.partial
        return call if plain else None

    def _preface(self, data: bytes) -> bytes:
        """Check and drop the preface, SETTINGS after it; else it is not HTTP/2 (RFC 9113, 3.4)."""
        size = len(frames.PREFACE)
        if not frames.PREFACE.startswith(data[:size]):
            self.hang_up(ErrorCodes.PROTOCOL_ERROR, "not HTTP/2")
        elif len(data) >= size + frames.HEAD_BYTES:
            _, _, kind, flags, _ = frames.HEAD.unpack_from(data, size)
            if kind != frames.SETTINGS or flags & frames.ACK:
                self.hang_up(ErrorCodes.PROTOCOL_ERROR, "no SETTINGS after the preface")
                return data
            self.ready = True
            self._h2.receive_data(frames.PREFACE)
            return data[size:]
        return data

    def _over(self) -> bool:
        # Asked anew: type checkers hold what `receive` saw of it to be so still.
        return self.closing

    def _data(self, stream: int, flags: int, payload: bytes, now: float) -> None:
        call = self.calls.get(stream)
        if call is None or call.ended:
            self._stray_data(stream, flags, payload, now)
            return
        length = len(payload)
        if not self._fits(length):
            return
        call.window -= length
        if call.window < 0:
            self._inflow.give_back(length)
            self._fault(call, ErrorCodes.FLOW_CONTROL_ERROR, now)
            return
        if not call.open:
            self.taken(call, length)
            self._spend(now)
        else:
            self._take_in(call, flags, payload, now)
        if flags & frames.END_STREAM and stream in self.calls and not self.closing:
            # h2 keeps the stream's state, and learns of its end by an empty frame.
            self._tell_h2(frames.end_of_data(stream), now)

    def _fits(self, length: int) -> bool:
        if not self._inflow.fits(length):
            self.hang_up(ErrorCodes.FLOW_CONTROL_ERROR, "more than the window was sent")
        return not self.closing

    def _take_in(self, call: Call, flags: int, payload: bytes, now: float) -> None:
        length = len(payload)
        if flags & frames.PADDED:
            padding = payload[0] + 1 if payload else 1
            if padding > length:
                self.hang_up(ErrorCodes.PROTOCOL_ERROR, "more padding than frame")
                return
            payload = payload[1 : length - padding + 1]
            self.taken(call, padding)
        if payload:
            try:
                self._inflow.cut(call, payload, now)
            except RefusedCallError as refused:
                self.fail(call, refused.code, refused.reason)
        elif not flags & frames.END_STREAM:
            self._spend(now)

    def _stray_data(self, stream: int, flags: int, payload: bytes, now: float) -> None:
        """Take DATA that belongs to no call of ours."""
        if stream not in self._cut_off:
            if self._spend(now):
                self._tell_h2(frames.whole(frames.DATA, flags, stream, payload), now)
            return
        if self._fits(len(payload)):
            self._inflow.give_back(len(payload))
            self._spend(now)

    def _news(self, call: Call) -> None:
        if call.route.answer is None:
            call.changed()
        elif not call.queued:
            self.awaits = True
            self.floor.arrived(call)

    # Frames, but for messages that come whole.

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes, now: float) -> None:
        if kind == frames.DATA and not self._in_block:
            self._data(stream, flags, payload, now)
            return
        if kind in (frames.HEADERS, frames.CONTINUATION):
            self._in_block = not flags & frames.END_HEADERS
            old = stream <= self._h2.highest_inbound_stream_id and stream not in self.calls
            if old and not self._spend(now):
                return
        elif kind != frames.RST_STREAM or stream not in self.calls:  # those count as resets
            if not self._spend(now):
                return
            if not self._in_block and self._is_known(kind, flags, stream, payload):
                return
        self._tell_h2(frames.whole(kind, flags, stream, payload), now)

    def _is_known(self, kind: int, flags: int, stream: int, payload: bytes) -> bool:
        """Do what the frames that come all the time say, where nothing about them is wrong."""
        if kind == frames.PING and stream == 0 and len(payload) == _PING_BYTES:
            if flags & frames.ACK:
                self.pinged_at = None
            else:
                self.out += frames.ping(frames.ACK, payload)
            return True
        if kind == frames.WINDOW_UPDATE and len(payload) == _INCREMENT_BYTES:
            if stream and stream not in self.calls:
                return False
            call = self.calls[stream] if stream else None
            return self._outflow.widen(call, int.from_bytes(payload, "big"))
        if kind == frames.GOAWAY and stream == 0 and len(payload) >= _GOAWAY_BYTES:
            # To h2 it ends everything; the peer may go on with the streams that it has begun.
            self.retiring = True
            self._close_if_done()
            return True
        # Frames of unknown types are ignored.  Source: RFC 9113, section 4.1.
        return kind > frames.CONTINUATION

    def _tell_h2(self, frame: bytes, now: float) -> None:
        try:
            events = self._h2.receive_data(frame)
        except ProtocolError as error:
            if isinstance(error.__cause__, HPACKError):
                # h2 calls this a PROTOCOL_ERROR; RFC 9113, section 4.3, has a code for it.
                self._h2.clear_outbound_data_buffer()
                self.hang_up(ErrorCodes.COMPRESSION_ERROR, "headers that cannot be read")
                return
            self._collect()
            self._die(f"HTTP/2: {type(error).__name__}")
            return
        self._collect()
        for event in events:
            if not self.closing:
                self._follow(event, now)

    def _follow(self, event: Event, now: float) -> None:
        match event:
            case RequestReceived(stream_id=int(stream), headers=headers):
                self._open(stream, headers or (), now)
            case StreamEnded(stream_id=stream) if stream in self.calls:
                self._ended(self.calls[stream])
            case StreamReset(stream_id=stream):
                self._cut_off.pop(stream, None)
                if stream in self.calls:
                    self._drop(self.calls[stream])
                self._count_reset(now)
            case _:
                pass

    def _open(self, stream: int, raw: Iterable[tuple[bytes, bytes]], now: float) -> None:
        self.called, self.busy_at = self.called + 1, now
        limits = self.floor.limits
        if self.retiring:
            if self._spend(now):
                self._refuse(stream, ErrorCodes.REFUSED_STREAM)
            return
        if len(self.calls) >= limits.streams:
            self._refuse(stream, ErrorCodes.REFUSED_STREAM)
            self._count_reset(now)
            return
        try:
            head = head_of(raw)
            route = self._admitted(head)
        except NotGrpcError as error:
            self._send_last(stream, [(":status", str(error.status))])
            return
        except RefusedCallError as refused:
            self._send_last(stream, trailing(refused.code, refused.reason, begun=False))
            return
        most = limits.message_bytes if route.answer is None else limits.batched_message_bytes
        call = Call(self, stream, route, head, most, frames.WINDOW, now, now)
        self.calls[stream] = call
        if route.answer is None or head.timeout_s is not None:
            self.floor.begin(call)
        if self.called >= limits.calls:
            self.retire("many calls were made: connect again")

    def _admitted(self, head: Head) -> Route:
        route = self.floor.routes.get(head.path)
        if route is None:
            raise RefusedCallError(Code.UNIMPLEMENTED, "there is no such method")
        if head.encoding != "identity":
            raise RefusedCallError(Code.UNIMPLEMENTED, "compressed messages are not taken")
        self.floor.doorman.admit(self.caller, head.path)
        return route

    def _ended(self, call: Call) -> None:
        call.ended = True
        if call.partial:
            self.fail(call, Code.INVALID_ARGUMENT, "the stream ends within a message")
        elif call.ending is None and call.last is None:
            call.last = Ending(Code.OK)
            self._news(call)

    # What is answered.

    def taken(self, call: Call, size: int) -> None:
        """Give back the window of bytes that were taken in."""
        self._inflow.taken(call, size)

    def begin_answer(self, call: Call, headers: Headers) -> None:
        """Send the initial metadata."""
        if call.gone:
            return
        call.begun = True
        self._h2.send_headers(call.id, headers)
        self._collect()
        self.touched()

    def send(self, call: Call, message: bytes, taken: int = 0) -> None:
        """Send framed messages; when they are sent, give back the window of those they answer."""
        if call.gone or call.ending is not None:
            self._inflow.give_back(taken)
            return
        if not call.begun:
            self.begin_answer(call, initial())
        self.awaits = False
        call.outbox += message
        call.owed += taken
        self._outflow.push(call)
        self.touched()

    def finish(self, call: Call, ending: Ending) -> None:
        """End a call when all its answers are sent."""
        if call.gone or call.ending is not None:
            return
        self.awaits = False
        call.ending = ending
        self._outflow.push(call)
        self.touched()

    def fail(self, call: Call, code: Code, reason: str) -> None:
        """End a call: its method is cancelled, what it sent already is still sent."""
        self._inflow.forget(call)
        call.scope.cancel(reason=reason)
        self.finish(call, Ending(code, reason))

    def reset(self, call: Call) -> None:
        """End a call without a status."""
        if not call.gone:
            self._refuse(call.id, ErrorCodes.CANCEL)
            self._drop(call)
            self.touched()

    def _emptied(self, call: Call) -> None:
        if call.owed:
            self.taken(call, call.owed)
            call.owed = 0
        if call.ending is not None:
            self._end(call, call.ending)
        else:
            call.changed()

    def sent(self) -> None:
        """The socket has taken everything: go on with what waited for it."""
        if not self.closing:
            self._outflow.go_on()

    def _end(self, call: Call, ending: Ending) -> None:
        headers = trailing(ending.code, ending.reason, ending.metadata, begun=call.begun)
        self._send_last(call.id, headers)
        self._drop(call)

    def _send_last(self, stream: int, headers: Headers) -> None:
        self._h2.send_headers(stream, headers, end_stream=True)
        if not self._h2.streams[stream].closed:
            # The client need not send what will not be read.  Source: RFC 9113, section 8.1.
            self._refuse(stream, ErrorCodes.NO_ERROR)
        self._collect()

    def _refuse(self, stream: int, error: ErrorCodes) -> None:
        self._h2.reset_stream(stream, error)
        self._cut_off[stream] = None
        if len(self._cut_off) > _CUT_OFF:
            del self._cut_off[next(iter(self._cut_off))]
        self._collect()

    def _fault(self, call: Call, error: ErrorCodes, now: float) -> None:
        """Reset a stream that its peer broke; those count as if the peer had reset them."""
        self._refuse(call.id, error)
        self._drop(call)
        self._count_reset(now)

    # Its end.

    def ping(self, now: float) -> None:
        """Ask whether the peer is there."""
        self.pinged_at = now
        self.out += frames.ping(0, bytes(_PING_BYTES))
        self.touched()

    def look(self, now: float) -> None:
        """See which calls take too long, and which may not go on."""
        limits = self.floor.limits
        for call in list(self.calls.values()):
            if call.partial and now - call.partial_since > limits.request_s:
                self.fail(call, Code.DEADLINE_EXCEEDED, "a message did not come whole in time")
            elif call.route.answer is None and not call.heard:
                if now - call.began_at > limits.request_s:
                    self.fail(call, Code.DEADLINE_EXCEEDED, "no message came in time")
            elif now - call.checked_at > limits.recheck_s:
                call.checked_at = now
                try:
                    self.floor.doorman.admit(self.caller, call.route.path)
                except RefusedCallError as refused:
                    self.fail(call, refused.code, refused.reason)
        for call in self._outflow.stuck(now, limits.idle_s):
            self.reset(call)  # its peer takes pings, and nothing else

    def retire(self, reason: str) -> None:
        """Take no new call, end streams once they are answered, close when no call is left."""
        if self._told or self.closing:
            return
        self._told = self.retiring = True
        self.out += frames.goaway(frames.ANY_STREAM, ErrorCodes.NO_ERROR, reason)
        for call in list(self.calls.values()):
            if call.route.client_streaming and call.last is None:
                call.last = Ending(Code.UNAVAILABLE, reason)
                self._news(call)
        self._close_if_done()
        self.touched()

    def _close_if_done(self) -> None:
        if self.retiring and not self.calls and not self.closing:
            self.closing = True
            self.touched()

    def hang_up(self, error: ErrorCodes, reason: str) -> None:
        """Say why, and close once that is sent."""
        if not self.closing:
            last = self._h2.highest_inbound_stream_id
            self.out += frames.goaway(last, error, reason)
            self._die(reason)

    def drop(self) -> None:
        """The socket is gone."""
        self.closing = True
        for call in list(self.calls.values()):
            self._drop(call)

    def _die(self, reason: str) -> None:
        self.awaits = False  # no answer follows
        self.floor.offended(self.caller, reason)
        self.drop()
        self.touched()

    def _drop(self, call: Call) -> None:
        """Forget a call, whatever it still held."""
        call.gone = True
        self.calls.pop(call.id, None)
        self._outflow.forget(call)
        self._inflow.forget(call)
        if call.owed:
            self._inflow.give_back(call.owed)
            call.owed = 0
        if call.ending is None or call.route.answer is not None:  # of those, it is the deadline
            call.scope.cancel(reason="the call is over")
        call.changed()
        self._close_if_done()

    def _count_reset(self, now: float) -> None:
        self._resets_left -= 1
        if not self._resets.spend(now) or self._resets_left < 0:
            self.hang_up(ErrorCodes.ENHANCE_YOUR_CALM, "too many streams were reset")

    def _spend(self, now: float) -> bool:
        if self._control.spend(now):
            return True
        self.hang_up(ErrorCodes.ENHANCE_YOUR_CALM, "too many frames without a message")
        return False

    def _collect(self) -> None:
        self.out += self._h2.data_to_send()


def _h2_of(limits: Limits) -> H2Connection:
    h2 = H2Connection(_H2)
    h2.local_settings = Settings(
        client=False,
        initial_values={
            SettingCodes.MAX_CONCURRENT_STREAMS: limits.streams,
            SettingCodes.MAX_HEADER_LIST_SIZE: _HEADER_LIST_BYTES,
            SettingCodes.ENABLE_PUSH: 0,
        },
    )
    h2.decoder.max_header_list_size = _HEADER_LIST_BYTES
    h2.initiate_connection()
    # What is over the number of streams is refused here, and the client may try again; to h2
    # it would be the end of the connection.
    h2.local_settings = Settings(
        client=False,
        initial_values={
            SettingCodes.MAX_CONCURRENT_STREAMS: 2**31 - 1,
            SettingCodes.MAX_HEADER_LIST_SIZE: _HEADER_LIST_BYTES,
        },
    )
    return h2
