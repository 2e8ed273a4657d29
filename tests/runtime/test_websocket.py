"""A WebSocket to servers that are none, are slow, or are gone."""

import ssl
from functools import partial
from pathlib import Path

import pytest
import trio
from trio_websocket import WebSocketRequest, serve_websocket

from runtime.hosts import websocket
from runtime.hosts.websocket import WebSocketError, open_websocket
from tests.pki import Pki
from tests.runtime.webhook import Conduct, endless, hang, receiving, reset, says, status


async def reason(url: str) -> str:
    with pytest.raises(WebSocketError) as failure:
        async with open_websocket(url):
            pass
    return failure.value.reason


@pytest.mark.parametrize(
    ("conduct", "reasons"),
    [
        (status(403), {"refused"}),
        (status(200), {"refused"}),
        (endless, {"refused", "timeout", "unreachable"}),
        (reset, {"timeout"}),  # the library does not tell that the line broke meanwhile
        (says(b"SSH-2.0\r\n\r\n"), {"bad_answer"}),
        (hang, {"timeout"}),
    ],
)
async def test_a_server_that_speaks_something_else(
    conduct: Conduct, reasons: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "_CONNECT_S", 0.5)
    async with receiving(conduct) as receiver:
        assert await reason(f"ws://127.0.0.1:{receiver.port}/") in reasons


async def test_nobody_listens_and_no_address_is_one() -> None:
    async with receiving(hang) as receiver:
        port = receiver.port
    assert await reason(f"ws://127.0.0.1:{port}/") == "unreachable"
    assert await reason("ws://127.0.0.1:x/") == "invalid_url"


async def echo(request: WebSocketRequest) -> None:
    wire = await request.accept()
    await wire.send_message(await wire.get_message())
    await wire.aclose()


async def silent(request: WebSocketRequest) -> None:
    wire = await request.accept()
    wire._wsproto.receive_data = lambda _: None  # type: ignore[method-assign,assignment]  # hears no ping
    await trio.sleep_forever()


async def test_text_goes_and_comes_and_the_end_is_told() -> None:
    async with trio.open_nursery() as nursery:
        server = await nursery.start(partial(serve_websocket, echo, "127.0.0.1", 0, None))
        async with open_websocket(f"ws://127.0.0.1:{server.port}/x?y=z") as wire:
            await wire.send("hello")
            assert await wire.receive() == "hello"
            with pytest.raises(WebSocketError, match="closed"):
                await wire.receive()
            with pytest.raises(WebSocketError, match="closed"):
                await wire.send("more")
        nursery.cancel_scope.cancel()


async def test_a_peer_that_gives_no_sign_of_life_is_told() -> None:
    async with trio.open_nursery() as nursery:
        server = await nursery.start(partial(serve_websocket, silent, "127.0.0.1", 0, None))
        with pytest.raises(WebSocketError, match="silent"):
            async with open_websocket(f"ws://127.0.0.1:{server.port}/") as wire:
                await wire.alive(0.2)
        nursery.cancel_scope.cancel()


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    tls = Pki(tmp_path).port(asks=ssl.CERT_NONE)
    async with trio.open_nursery() as nursery:
        server = await nursery.start(partial(serve_websocket, echo, "127.0.0.1", 0, tls))
        assert await reason(f"wss://127.0.0.1:{server.port}/") == "tls_failed"
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("delay", [0.0005, 0.001, 0.002, 0.004, 0.05])
async def test_whenever_it_is_cancelled_nothing_stays_open(delay: float) -> None:
    # An open socket would fail the run: warnings are errors here.
    async with trio.open_nursery() as nursery:
        server = await nursery.start(partial(serve_websocket, echo, "127.0.0.1", 0, None))
        with trio.move_on_after(delay):
            async with open_websocket(f"ws://127.0.0.1:{server.port}/") as wire:
                await wire.receive()
        nursery.cancel_scope.cancel()
