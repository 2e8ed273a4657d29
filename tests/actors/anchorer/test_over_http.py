"""Calendars and sources of headers over real connections: well, slowly, wrongly and hostilely."""

import datetime as dt
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random

import pytest
import trio

from actors.anchorer.calendar import HttpCalendars
from actors.anchorer.core import accepted
from actors.anchorer.headers import HeadersFile, read_headers
from actors.anchorer.pace import Pace
from actors.anchorer.sources import NoHeaderError, Sources
from runtime.clock import SystemClock, VirtualClock
from runtime.destination import Destination
from runtime.hosts.http_client import HttpClient
from runtime.hosts.http_message import Request, Response
from runtime.hosts.http_server import serve_http
from runtime.hosts.listening import loopback_listener
from runtime.outbound import (
    ForbiddenDestinationError,
    Outbound,
    OutboundError,
    RejectedError,
    TooLargeError,
    UndeliveredError,
)
from tests.actors.anchorer.forge import DIGEST, vector
from tests.fakes.calendar import Calendar, Chain, easy_blocks, headers_of
from tests.runtime.webhook import (
    Conduct,
    dripping,
    endless,
    hang,
    head_without_end,
    receiving,
    reset,
    says,
    status,
)

CHANCE = Random(7)  # noqa: S311  the same in every run


def door(*urls: str, try_s: float = 30.0) -> Outbound:
    allowed = frozenset(Destination.of(url) for url in urls)
    return Outbound(HttpClient(), allowed, SystemClock(), CHANCE, try_s=try_s)


def calendars_at(*urls: str, try_s: float = 30.0) -> HttpCalendars:
    return HttpCalendars(door(*urls, try_s=try_s), urls, urls, Pace(SystemClock(), 0.0))


@asynccontextmanager
async def serving(calendar: Calendar) -> AsyncIterator[str]:
    """Let a calendar speak the protocol on a free port of loopback; give its URL."""

    async def handle(request: Request) -> Response:
        await trio.lowlevel.checkpoint()
        binary = "application/vnd.opentimestamps.v1"
        assert request.headers["accept"] == binary
        if (request.method, request.path) == ("POST", "/digest"):
            return Response(200, calendar.submit(request.body), binary)
        answer = calendar.timestamp(bytes.fromhex(request.path.removeprefix("/timestamp/")))
        if answer is None:
            return Response.text("Pending confirmation in Bitcoin blockchain", 404)
        return Response(200, answer, binary)

    async with _served(handle) as url:
        calendar.uri = url
        yield url


@asynccontextmanager
async def esplora(blocks: Mapping[int, str], ids: Mapping[int, str]) -> AsyncIterator[str]:
    """Serve headers as Esplora does: an id by height, a header by id."""
    by_id = {ids[height]: header for height, header in blocks.items()}

    async def handle(request: Request) -> Response:
        await trio.lowlevel.checkpoint()
        match request.path.strip("/").split("/"):
            case ["block-height", height] if int(height) in ids:
                return Response.text(ids[int(height)])
            case ["block", block, "header"] if block in by_id:
                return Response.text(by_id[block])
            case _:
                return Response.text("Block not found", 404)

    async with _served(handle) as url:
        yield url


@asynccontextmanager
async def _served(handle: Callable[[Request], Awaitable[Response]]) -> AsyncIterator[str]:
    listener = loopback_listener(0)
    port = listener.socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_http, [listener], handle)
        yield f"http://127.0.0.1:{port}"
        nursery.cancel_scope.cancel()


async def test_a_digest_is_promised_and_the_promise_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    easy_blocks(monkeypatch)
    calendar = Calendar("", Chain())
    async with serving(calendar) as url:
        calendars = calendars_at(url)
        stamp = accepted(DIGEST, await calendars.submit(url, DIGEST), [url])
        [promise] = stamp.attestations
        assert promise.uri == url
        assert await calendars.ask(url, promise.message) is None

        calendar.keep_promises()
        assert await calendars.ask(url, promise.message) is not None

    assert calendar.heard == [DIGEST]
    assert calendar.asked == [promise.message, promise.message]


