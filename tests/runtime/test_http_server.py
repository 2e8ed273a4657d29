"""The HTTP server: it answers what is well formed, and survives what is not."""

import json

import pytest
import trio
import trio.testing
from hypothesis import given, settings, strategies as st

from runtime.errors import ArightError, ConflictError, NotFoundError, StoreFullError
from runtime.hosts.http_message import BadRequestError, Request, Response
from runtime.hosts.http_server import DEFAULT_LIMITS
from runtime.hosts.http_wire import Limits
from runtime.mailbox import MailboxRefusedError
from tests.runtime.doors import asked, echo, heard, serving

GET = b"GET /health HTTP/1.1\r\nHost: aright\r\n\r\n"


def post(body: bytes, *headers: bytes) -> bytes:
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join([b"POST /x HTTP/1.1", b"Host: a", length, *headers, b"", body])


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def body(answer: bytes) -> object:
    return json.loads(answer.split(b"\r\n\r\n", 1)[1])


async def test_a_request_is_answered_though_the_peer_closed_its_half() -> None:
    async with serving() as door:
        answer = await asked(door, b"GET /a%20b?x=1&x=2&y= HTTP/1.1\r\nHost: a\r\n\r\n")

    assert status(answer) == 200
    assert body(answer) == {
        "method": "GET", "path": "/a b", "query": {"x": "2", "y": ""}, "bytes": 0,
    }  # fmt: skip


async def test_a_connection_carries_many_requests() -> None:
    async with serving() as door:
        answers = await asked(door, GET + post(b"12345") + GET)

    assert answers.count(b"HTTP/1.1 200") == 3
    assert b'"bytes": 5' in answers


async def test_a_head_request_gets_no_body() -> None:
    async with serving() as door:
        answer = await asked(door, b"HEAD /health HTTP/1.1\r\nHost: a\r\n\r\n")

    assert status(answer) == 200
    assert answer.endswith(b"\r\n\r\n")


async def test_who_waits_for_a_go_ahead_gets_it() -> None:
    async with serving() as door:
        stream = door.connect()
        await stream.send_all(post(b"", b"Expect: 100-continue").replace(b": 0", b": 3"))
        assert b"100" in bytes(await stream.receive_some())

        await stream.send_all(b"abc")
        assert b'"bytes": 3' in bytes(await stream.receive_some())


@pytest.mark.parametrize(
    ("request_bytes", "expected"),
    [
        (b"\x16\x03\x01\x02\x00garbage\r\n\r\n", 400),
        (b"GET / HTTP/2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET http://elsewhere/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET //[ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /?" + b"a&" * 100 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf", 400),
        (b"GET /half", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70_000, 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n", 413),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"10000\r\n%b\r\n" % (b"x" * 0x10000) * 17,
            413,
        ),
    ],
)
async def test_a_bad_request_is_told_so(
    request_bytes: bytes, expected: int, autojump_clock: trio.testing.MockClock
) -> None:
    async with serving() as door:
        answer = await asked(door, request_bytes)
        assert status(answer) == expected
        assert body(answer)

        assert status(await asked(door, GET)) == 200


async def test_the_largest_body_is_taken() -> None:
    async with serving() as door:
        answer = await asked(door, post(bytes(1024 * 1024)))

    assert b'"bytes": 1048576' in answer


async def test_who_is_slow_is_told_so_and_who_is_silent_is_left(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with serving() as door:
        slow, silent = door.connect(), door.connect()
        await slow.send_all(GET[:10])

        assert status(await heard(slow)) == 408
        assert await heard(silent) == b""


async def test_who_sends_a_byte_now_and_then_does_not_hold_a_connection(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with serving() as door:
        stream = door.connect()

        async def drip() -> None:
            for byte in GET * 100:
                await stream.send_all(bytes([byte]))
                await trio.sleep(5)

        with pytest.raises(trio.BrokenResourceError):
            await drip()


async def test_a_handler_that_takes_too_long_is_cut(autojump_clock: trio.testing.MockClock) -> None:
    async def hang(_: Request) -> Response:
        await trio.sleep_forever()
        raise AssertionError

    async with serving(hang) as door:
        assert status(await asked(door, GET)) == 504


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NotFoundError("incident", "inc-1"), 404),
        (ConflictError("it is closed"), 409),
        (MailboxRefusedError("journal", "it drains"), 503),
        (StoreFullError("full"), 503),
        (BadRequestError(422, "no reason was given"), 422),
        (ArightError("broken"), 500),
    ],
)
async def test_an_error_of_ours_is_an_answer(error: ArightError, expected: int) -> None:
    async def fail(_: Request) -> Response:
        raise error

    async with serving(fail) as door:
        answer = await asked(door, GET)

    assert status(answer) == expected
    assert body(answer) == {"status": expected, "detail": str(error)}


