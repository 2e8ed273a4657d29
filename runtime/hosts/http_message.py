"""What our HTTP server is asked, and what it answers."""

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

import attrs

from runtime.codec import foreign_json
from runtime.errors import ArightError

_FIELDS = 64  # names in a query


class BadRequestError(ArightError):
    """A request is not one that can be answered; `status` says why, as HTTP does."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status, self.problem = status, problem


@attrs.frozen
class Request:
    """What a peer asks."""

    method: str
    path: str
    """Decoded; begins with a slash."""
    query: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """Of a repeated name the last value."""
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """Names in lower case."""
    body: bytes = b""
    peer: str = ""
    """The address it comes from, without the port; empty on a Unix socket."""

    def json(self) -> object:
        """Read the body as JSON, which the caller validates; raises BadRequestError."""
        try:
            return foreign_json(self.body)
        except ValueError as error:
            raise BadRequestError(400, f"the body is not JSON: {error}") from error


@attrs.frozen
class Response:
    """What the peer is told."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"

    @classmethod
    def json(cls, value: object, status: int = 200) -> "Response":
        """Answer with plain JSON data."""
        return cls(status, json.dumps(value, ensure_ascii=False).encode() + b"\n")

    @classmethod
    def text(cls, text: str, status: int = 200, content_type: str = "text/plain") -> "Response":
        """Answer with text."""
        return cls(status, text.encode(), f"{content_type}; charset=utf-8")

    @classmethod
    def problem(cls, status: int, detail: str) -> "Response":
        """Answer that it did not work (RFC 9457)."""
        body = json.dumps({"status": status, "detail": detail}, ensure_ascii=False)
        return cls(status, body.encode() + b"\n", "application/problem+json")


def target_of(text: str) -> tuple[str, dict[str, str]]:
    """Read path and query of a request's target; raises BadRequestError."""
    if not text.startswith("/"):  # a proxy's absolute form, CONNECT's authority, `*`
        raise BadRequestError(400, "the target is not a path")
    try:
        parts = urlsplit(text)
        path = unquote(parts.path, errors="strict")
        fields = parse_qsl(
            parts.query, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS
        )
    except ValueError as error:
        raise BadRequestError(400, "the target is not UTF-8, or has too many fields") from error
    return path, dict(fields)
