"""The control socket, from its file to the command line's side of it."""

import json
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket

import pytest
import trio
import trio.testing

from runtime.hosts.http_client import HttpError, NobodyListensError, Reply, call_unix
from runtime.hosts.http_server import serve_http
from runtime.hosts.listening import ListenError, loopback_listener, unix_listener
from tests.runtime.doors import echo


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


async def asked(path: Path, *question: str, body: bytes = b"", timeout: float = 10) -> Reply:
    method, target = question
    call = partial(call_unix, path, method, target, body, timeout=timeout)
    return await trio.to_thread.run_sync(call)


@asynccontextmanager
async def answering(path: Path, answer: bytes) -> AsyncIterator[None]:
    """Serve these bytes, whatever is asked."""

    async def conduct(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()
            await stream.send_all(answer)

    with unix_listener(path) as listener:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, conduct, [listener])
            yield
            nursery.cancel_scope.cancel()


async def test_the_command_line_is_answered(path: Path) -> None:
    with unix_listener(path) as listener:
        async with trio.open_nursery() as nursery:
            await nursery.start(serve_http, [listener], echo)
            small = await asked(path, "GET", "/incidents?state=open")
            large = await asked(path, "POST", "/events", body=bytes(1024 * 1024))
            too_large = await asked(path, "POST", "/events", body=bytes(1024 * 1024 + 1))
            nursery.cancel_scope.cancel()

    assert json.loads(small.body)["query"] == {"state": "open"}
    assert json.loads(large.body)["bytes"] == 1024 * 1024
    assert too_large.status == 413
    assert small.headers["content-type"] == "application/json"


def test_the_socket_is_ours_alone_and_goes_with_us(path: Path) -> None:
    with unix_listener(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


async def test_probes_are_answered_on_loopback() -> None:
    listener = loopback_listener(0)
    host, port = listener.socket.getsockname()
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_http, [listener], echo)
        async with await trio.open_tcp_stream(host, port) as stream:
            await stream.send_all(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            assert b"200" in bytes(await stream.receive_some())
        nursery.cancel_scope.cancel()

    assert host == "127.0.0.1"


def test_nobody_there_is_told_so(path: Path) -> None:
    with pytest.raises(NobodyListensError):
        call_unix(path, "GET", "/health")

    with socket(AF_UNIX, SOCK_STREAM) as abandoned:
        abandoned.bind(str(path))
    with pytest.raises(NobodyListensError):
        call_unix(path, "GET", "/health")


def test_a_socket_left_by_a_killed_process_is_taken_over(path: Path) -> None:
    with socket(AF_UNIX, SOCK_STREAM) as abandoned:
        abandoned.bind(str(path))
        abandoned.listen()

    with unix_listener(path):
        assert path.is_socket()


def test_a_socket_on_which_somebody_listens_is_left_alone(path: Path) -> None:
    with unix_listener(path):
        with pytest.raises(ListenError, match="somebody listens"), unix_listener(path):
            pass
        assert path.is_socket()


def test_a_file_that_is_no_socket_is_left_alone(path: Path) -> None:
    path.write_text("mine")

    with pytest.raises(ListenError, match="something else"), unix_listener(path):
        pass
    assert path.read_text() == "mine"


def test_a_path_that_cannot_be_listened_on_is_told_so(tmp_path: Path) -> None:
    for path in (tmp_path / ("x" * 120), tmp_path / "nowhere" / "control.sock"):
        with pytest.raises(ListenError), unix_listener(path):
            pass
    with pytest.raises(HttpError, match="too long"):
        call_unix(tmp_path / ("x" * 120), "GET", "/")


async def test_a_port_in_use_is_told_so() -> None:
    async with loopback_listener(0) as listener:
        with pytest.raises(ListenError, match="in use"):
            loopback_listener(listener.socket.getsockname()[1])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "bad_answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "bad_answer"),
        (b"garbage\r\n\r\n", "bad_answer"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (16 * 1024 * 1024 + 1), "too_large"),
    ],
)
async def test_an_answer_that_is_none_is_told_so(path: Path, answer: bytes, reason: str) -> None:
    async with answering(path, answer):
        with pytest.raises(HttpError, match=reason):
            await asked(path, "GET", "/")


async def test_an_answer_may_end_with_its_connection(path: Path) -> None:
    async with answering(path, b"HTTP/1.1 200 OK\r\n\r\nall"):
        assert (await asked(path, "GET", "/")).body == b"all"


def test_who_does_not_answer_in_time_is_left(path: Path) -> None:
    with socket(AF_UNIX, SOCK_STREAM) as silent:
        silent.bind(str(path))
        silent.listen()
        with pytest.raises(HttpError, match="timeout"):
            call_unix(path, "GET", "/", timeout=0.05)


def test_the_command_line_pays_for_no_client_that_it_does_not_use() -> None:
    program = "import sys, runtime.hosts.http_client; print({'httpx2', 'trio'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "set()"