@pytest.mark.parametrize(
    ("conduct", "kind", "reason"),
    [
        (hang, UndeliveredError, "timeout"),
        (dripping, UndeliveredError, "timeout"),
        (reset, UndeliveredError, "broken_off"),
        (endless, TooLargeError, "too_large"),
        (head_without_end, UndeliveredError, "bad_answer"),
        (says(b"no HTTP at all\r\n\r\n"), UndeliveredError, "bad_answer"),
        (status(503), UndeliveredError, "http_503"),
        (status(429), UndeliveredError, "http_429"),
        (status(301, b"Location: http://169.254.169.254/"), RejectedError, "http_301"),
        (status(400), RejectedError, "http_400"),
    ],
)
async def test_a_calendar_that_answers_badly_is_an_error_with_a_reason(
    conduct: Conduct, kind: type[OutboundError], reason: str
) -> None:
    async with receiving(conduct) as receiver:
        url = f"http://127.0.0.1:{receiver.port}"
        calendars = calendars_at(url, try_s=0.5 if reason == "timeout" else 30.0)
        with pytest.raises(kind) as failed:
            await calendars.submit(url, DIGEST)
        assert failed.value.reason == reason
        with pytest.raises(kind):
            await calendars.ask(url, DIGEST)


async def test_nobody_who_is_not_allowed_is_asked() -> None:
    async with receiving(status(200)) as receiver:
        url = f"http://127.0.0.1:{receiver.port}"
        calendars = calendars_at("https://a.example")
        for asked in (url, f"{url}/../", "http://169.254.169.254/latest", "https://a.example.evil"):
            with pytest.raises(ForbiddenDestinationError):
                await calendars.submit(asked, DIGEST)
            with pytest.raises(ForbiddenDestinationError):
                await calendars.ask(asked, DIGEST)
        assert receiver.requests == []


async def test_a_calendar_hears_the_digest_and_nothing_of_us() -> None:
    async with receiving(status(503)) as receiver:
        url = f"http://127.0.0.1:{receiver.port}"
        with pytest.raises(UndeliveredError):
            await calendars_at(url).submit(url, DIGEST)
        [(headers, body)] = receiver.requests

    assert body == DIGEST
    assert set(headers) <= {
        "host", "accept", "accept-encoding", "connection", "content-length", "content-type",
        "user-agent",
    }  # fmt: skip
    assert headers["user-agent"] == "aright"


