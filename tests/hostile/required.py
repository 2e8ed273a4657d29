"""What must come of an attack, as something to await on the attacker's line."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from h2.errors import ErrorCodes as E

from runtime.hosts.grpc import Code
from tests.hostile import frames as f
from tests.hostile.line import Line

Required: TypeAlias = Callable[[Line], Awaitable[None]]

LAST_STREAM = 2**31 - 1
"""A stream that no case uses: an honest call on it says whether the connection goes on."""


async def goes_on(line: Line) -> None:
    """The connection lives: another call on it is answered."""
    await line.send(
        f.headers(LAST_STREAM, f.request()), f.data(LAST_STREAM, f.message(b""), end=True)
    )
    await line.until(lambda: LAST_STREAM in line.ended or line.closed)
    said = f"goaway {line.goaway}, resets {line.resets}"
    assert line.fields[LAST_STREAM].get("grpc-status") == "0", said


def ends(*codes: E) -> Required:
    """The connection ends, with a GOAWAY that says why, and is closed."""

    async def required(line: Line) -> None:
        closed = await line.until(lambda: line.closed)
        assert line.goaway in codes, f"goaway {line.goaway}, resets {line.resets}"
        assert closed, "the connection is still open"

    return required


async def hangs_up(line: Line) -> None:
    """The connection is closed; what is said before does not matter."""
    assert await line.until(lambda: line.closed), "the connection is still open"


def resets(stream: int, *codes: E) -> Required:
    """That stream is reset, and the connection goes on."""

    async def required(line: Line) -> None:
        await line.until(lambda: stream in line.resets or line.closed)
        assert line.resets.get(stream) in codes, f"resets {line.resets}, goaway {line.goaway}"
        await goes_on(line)

    return required


def refuses(*codes: E) -> Required:
    """The stream or the connection ends, with one of these codes.

    RFC 9113, section 5.4.2: an endpoint may treat a stream error as a connection error.
    """

    async def required(line: Line) -> None:
        await line.until(lambda: bool(line.resets) or line.closed)
        said = {*line.resets.values(), *([] if line.goaway is None else [line.goaway])}
        assert said & set(codes), f"resets {line.resets}, goaway {line.goaway}"
        if line.goaway is None:
            await goes_on(line)

    return required


def answers(code: Code, *, stream: int = 1, said: str = "") -> Required:
    """The call ends with this status, and the connection goes on."""

    async def required(line: Line) -> None:
        await line.until(lambda: stream in line.ended or line.closed)
        told = line.fields[stream]
        heard = f"{told}, resets {line.resets}, goaway {line.goaway}"
        assert told.get("grpc-status") == str(int(code)), heard
        assert said in told.get("grpc-message", ""), heard
        await goes_on(line)

    return required


def declines(status: int, *, stream: int = 1) -> Required:
    """The request gets a status of HTTP, and the connection goes on."""

    async def required(line: Line) -> None:
        await line.until(lambda: stream in line.ended or line.closed)
        told = line.fields[stream]
        heard = f"{told}, resets {line.resets}, goaway {line.goaway}"
        assert told.get(":status") == str(status), heard
        await goes_on(line)

    return required
