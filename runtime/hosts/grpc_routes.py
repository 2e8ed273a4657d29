"""What a gRPC service is, apart from the library that serves it: its calls and who answers them.

Handlers are trio-flavoured and get decoded messages.  A call with a stream on both sides is
answered batch by batch: what arrived while the last batch was being answered is the next one, so
messages of one stream stay in order and share whatever is dear in answering them.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

import attrs
from google.protobuf.message import Message

In = TypeVar("In", bound=Message)
Out = TypeVar("Out", bound=Message)

WINDOW = 64
"""How many messages of one stream may be in one batch, and as many may wait to be the next."""


@attrs.frozen
class Unary(Generic[In, Out]):
    """One message in, one message out.

    `answer` raises RefusedCallError to answer with a status.
    """

    path: str
    takes: type[In]
    gives: type[Out]
    answer: Callable[[In], Awaitable[Out]]


@attrs.frozen
class Streamed(Generic[In, Out]):
    """A stream in, a stream out, and an answer for each message, in order."""

    path: str
    takes: type[In]
    gives: type[Out]
    answer: Callable[[Sequence[In]], Awaitable[Sequence[Out]]]
    """Gets 1 to `WINDOW` messages; gives as many."""


@attrs.frozen
class Unserved:
    """A call of the contract that nobody answers yet: UNIMPLEMENTED."""

    path: str


# Which messages a route takes is its own affair once `Unary` or `Streamed` has checked them.
Route: TypeAlias = Unary[Any, Any] | Streamed[Any, Any] | Unserved
