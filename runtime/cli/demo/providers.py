"""Which models the demo asks: a real one for which there is a key, and the built-in one."""

import contextlib
import os
from collections.abc import Generator, Mapping, Sequence
from typing import Final, TypeAlias

from runtime.cli.demo.model import NAME, local_model

Provider: TypeAlias = Mapping[str, object]
"""A provider, as the settings have it."""

_OWN = "demo"
_REAL: Final[Mapping[str, Provider]] = {
    "OPENAI_API_KEY": {"kind": "openai", "model": "gpt-4o-mini"},
    "ANTHROPIC_API_KEY": {"kind": "anthropic", "model": "claude-haiku-4-5"},
}
"""Variables that have a key, and which model it is used for."""


@contextlib.contextmanager
def providers() -> Generator[Sequence[Provider]]:
    """Give the models to ask, in this order; the built-in one is served meanwhile."""
    real = [provider for name, provider in _REAL.items() if os.environ.get(name)]
    with local_model() as model:
        prices = {"input": 0.15, "output": 0.6}
        own = {"kind": "openai_compatible", "name": _OWN, "url": model.url, "model": NAME}
        yield [*real[:1], {**own, "prices": prices}]


def told(models: Sequence[Provider]) -> str:
    """Say which model plans."""
    first = models[0]
    return "a built-in one" if first.get("name") == _OWN else f"{first['kind']}'s, by your key"
