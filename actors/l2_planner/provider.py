"""One provider, asked over the door: every way in which that can go wrong has its name."""

from collections.abc import Mapping
from typing import Final

import attrs
import structlog
import trio

from actors.l2_planner.asking import Answer, Dialect, Fault, NoAnswer
from actors.l2_planner.prices import Price
from actors.l2_planner.prompt import Prompt
from runtime.outbound import (
    BudgetSpentError,
    ForbiddenDestinationError,
    Outbound,
    RejectedError,
    TooLargeError,
    UndeliveredError,
)

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="l2_planner")

_AROUND: Final = 256
"""Tokens, at most, that a provider counts for roles and the frame of a question."""

_AT_LEAST_S: Final = 0.05

_UNDELIVERED: Final[Mapping[str, Fault]] = {
    "timeout": Fault.TIMEOUT,
    "unreachable": Fault.UNREACHABLE,
    "broken_off": Fault.BROKEN_OFF,
    "bad_answer": Fault.BAD_HTTP,
    "http_429": Fault.RATE_LIMITED,
    "http_500": Fault.SERVER_ERROR,
    "http_501": Fault.SERVER_ERROR,
}

_MAYBE_SCHEMA: Final = frozenset({Fault.BAD_REQUEST, Fault.SERVER_ERROR})
"""How servers say that they cannot hold a model to a schema: some with a 400, some with a 500."""


@attrs.define
class Provider:
    """One model of one provider."""

    name: str
    """By which the settings and the records call it."""
    model: str
    dialect: Dialect
    price: Price
    max_tokens: int
    """Of an answer."""
    door: Outbound
    structured: bool = True
    """Whether it is asked to hold the model to the schema; until it says that it cannot."""

    def worst(self, prompt: Prompt) -> int:
        """Give what a question may cost at most, in micro-dollars."""
        # No tokenizer makes more tokens of a text than it has bytes.
        size = sum(len(part.body) for part in (prompt.system, prompt.user, prompt.schema))
        return self.price.worst(size + _AROUND, self.max_tokens)

    async def ask(self, prompt: Prompt, within_s: float) -> Answer | NoAnswer:
        """Ask once; where the provider cannot hold the model to a schema, once more without.

        Raises:
            ScrubError: the question has a part that may not leave.
        """
        deadline = trio.current_time() + within_s
        if self.structured:
            given = await self._ask(prompt, within_s, structured=True)
            if isinstance(given, Answer) or given.fault not in _MAYBE_SCHEMA:
                return given
            log.info("model_asked_without_schema", provider=self.name, reason=given.fault)
        left_s = deadline - trio.current_time()
        given = await self._ask(prompt, max(left_s, _AT_LEAST_S), structured=False)
        if isinstance(given, Answer):
            self.structured = False
        return given

    async def _ask(self, prompt: Prompt, within_s: float, *, structured: bool) -> Answer | NoAnswer:
        call = attrs.evolve(self.dialect.call(prompt, structured=structured), try_s=within_s)
        try:
            reply = await self.door.exchange(call)
        except RejectedError as refusal:
            return NoAnswer(self.dialect.fault_of(refusal.status, refusal.body))
        except UndeliveredError as failure:
            fault = _UNDELIVERED.get(failure.reason, Fault.UNAVAILABLE)
            return NoAnswer(fault, retry_in_s=failure.retry_in_s)
        except TooLargeError:
            return NoAnswer(Fault.TOO_LARGE)
        except BudgetSpentError as busy:
            return NoAnswer(Fault.DOOR_BUSY, retry_in_s=busy.retry_in_s)
        except ForbiddenDestinationError:
            return NoAnswer(Fault.NOT_ALLOWED)
        return self.dialect.read(reply.body)
