"""What tokens cost, in whole micro-dollars.  Pure.

Sources: the pricing pages of OpenAI (standard tier) and Anthropic, as of `AS_OF`.  Prices change;
a provider's own `prices` in the settings come first.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Final

import attrs

from actors.l2_planner.asking import Tokens

AS_OF: Final = dt.date(2026, 10, 24)

_MILLION: Final = 1_000_000


@attrs.frozen
class Price:
    """Micro-dollars for a million tokens."""

    input: int = attrs.field(validator=attrs.validators.ge(0))
    output: int = attrs.field(validator=attrs.validators.ge(0))
    cached: int = attrs.field(validator=attrs.validators.ge(0))
    """For input that the provider had in its cache."""

    @classmethod
    def of_dollars(cls, input: float, output: float, cached: float | None = None) -> "Price":  # noqa: A002  # the provider's word
        """Take dollars for a million tokens, as price lists have them."""
        return cls(*(round(dollars * _MILLION) for dollars in (
            input, output, input if cached is None else cached,
        )))  # fmt: skip

    def cost(self, tokens: Tokens) -> int:
        """Give what a call cost, in micro-dollars, rounded up."""
        of_all = (
            tokens.input * self.input + tokens.cached * self.cached + tokens.output * self.output
        )
        return -(-of_all // _MILLION)

    def worst(self, input_tokens: int, output_tokens: int) -> int:
        """Give what a call may cost at most."""
        dearest = max(self.input, self.cached)
        return -(-(input_tokens * dearest + output_tokens * self.output) // _MILLION)


FREE: Final = Price(0, 0, 0)

TABLE: Final[Mapping[str, Price]] = {
    name: Price.of_dollars(*dollars)
    for name, dollars in {
        "gpt-4o": (2.50, 10.00, 1.25),
        "gpt-4o-mini": (0.15, 0.60, 0.075),
        "gpt-4.1": (2.00, 8.00, 0.50),
        "gpt-4.1-mini": (0.40, 1.60, 0.10),
        "gpt-4.1-nano": (0.10, 0.40, 0.025),
        "gpt-5": (1.25, 10.00, 0.125),
        "gpt-5-mini": (0.25, 2.00, 0.025),
        "gpt-5-nano": (0.05, 0.40, 0.005),
        "gpt-5.4": (2.50, 15.00, 0.25),
        "gpt-5.4-mini": (0.75, 4.50, 0.075),
        "gpt-5.4-nano": (0.20, 1.25, 0.02),
        "gpt-5.5": (5.00, 30.00, 0.50),
        "claude-3-5-haiku": (0.80, 4.00, 0.08),
        "claude-haiku-4-5": (1.00, 5.00, 0.10),
        "claude-haiku-5-5": (0.10, 0.50, 0.01),
        "claude-sonnet-4": (3.00, 15.00, 0.30),
        "claude-sonnet-4-5": (3.00, 15.00, 0.30),
        "claude-sonnet-5": (2.00, 10.00, 0.20),
        "claude-sonnet-5-5": (2.00, 10.00, 0.10),
        "claude-opus-4-5": (5.00, 25.00, 0.50),
        "claude-opus-5-5": (4.00, 20.00, 0.20),
    }.items()
}
"""By the name of a model without its date."""

DEAREST: Final = Price(
    max(price.input for price in TABLE.values()),
    max(price.output for price in TABLE.values()),
    max(price.input for price in TABLE.values()),
)
"""For a model that the table does not know: too dear rather than free."""


def price_of(model: str) -> Price | None:
    """Look a model up: by its name, or by that name with a date or `-latest` behind it."""
    known = [name for name in TABLE if model == name or _is_edition(model.removeprefix(name))]
    return TABLE[max(known, key=len)] if known else None


def paid_price_of(model: str) -> Price:
    """Look a model of a paid provider up; the dearest where the table does not know it."""
    return price_of(model) or DEAREST


def _is_edition(rest: str) -> bool:
    """Say whether this stands behind a name for an edition: -2024-08-06, -20250929, -latest."""
    return rest == "-latest" or (
        rest.startswith("-") and len(rest) > len("-2024") and rest.replace("-", "").isdigit()
    )