async def test_turns_with_one_host_are_a_second_apart_and_hosts_do_not_wait_for_each_other(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    pace = Pace(VirtualClock(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))
    turns: list[tuple[str, float]] = []

    async def take(host: str) -> None:
        await pace.turn(host)
        turns.append((host, trio.current_time()))

    for host in ("a", "a", "b", "a"):
        nursery.start_soon(take, host)
    await trio.sleep(10)

    assert [at for host, at in turns if host == "a"] == pytest.approx([0, 1, 2])
    assert [at for host, at in turns if host == "b"] == pytest.approx([0])


# Headers of blocks.

REAL = vector("bitcoin-headers.json")
HEIGHT = 358391
RAW = json.loads(REAL)["358391"]["header"]
ID = json.loads(REAL)["358391"]["hash"]


def sources(servers: Sequence[str], pinned: HeadersFile | None = None) -> Sources:
    return Sources(pinned, servers, door(*servers), Pace(SystemClock(), 0.0))


async def test_a_pinned_header_is_believed_and_nobody_is_asked() -> None:
    found = await sources([], read_headers("headers.json", REAL)).at(HEIGHT)

    assert found is not None
    assert (found.source, found.header.id.hex()) == ("file", ID)


async def test_two_servers_that_agree_are_believed() -> None:
    async with esplora({HEIGHT: RAW}, {HEIGHT: ID}) as a, esplora({HEIGHT: RAW}, {HEIGHT: ID}) as b:
        found = await sources([a, b]).at(HEIGHT)

    assert found is not None
    assert found.header.raw.hex() == RAW
    assert found.source == f"{a[7:]} and {b[7:]}"


async def test_one_server_alone_is_not_believed() -> None:
    async with esplora({HEIGHT: RAW}, {HEIGHT: ID}) as one, receiving(reset) as other:
        with pytest.raises(NoHeaderError, match="not_at_hand"):
            await sources([one, f"http://127.0.0.1:{other.port}"]).at(HEIGHT)


async def test_of_three_servers_two_suffice() -> None:
    async with (
        esplora({HEIGHT: RAW}, {HEIGHT: ID}) as one,
        receiving(reset) as broken,
        esplora({HEIGHT: RAW}, {HEIGHT: ID}) as other,
    ):
        found = await sources([one, f"http://127.0.0.1:{broken.port}", other]).at(HEIGHT)

    assert found is not None


async def test_two_servers_with_other_blocks_of_true_work_disagree(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    easy_blocks(monkeypatch)
    one, other = Chain(), Chain()
    for chain, root in ((one, b"1" * 32), (other, b"2" * 32)):
        chain.mine(root)
    served = [
        (
            {height: told["header"] for height, told in _by_height(chain).items()},
            {height: Chain.id_of(raw) for height, raw in chain.blocks.items()},
        )
        for chain in (one, other)
    ]
    async with esplora(*served[0]) as a, esplora(*served[1]) as b:
        with pytest.raises(NoHeaderError) as failed:
            await sources([a, b]).at(one.height)
    assert failed.value.reason == "sources_disagree"


async def test_a_server_that_lags_behind_does_not_disagree() -> None:
    """A person is told that a server lies only where two blocks contradict each other."""
    async with esplora({HEIGHT: RAW}, {HEIGHT: ID}) as a, esplora({}, {}) as behind:
        for servers in ([a, behind], [behind, a]):
            with pytest.raises(NoHeaderError) as failed:
                await sources(servers).at(HEIGHT)
            assert failed.value.reason == "not_at_hand"


def _by_height(chain: Chain) -> Mapping[int, Mapping[str, str]]:
    return {int(height): told for height, told in headers_of(chain).items()}


async def test_a_block_that_two_servers_do_not_know_is_not_there() -> None:
    async with esplora({}, {}) as a, esplora({}, {}) as b:
        assert await sources([a, b]).at(HEIGHT) is None


@pytest.mark.parametrize(
    ("header", "block"),
    [
        (RAW[:-2] + "00", ID),  # no work
        (RAW, "00" * 32),  # work, of another block
        (RAW[:-2], ID),
        ("<html>" + RAW, ID),
        ("00" * 2000, ID),
    ],
)
async def test_a_server_that_gives_no_header_is_not_believed(header: str, block: str) -> None:
    async with (
        esplora({HEIGHT: header}, {HEIGHT: block}) as false,
        esplora({HEIGHT: RAW}, {HEIGHT: ID}) as true,
    ):
        with pytest.raises(NoHeaderError, match="not_at_hand"):
            await sources([false, true]).at(HEIGHT)


@pytest.mark.parametrize("block", ["../../admin", "x" * 64, "00" * 31])
async def test_an_id_that_is_none_is_not_put_into_a_question(block: str) -> None:
    async with (
        esplora({HEIGHT: RAW}, {HEIGHT: block}) as false,
        esplora({HEIGHT: RAW}, {HEIGHT: ID}) as true,
    ):
        with pytest.raises(NoHeaderError, match="bad_answer"):
            await sources([false, true]).at(HEIGHT)


async def test_without_a_source_no_header_is_at_hand() -> None:
    with pytest.raises(NoHeaderError, match="not_at_hand"):
        await sources([]).at(HEIGHT)