@pytest.mark.parametrize(
    "sent",
    [
        b"", b"nonsense", b"\xff", b"[" * 100_000,
        b"[" * 500 + b"]" * 500, b'{"host": "\\ud800"}', b'{"seconds": NaN}',
        b'{"seconds": 1e999}', b"[[-1e999]]",
    ],
)  # fmt: skip
async def test_a_body_that_is_not_json_is_told_so(sent: bytes) -> None:
    async def read(request: Request) -> Response:
        return Response.json(request.json())

    async with serving(read) as door:
        assert status(await asked(door, post(sent))) == 400


async def test_a_request_whose_answer_falls_ends_no_other() -> None:
    async def answer(request: Request) -> Response:
        if request.path == "/x":
            raise OverflowError("what it held is not told")
        return await echo(request)

    async with serving(answer) as door:
        answers = await asked(door, post(b"1") + GET)

    assert answers.count(b"HTTP/1.1 500") == answers.count(b"HTTP/1.1 200") == 1
    assert b"what it held" not in answers


async def test_too_many_connections_are_turned_away(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with serving(limits=Limits(connections=2)) as door:
        for _ in range(2):
            await door.connect().send_all(b"GET")
        await trio.testing.wait_all_tasks_blocked()

        assert status(await asked(door, GET)) == 503
        await trio.sleep(60)
        assert status(await asked(door, GET)) == 200


async def test_what_was_read_is_answered_although_the_server_ends() -> None:
    begun = trio.Event()

    async def slowly(request: Request) -> Response:
        begun.set()
        await trio.testing.wait_all_tasks_blocked()
        return await echo(request)

    async with serving(slowly) as door:
        busy, idle = door.connect(), door.connect()
        await busy.send_all(GET)
        await begun.wait()

    assert status(await heard(busy)) == 200
    assert await heard(idle) == b""


@pytest.mark.parametrize("seconds", [0.5, 1e9])
async def test_a_handler_that_takes_its_time_does_not_hold_up_the_end(
    seconds: float, autojump_clock: trio.testing.MockClock
) -> None:
    async def slowly(request: Request) -> Response:
        await trio.sleep(seconds)
        return await echo(request)

    async with serving(slowly) as door:
        stream = door.connect()
        await stream.send_all(GET)
        await trio.testing.wait_all_tasks_blocked()

    assert trio.current_time() <= DEFAULT_LIMITS.end_s
    assert (status(await heard(stream)) == 200) if seconds < 1 else (await heard(stream) == b"")


async def test_a_peer_that_takes_no_answer_does_not_hold_up_the_end(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with serving() as door:
        await door.connect(unread=True).send_all(GET)
        await trio.testing.wait_all_tasks_blocked()

    assert trio.current_time() <= DEFAULT_LIMITS.end_s


@settings(max_examples=60, deadline=None)
@given(
    noise=st.binary(max_size=300),
    cut=st.integers(min_value=0, max_value=len(GET)),
    pieces=st.integers(min_value=1, max_value=7),
)
def test_no_bytes_whatever_end_the_server(noise: bytes, cut: int, pieces: int) -> None:
    async def main() -> None:
        async with serving() as door:
            stream = door.connect()
            sent = GET[:cut] + noise
            try:
                for start in range(0, len(sent), pieces * 50):
                    await stream.send_all(sent[start : start + pieces * 50])
                await stream.send_eof()
            except trio.BrokenResourceError:
                pass
            await heard(stream)
            assert status(await asked(door, GET)) == 200

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
