"""A mail server of the tests' own: aiosmtpd in a thread of its own, or a script of bare lines."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

import attrs
import trio
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@attrs.define
class Box:
    """Takes letters, or says why not."""

    refuses: dict[str, str] = attrs.field(factory=dict)
    """Recipient -> what it is answered."""
    after_data: list[str] = attrs.field(factory=list)
    """What the first letter is answered, the second, ...; then they are taken."""
    letters: list[EmailMessage] = attrs.field(factory=list)
    envelopes: list[tuple[str, tuple[str, ...]]] = attrs.field(factory=list)
    users: list[str] = attrs.field(factory=list)
    stalls: bool = False
    """Take a letter, and do not say so."""
    stalled: int = 0

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if self.after_data:
            return self.after_data.pop(0)
        content = cast("bytes", envelope.original_content)
        self.letters.append(message_from_bytes(content, policy=policy.default))
        self.envelopes.append((envelope.mail_from or "", tuple(envelope.rcpt_tos)))
        if self.stalls:
            self.stalled += 1
            await asyncio.sleep(30)
        return "250 taken"

    def knows(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.users.append(data.login.decode())
        return AuthResult(success=data.password == b"right", handled=False)


@contextmanager
def taking(
    box: Box, tls: ssl.SSLContext | None = None, *, auth: bool = False, implicit: bool = False
) -> Iterator[int]:
    """Serve on loopback; give the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=port,
        ssl_context=tls if implicit else None,
        tls_context=None if implicit else tls,
        require_starttls=tls is not None and not implicit,
        authenticator=box.knows if auth else None,
        auth_required=auth,
        auth_require_tls=tls is not None and not implicit,
        loop=asyncio.SelectorEventLoop(),  # of its own: the usual way to one is trio-asyncio's here
    )
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@asynccontextmanager
async def scripted(
    *lines: bytes, then_hang: bool = False, drip: bool = False
) -> AsyncIterator[int]:
    """Say the lines one after the other, whatever is asked; then hang up, or say nothing more."""

    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            try:
                await _say(stream, lines, drip=drip)
                if then_hang:
                    await trio.sleep_forever()
            except trio.BrokenResourceError:
                pass

    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        yield listener.socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def _say(stream: trio.SocketStream, lines: Sequence[bytes], *, drip: bool) -> None:
    for line in lines:
        if drip:
            for byte in line:
                await stream.send_all(bytes([byte]))
                await trio.sleep(0.05)
        else:
            await stream.send_all(line)
        await stream.receive_some()


@asynccontextmanager
async def talking_without_end() -> AsyncIterator[int]:
    """Greet, and go on greeting."""

    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            try:
                while True:
                    await stream.send_all(b"220-and more\r\n" * 1000)
            except trio.BrokenResourceError:
                pass

    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        yield listener.socket.getsockname()[1]
        nursery.cancel_scope.cancel()
