"""What a model is asked, what it answers, and why there may be no answer: the same for all.  Pure.

A dialect spells a question for one kind of provider and reads its reply; it does no I/O.
"""

import enum
from collections.abc import Mapping
from typing import Final, Protocol

import attrs

from actors.l2_planner.prompt import Prompt
from runtime.outbound import Call

MAX_REPLY: Final = 256 * 1024
"""Bytes of a provider's reply that are read: an answer of 16 KiB, escaped, and what is around."""


@attrs.frozen
class Tokens:
    """What a provider says that it counted."""

    input: int
    """Without what came from the provider's cache."""
    output: int
    cached: int = 0
    """Of the input, at the lower price."""


class Fault(enum.StrEnum):
    """Why a provider gave no answer."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    BROKEN_OFF = "broken_off"
    BAD_HTTP = "bad_http"
    """It does not speak HTTP, or packs what nobody asked it to pack."""
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    UNAVAILABLE = "unavailable"
    """It says that it is overloaded, or down for now."""
    UNAUTHORIZED = "unauthorized"
    NO_SUCH_MODEL = "no_such_model"
    BAD_REQUEST = "bad_request"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    """A reply that has not the documented form."""
    EMPTY = "empty"
    TRUNCATED = "truncated"
    """The answer ended at the bound of tokens."""
    FILTERED = "filtered"
    """The provider's filter took the question or the answer."""
    REFUSED = "refused"
    """The model said that it will not answer."""
    NOT_ALLOWED = "not_allowed"
    """The door lets nothing out to this address."""
    DOOR_BUSY = "door_busy"
    """So much left by the door lately that this was not even tried."""
    RESTING = "resting"
    """It failed again and again, and is left alone for a while."""
    OVER_BUDGET = "over_budget"


UNBILLED: Final = frozenset({
    Fault.UNREACHABLE, Fault.RATE_LIMITED, Fault.SERVER_ERROR, Fault.UNAVAILABLE,
    Fault.UNAUTHORIZED, Fault.NO_SUCH_MODEL, Fault.BAD_REQUEST, Fault.NOT_ALLOWED,
    Fault.DOOR_BUSY, Fault.RESTING, Fault.OVER_BUDGET,
})  # fmt: skip
"""Nobody asks money for these.  After any other fault without a count of tokens the worst holds."""

PASSING: Final = frozenset({
    Fault.RATE_LIMITED, Fault.SERVER_ERROR, Fault.UNAVAILABLE, Fault.BROKEN_OFF,
    Fault.UNREACHABLE, Fault.BAD_HTTP,
})  # fmt: skip
"""What may go better in a moment."""

SICK: Final = PASSING | {
    Fault.TIMEOUT, Fault.UNAUTHORIZED, Fault.NO_SUCH_MODEL, Fault.BAD_REQUEST, Fault.TOO_LARGE,
    Fault.MALFORMED, Fault.NOT_ALLOWED,
}  # fmt: skip
"""What speaks against a provider, and not only against one question."""


@attrs.frozen
class Answer:
    """What a model said: untrusted text, for the gate."""

    text: str = attrs.field(repr=False)
    tokens: Tokens | None
    """None: the provider does not count."""


@attrs.frozen
class NoAnswer:
    """There is no answer, and why."""

    fault: Fault
    tokens: Tokens | None = None
    retry_in_s: float = 0.0
    """Seconds for which the provider asks to wait; 0 where it does not."""


class Dialect(Protocol):
    """The language of one kind of provider, for one model."""

    def call(self, prompt: Prompt, *, structured: bool) -> Call:
        """Spell a prompt; `structured` holds the model to the schema.

        Raises:
            ScrubError: something is no part of what may leave.
        """
        ...

    def read(self, body: bytes) -> Answer | NoAnswer:
        """Read the body of a 2xx reply."""
        ...

    def fault_of(self, status: int, body: bytes, /) -> Fault:
        """Name what the refusal of a provider, a 3xx or 4xx, means."""
        ...


def plain_fault(status: int) -> Fault:
    """Name what a refusal means by its status alone."""
    return _BY_STATUS.get(status, Fault.BAD_REQUEST)


_BY_STATUS: Final[Mapping[int, Fault]] = {
    401: Fault.UNAUTHORIZED,
    402: Fault.UNAUTHORIZED,  # nothing left on the account
    403: Fault.UNAUTHORIZED,
    404: Fault.NO_SUCH_MODEL,
}
