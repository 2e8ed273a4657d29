"""Where something may be sent to, and how the other side knows that it comes from us."""

import hashlib
import hmac
from urllib.parse import urlsplit

import attrs

from runtime.errors import ArightError

_PORTS = {"http": 80, "https": 443}


class InvalidDestinationError(ArightError):
    """A URL is not a plain web address.  It is not repeated here: it may hold a password."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"not a plain web address: {problem}")
        self.problem = problem


@attrs.frozen
class Destination:
    """A server, as the allow-list names it."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Destination":
        """Read the destination of a URL.

        Raises:
            InvalidDestinationError: it is no http or https URL, or carries a user or password.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise InvalidDestinationError(str(error)) from error
        if parts.scheme not in _PORTS:
            raise InvalidDestinationError("neither http nor https")
        if not parts.hostname or "@" in parts.netloc:
            raise InvalidDestinationError("no host, or a user before it")
        return cls(parts.scheme, parts.hostname, _PORTS[parts.scheme] if port is None else port)


@attrs.frozen
class Webhook:
    """An address, and the key that signs what goes there."""

    url: str = attrs.field(repr=False)  # its path is often a secret too
    secret: bytes = attrs.field(repr=False)


def signature(secret: bytes, at: int, body: bytes) -> str:
    """Sign a time (seconds since 1970) and the exact bytes; the `Aright-Signature` header."""
    digest = hmac.new(secret, b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at}, v1={digest}"
