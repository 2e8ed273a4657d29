"""The settings of the planner: which models may be asked, for how much, and what plans may do."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal
from urllib.parse import quote

import pydantic
from pydantic import Field

from runtime.setting_kinds import Secret, is_loopback

Kind = Literal["openai", "azure", "openai_compatible", "anthropic", "ollama"]
Risk = Literal["low", "medium", "high"]
Dollars = Annotated[float, Field(ge=0, le=1_000_000)]
Calls = Annotated[int, Field(ge=0, le=1_000_000)]

_URLS: Final[Mapping[Kind, str]] = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "ollama": "http://127.0.0.1:11434",
}
_KEYS: Final[Mapping[Kind, str]] = {
    "openai": "env:OPENAI_API_KEY",
    "azure": "env:AZURE_OPENAI_API_KEY",
    "anthropic": "env:ANTHROPIC_API_KEY",
}

_MODELS: Final[Mapping[Kind, str]] = {
    "openai": "gpt-4o",
    "azure": "gpt-4o",
    "openai_compatible": "default",
    "anthropic": "claude-haiku-4-5",
    "ollama": "llama3.1:8b",
}


class _Section(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, defer_build=True)


class LlmPrices(_Section):
    """What a provider asks, in dollars for a million tokens."""

    input: Dollars
    output: Dollars
    cached: Dollars | None = None
    """For input that it had in its cache; without it the same as input."""


class LlmProvider(_Section):
    """One model of one provider; the first that answers is taken."""

    kind: Kind
    name: str = Field(default="", pattern=r"^([a-z][a-z0-9_-]{0,31})?$")
    """In records and tickets; without it the kind."""
    url: pydantic.HttpUrl | None = None
    """Where its API begins; known for openai, anthropic and ollama."""
    model: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,199}$")
    """Without it `llm.model`, and without that the one of its kind."""
    deployment: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,64}$")
    """Azure's name of the deployed model."""
    api_version: str = Field(default="2024-10-21", pattern=r"^[0-9a-z-]{8,32}$")
    """Azure's."""
    key: Secret | None = None
    """Where its key stands: env:NAME or file:PATH.  Never the key itself."""
    prices: LlmPrices | None = None
    """Without them those of the shipped table."""
    structured: bool = True
    """Ask it to hold the model to the schema of an answer; where it cannot, that is noticed."""

    @pydantic.model_validator(mode="after")
    def _is_whole(self) -> "LlmProvider":
        if self.url is None and self.kind not in _URLS:
            raise ValueError(f"{self.kind} needs a url")
        if (self.kind == "azure") != bool(self.deployment):
            raise ValueError("a deployment is needed for azure, and for nothing else")
        if self.url is not None and (self.url.username or self.url.password or self.url.query):
            raise ValueError("the url holds a user or a query; a key stands in key")
        if self.key_place and self.root.startswith("http:") and not is_loopback(self.host):
            raise ValueError("a key leaves by https only, or stays on this machine")
        return self

    @property
    def label(self) -> str:
        """Name it."""
        return self.name or self.kind

    @property
    def key_place(self) -> str | None:
        """Say where its key stands; None where it takes none."""
        return self.key or _KEYS.get(self.kind)

    @property
    def root(self) -> str:
        """Give where its API begins."""
        return str(self.url or _URLS[self.kind]).rstrip("/")

    @property
    def host(self) -> str:
        """Give its host."""
        return (pydantic.HttpUrl(self.root).host or "").strip("[]")

    @property
    def endpoint(self) -> str:
        """Give the whole address of a question."""
        match self.kind:
            case "azure":
                path = f"/openai/deployments/{quote(self.deployment, safe='')}/chat/completions"
                return f"{self.root}{path}?api-version={self.api_version}"
            case "anthropic":
                return f"{self.root}/v1/messages"
            case "ollama":
                return f"{self.root}/api/chat"
            case _:
                return f"{self.root}/chat/completions"


class LlmBudget(_Section):
    """What plans may cost at most, and how often a model may be asked, in hours and days of UTC."""

    dollars_per_hour: Dollars = 0.25
    dollars_per_day: Dollars = 1.00
    dollars_per_pattern_and_day: Dollars = 0.05
    """For one kind of drift."""
    calls_per_hour: Calls = 60
    calls_per_day: Calls = 500
    calls_per_pattern_and_day: Calls = 10


class LlmOffer(_Section):
    """Which runbooks a plan may name."""

    irreversible: bool = True
    """Those without undo too; they never run without a person's yes."""
    disruptive: bool = True
    """Those that people notice too; likewise."""
    max_risk: Risk = "high"
    """The most that may go wrong with one."""
    auto_risk: Risk = "low"
    """The most that may go wrong with one that runs without a person's yes."""


class Llm(_Section):
    """The planner."""

    providers: list[LlmProvider] = []
    """Asked in this order; none: what no rule knows goes to a person."""
    model: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,199}$")
    """Of providers that name none; without it that of their kind, gpt-4o for openai."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 30
    """Seconds for one plan, all providers together."""
    mode: Literal["audit", "approve", "auto"] = "approve"
    """The most that a plan may do by itself."""
    min_confidence: float = Field(default=0.7, ge=0, le=1)
    """Below it a person is asked."""
    max_tokens: int = Field(default=500, ge=50, le=100_000)
    """Of an answer."""
    at_once: int = Field(default=4, ge=1, le=64)
    """Kinds of drift that are planned for at the same time."""
    answers: Annotated[float, Field(ge=0, le=31_622_400)] = 86_400
    """Seconds for which an answer is used again for drift of its kind; 0 for never."""
    budget: LlmBudget = LlmBudget()
    offer: LlmOffer = LlmOffer()

    @pydantic.field_validator("providers")
    @classmethod
    def _told_apart(cls, providers: list[LlmProvider]) -> list[LlmProvider]:
        names = [provider.label for provider in providers]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"name {min(twice)} twice: give each a name")
        return providers

    def model_of(self, provider: LlmProvider) -> str:
        """Give the model of a provider: its own, else the common one, else that of its kind."""
        return provider.model or self.model or _MODELS[provider.kind]
