"""The control socket: what the command line asks a running process, over HTTP on a Unix socket.

`GET /v1/<noun>/<verb>` reads, `POST` changes.  `/health`, `/ready` and `/metrics` are served here
and on a loopback port.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias, cast

import attrs

from runtime.errors import InvalidRequestError, NotFoundError
from runtime.hosts.http_message import BadRequestError, Request, Response

Args: TypeAlias = Mapping[str, str]
Body: TypeAlias = Mapping[str, object]
Read: TypeAlias = Callable[[str, str, Args], Awaitable[object]]
Change: TypeAlias = Callable[[Body], Awaitable[object]]
Changes: TypeAlias = Mapping[tuple[str, str], Change]
"""By noun and verb."""

_LONGEST_S = 10 * 366 * 86_400
"""What is to hold for longer holds until it is lifted; and no calendar runs out of it."""


class UnknownVerbError(NotFoundError):
    """Nothing answers to such a noun and verb."""

    def __init__(self, noun: str, verb: str) -> None:
        super().__init__("command", f"{noun} {verb}")


class MissingArgumentError(InvalidRequestError):
    """A change lacks something that it needs, or it is of the wrong kind."""

    def __init__(self, name: str, wanted: str) -> None:
        super().__init__(f"{name} must be {wanted}")
        self.name, self.wanted = name, wanted


def whole(args: Args, name: str, usual: int, most: int) -> int:
    """Read a whole number from 1 to `most`.

    Raises:
        InvalidRequestError: it is none.
    """
    text = args.get(name, str(usual))
    # By their length first: of thousands of figures Python makes no number.
    if text.isdecimal() and len(text) <= len(str(most)) and 1 <= int(text) <= most:
        return int(text)
    raise InvalidRequestError(f"{name} must be a number from 1 to {most}")


def limit_of(args: Args) -> int:
    """Read how many rows are asked for; raises InvalidRequestError."""
    return whole(args, "limit", usual=100, most=10_000)


@attrs.frozen
class Probes:
    """What a probe from outside may ask."""

    health: Callable[[], Body]
    ready: Callable[[], bool]
    metrics: Callable[[], str]

    async def handle(self, request: Request) -> Response:
        """Answer /health, /ready and /metrics."""
        match request.path:
            case "/health":
                return Response.json(self.health())
            case "/ready":
                ready = self.ready()
                return Response.json({"ready": ready}, 200 if ready else 503)
            case "/metrics":
                return Response.text(self.metrics(), content_type="text/plain; version=0.0.4")
            case _:
                return Response.problem(404, f"nothing is at {request.path}")


@attrs.frozen
class Control:
    """Answers the command line."""

    probes: Probes
    read: Read
    changes: Changes

    async def handle(self, request: Request) -> Response:
        """Answer one request of the control socket."""
        match (request.method, *request.path.strip("/").split("/")):
            case ("GET", "v1", noun, verb):
                return Response.json(await self.read(noun, verb, request.query))
            case ("POST", "v1", noun, verb):
                change = self.changes.get((noun, verb))
                if change is None:
                    raise UnknownVerbError(noun, verb)
                return Response.json(await change(_body(request)))
            case ("GET", *_):
                return await self.probes.handle(request)
            case _:
                return Response.problem(405, f"{request.method} is not for {request.path}")


def _body(request: Request) -> Body:
    data = request.json()
    if not isinstance(data, dict):
        raise BadRequestError(400, "the body is not a JSON object")
    return cast("Body", data)


def text(body: Body, name: str, default: str | None = None) -> str:
    """Take a text out of a body; raises MissingArgumentError where it is none."""
    value = body.get(name, default)
    if not isinstance(value, str):
        raise MissingArgumentError(name, "text")
    return value


def words(body: Body, name: str) -> str:
    """Take a text out of a body that is not blank; raises MissingArgumentError where it is."""
    value = text(body, name).strip()
    if not value:
        raise MissingArgumentError(name, "text that is not empty")
    return value


def seconds(body: Body, name: str) -> float | None:
    """Take a duration out of a body, None where there is none; raises MissingArgumentError."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LONGEST_S:
        raise MissingArgumentError(name, "a number of seconds above 0, of ten years at most")
    return float(value)
