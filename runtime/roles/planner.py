"""The planner of a role: from settings and secrets to the room's parts, and those to its actor."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TypeAlias

import attrs

from actors.catalogue.pattern_signature import pattern_signature
from actors.catalogue.runbooks import Risk
from actors.l2_planner import (
    FREE,
    Budgets,
    ChatCompletions,
    ClosedCatalogue,
    Dialect,
    Messages,
    OllamaChat,
    PlannerSettings,
    Price,
    Prompt,
    Provider,
    SitePolicy,
    catalogue_of,
    drift_text_of,
    paid_price_of,
    prompt_for,
)
from actors.messages import Mode, Observation, PlanWanted
from runtime.allowance import Allowance
from runtime.clock import Clock
from runtime.destination import Destination
from runtime.hosts.http_client import HttpClient
from runtime.llm_settings import Llm, LlmProvider
from runtime.outbound import Outbound
from runtime.roles.catalogue import Catalogue
from runtime.scrub import Scrubber
from runtime.secret_source import read_header_key
from runtime.settings import Settings

PromptWriter: TypeAlias = Callable[[Observation, ClosedCatalogue, bool], Prompt]
"""The last says that fixes of this drift did not hold."""

_MARK = 16
"""Bytes: nobody who writes an event can guess the marks around it."""
_MICRO = 1_000_000
_CALLS_PER_MINUTE = 120
"""That leave the door to providers; the budgets say how many there are in an hour."""


@attrs.frozen
class Planning:
    """The world, as the planner sees it."""

    providers: Sequence[Provider]
    prompt: PromptWriter


@attrs.define
class ClosedNow:
    """The catalogue in force as a closed one; closed anew when a reload brings another."""

    catalogue: Callable[[], Catalogue]
    settings: PlannerSettings
    _of: Catalogue | None = attrs.field(default=None, init=False)
    _closed: ClosedCatalogue = attrs.field(factory=lambda: ClosedCatalogue({}), init=False)

    def __call__(self) -> ClosedCatalogue:
        """Give what plans may name."""
        current = self.catalogue()
        if current is not self._of:
            self._closed = closed_by(self.settings, current)
            self._of = current
        return self._closed


def closed_by(settings: PlannerSettings, catalogue: Catalogue) -> ClosedCatalogue:
    """Close a catalogue as the site's policy says."""
    closed = catalogue_of(catalogue.runbooks.values(), settings.policy)
    return attrs.evolve(closed, min_confidence=settings.min_confidence)


def kind_of(message: PlanWanted) -> str:
    """Name the kind of drift: plans for one kind are made one after the other."""
    seen = message.observation
    return pattern_signature(seen.check, seen.platform.value, seen.actual)


def planning_of(
    settings: Settings, scrubber: Scrubber, clock: Clock, random: Random
) -> Planning | None:
    """Make what the planner asks with; None where no provider is configured.

    Raises:
        MissingSecretError, InvalidDestinationError
    """
    if not settings.llm.providers:
        return None
    return Planning(providers_of(settings, clock, random), prompt_writer(scrubber))


def prompt_writer(scrubber: Scrubber) -> PromptWriter:
    """Write prompts with marks that are new in each."""

    def write(observation: Observation, offered: ClosedCatalogue, came_back: bool) -> Prompt:
        mark = secrets.token_hex(_MARK)
        return prompt_for(drift_text_of(observation), offered, mark, scrubber, came_back=came_back)

    return write


def planner_settings(settings: Settings) -> PlannerSettings:
    """Give the planner what it must know of the settings."""
    llm = settings.llm
    budget, offer = llm.budget, llm.offer
    return PlannerSettings(
        timeout_s=llm.timeout,
        mode=Mode(llm.mode),
        min_confidence=llm.min_confidence,
        budgets=Budgets(
            hour=round(budget.dollars_per_hour * _MICRO),
            day=round(budget.dollars_per_day * _MICRO),
            pattern_day=round(budget.dollars_per_pattern_and_day * _MICRO),
            calls_hour=budget.calls_per_hour,
            calls_day=budget.calls_per_day,
            calls_pattern_day=budget.calls_per_pattern_and_day,
        ),
        answers_s=llm.answers,
        at_once=llm.at_once,
        policy=SitePolicy(
            offer.irreversible, offer.disruptive, Risk(offer.max_risk), Risk(offer.auto_risk)
        ),
        days=settings.retention.days,
    )


def providers_of(settings: Settings, clock: Clock, random: Random) -> Sequence[Provider]:
    """Make the providers; raises MissingSecretError, InvalidDestinationError."""
    llm = settings.llm
    allowed = frozenset(Destination.of(each.endpoint) for each in llm.providers)
    door = Outbound(HttpClient(), allowed, clock, random, Allowance(_CALLS_PER_MINUTE))
    return [_provider(each, llm, door) for each in llm.providers]


def _provider(told: LlmProvider, llm: Llm, door: Outbound) -> Provider:
    model = llm.model_of(told)
    return Provider(
        told.label,
        model,
        _dialect(told, model, llm.max_tokens),
        _price(told, model),
        llm.max_tokens,
        door,
        told.structured,
    )


def _dialect(told: LlmProvider, model: str, max_tokens: int) -> Dialect:
    headers = _headers(told)
    match told.kind:
        case "anthropic":
            return Messages(told.endpoint, model, max_tokens, headers)
        case "ollama":
            return OllamaChat(told.endpoint, model, max_tokens, headers)
        case _:
            hosted = told.kind in ("openai", "azure")
            return ChatCompletions(told.endpoint, model, max_tokens, headers, hosted)


def _headers(told: LlmProvider) -> Mapping[str, str]:
    if told.key_place is None:
        return {}
    key = read_header_key(told.key_place)
    match told.kind:
        case "azure":
            return {"api-key": key}
        case "anthropic":
            return {"x-api-key": key}
        case _:
            return {"Authorization": f"Bearer {key}"}


def _price(told: LlmProvider, model: str) -> Price:
    if told.prices is not None:
        return Price.of_dollars(told.prices.input, told.prices.output, told.prices.cached)
    return FREE if told.kind in ("openai_compatible", "ollama") else paid_price_of(model)
