"""One HTTP/1.1 connection of the server: bytes to requests, answers to bytes (h11 on trio)."""

import attrs
import h11
import trio

from runtime.hosts.http_message import BadRequestError, Request, Response, target_of

_CHUNK = 65536
_LINGER_S = 1.0


@attrs.frozen
class Limits:
    """What a peer may cost us."""

    head: int = 64 * 1024
    """Bytes of request line and headers."""
    body: int = 1024 * 1024
    arrive_s: float = 30.0
    """Seconds within which the next request is there, and an answer is taken."""
    answer_s: float = 10.0
    """Seconds that the handler has."""
    end_s: float = 5.0
    """Seconds until an answer is made and taken, once the server is to end."""
    connections: int = 64
    per_address: int = 64
    """Connections of one address; those of a Unix socket have one in common."""


class Wire:
    """The server's end of one connection."""

    def __init__(self, stream: trio.abc.Stream, limits: Limits, peer: str = "") -> None:
        self._stream, self._limits, self._peer = stream, limits, peer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head)
        self._heard = self._head_only = False

    async def receive(self) -> Request | None:
        """Wait for a whole request; None when the connection is at its end.

        Raises:
            BadRequestError: it is malformed, too large, or too slow.
        """
        if self._http.our_state is not h11.IDLE:
            return None
        self._heard = bool(self._http.trailing_data[0])
        try:
            with trio.fail_after(self._limits.arrive_s):
                return await self._request()
        except trio.TooSlowError as error:
            if not self._heard:
                return None
            raise BadRequestError(408, "the request took too long to arrive") from error
        except h11.RemoteProtocolError as error:
            raise BadRequestError(error.error_status_hint, str(error)) from error
        except trio.BrokenResourceError:
            return None

    async def send(self, response: Response) -> None:
        """Send an answer.  A peer that does not take it finds the connection closed."""
        if await self._send(response) and {*self._http.states.values()} == {h11.DONE}:
            self._http.start_next_cycle()

    async def refuse(self, response: Response) -> None:
        """Send a last answer, whatever the peer is still sending, and hang up."""
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        await self._send(response, ("Connection", "close"))
        # A connection closed on unread bytes is reset, and the answer lost on its way.
        with trio.move_on_after(_LINGER_S):
            try:
                if isinstance(self._stream, trio.abc.HalfCloseableStream):  # TLS is closed whole
                    await self._stream.send_eof()
                while await self._stream.receive_some(_CHUNK):
                    pass
            except trio.BrokenResourceError:
                return

    async def _request(self) -> Request | None:
        head = await self._event()
        if not isinstance(head, h11.Request):
            return None
        self._head_only = head.method == b"HEAD"
        headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
        if int(headers.get("content-length", "0")) > self._limits.body:
            raise self._too_large()
        body = bytearray()
        while isinstance(part := await self._event(), h11.Data):
            body += part.data
            if len(body) > self._limits.body:
                raise self._too_large()
        path, query = target_of(head.target.decode())
        return Request(head.method.decode(), path, query, headers, bytes(body), self._peer)

    def _too_large(self) -> BadRequestError:
        return BadRequestError(413, f"the body has more than {self._limits.body} bytes")

    async def _event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """Wait for the next event; it is never `NEED_DATA`."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                await self._stream.send_all(self._http.send(go_on) or b"")
            data = bytes(await self._stream.receive_some(_CHUNK))
            self._heard = self._heard or bool(data)
            self._http.receive_data(data)
        return event

    async def _send(self, response: Response, *more: tuple[str, str]) -> bool:
        """Send an answer; say whether the peer took it in time."""
        headers = [
            ("Content-Type", response.content_type),
            ("Content-Length", str(len(response.body))),
            *more,
        ]
        parts: list[h11.Event] = [
            h11.Response(status_code=response.status, headers=headers),
            h11.Data(data=b"" if self._head_only else response.body),
            h11.EndOfMessage(),
        ]
        try:
            with trio.fail_after(self._limits.arrive_s):
                await self._stream.send_all(
                    b"".join(self._http.send(part) or b"" for part in parts)
                )
        except (trio.TooSlowError, trio.BrokenResourceError):
            return False
        return True
