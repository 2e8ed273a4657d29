"""The chain of providers: one question, asked of one after the other within one deadline."""

from collections.abc import Mapping, Sequence
from random import Random

import attrs
import trio

from actors.l2_planner.asking import PASSING, UNBILLED, Answer, Fault, NoAnswer
from actors.l2_planner.ledger import Budgets, OverBudget, Reservation
from actors.l2_planner.prompt import Prompt
from actors.l2_planner.provider import Provider
from actors.l2_planner.provider_breaker import ProviderBreaker
from actors.l2_planner.record import Try
from actors.l2_planner.store import PlanMemory
from runtime.clock import Clock
from runtime.ids import Ids
from runtime.store import Store, Write

ANSWERED = "answered"


@attrs.frozen
class Stake:
    """For what a question is asked, and so which budgets it takes from."""

    decision_id: str
    site: str
    pattern: str


@attrs.define
class Asked:
    """What came of a question."""

    answer: Answer | None = None
    provider: str = ""
    """That gave the answer, as `model` did."""
    model: str = ""
    tries: list[Try] = attrs.field(factory=list[Try])
    settled: list[tuple[str, int]] = attrs.field(factory=list[tuple[str, int]])
    """Reservations and what the calls cost, to be kept with the decision."""
    over: OverBudget | None = None
    """The last budget that had no room."""
    news: dict[str, Fault | None] = attrs.field(factory=dict[str, Fault | None])
    """Providers that are left alone from now on, and why; None for those that answer again."""

    @property
    def cost(self) -> int:
        """Add up all calls, in micro-dollars."""
        return sum(cost for _, cost in self.settled)

    def writes(self, memory: PlanMemory) -> list[Write[object]]:
        """Give what settles the calls."""
        return [memory.settle(reservation_id, cost) for reservation_id, cost in self.settled]


@attrs.define
class Chain:
    """Asks the first provider that may be asked, then the next; each gets its share of the time."""

    providers: Sequence[Provider]
    timeout_s: float
    """For one plan, all providers together."""
    budgets: Budgets
    store: Store
    memory: PlanMemory
    clock: Clock
    ids: Ids
    random: Random
    """Spreads the pause before the one repetition."""
    _breakers: dict[str, ProviderBreaker] = attrs.field(init=False)
    _untold: dict[str, Fault | None] = attrs.field(factory=dict[str, Fault | None], init=False)
    """News that nobody was told of yet: a commit may fail, and no breaker says a thing twice."""

    def __attrs_post_init__(self) -> None:
        self._breakers = {provider.name: ProviderBreaker() for provider in self.providers}

    async def ask(self, prompt: Prompt, stake: Stake) -> Asked:
        """Ask until one answers, or time, money or providers are at an end.

        Raises:
            ScrubError: the question has a part that may not leave.
        """
        deadline = trio.current_time() + self.timeout_s
        asking = _Asking(self, self._breakers, self._untold, prompt, stake, deadline)
        asked = await asking.ask()
        asked.news = dict(self._untold)
        return asked

    def told(self, news: Mapping[str, Fault | None]) -> None:
        """Note that people were told."""
        for name, fault in news.items():
            if name in self._untold and self._untold[name] is fault:
                del self._untold[name]


@attrs.define
class _Asking:
    """One question on its way through the chain."""

    chain: Chain
    breakers: Mapping[str, ProviderBreaker]
    untold: dict[str, Fault | None]
    prompt: Prompt
    stake: Stake
    deadline: float
    asked: Asked = attrs.field(factory=Asked, init=False)

    @property
    def left_s(self) -> float:
        return self.deadline - trio.current_time()

    async def ask(self) -> Asked:
        providers, again = self.chain.providers, list[tuple[float, Provider]]()
        for number, provider in enumerate(providers):
            given = await self._try(provider, self.left_s / (len(providers) - number))
            if isinstance(given, Answer):
                return self.asked
            if given.fault in PASSING:
                again.append((given.retry_in_s, provider))
        if again:
            await self._once_more(*min(again, key=_wait))
        return self.asked

    async def _once_more(self, asked_s: float, provider: Provider) -> None:
        """Repeat it to whoever is likely to answer first, where time is left for that."""
        pause_s = max(asked_s, self.chain.random.uniform(0.2, 0.6))
        if pause_s < self.left_s / 2:
            await trio.sleep(pause_s)
            await self._try(provider, self.left_s)

    async def _try(self, provider: Provider, within_s: float) -> Answer | NoAnswer:
        breaker, clock = self.breakers[provider.name], self.chain.clock
        if within_s <= 0:
            return self._untried(provider, Fault.TIMEOUT)
        if not breaker.admit(clock.monotonic()):
            return self._untried(provider, Fault.RESTING)
        try:
            given = await self._reserved(provider, within_s)
        except BaseException:
            breaker.left()
            raise
        if isinstance(given, Answer):
            self.asked.answer = given
            self.asked.provider, self.asked.model = provider.name, provider.model
            if breaker.answered():
                self.untold[provider.name] = None
        elif breaker.failed(given.fault, clock.monotonic(), given.retry_in_s):
            self.untold[provider.name] = given.fault
        return given

    def _untried(self, provider: Provider, fault: Fault) -> NoAnswer:
        self.asked.tries.append(Try(provider.name, provider.model, fault))
        return NoAnswer(fault)

    async def _reserved(self, provider: Provider, within_s: float) -> Answer | NoAnswer:
        chain, stake = self.chain, self.stake
        wish = Reservation(
            chain.ids.new("plan_call"),
            stake.decision_id,
            stake.site,
            stake.pattern,
            provider.name,
            provider.model,
            chain.clock.now(),
            provider.worst(self.prompt),
        )
        [over] = await chain.store.commit(chain.memory.reserve(wish, chain.budgets))
        if over is not None:
            self.asked.over = over
            return self._untried(provider, Fault.OVER_BUDGET)
        begun = trio.current_time()
        given = await provider.ask(self.prompt, within_s)
        took_ms = round((trio.current_time() - begun) * 1000)
        cost = _cost(given, provider, wish)
        self.asked.settled.append((wish.id, cost))
        outcome = ANSWERED if isinstance(given, Answer) else given.fault.value
        self.asked.tries.append(Try(provider.name, provider.model, outcome, took_ms, cost))
        return given


def _cost(given: Answer | NoAnswer, provider: Provider, reserved: Reservation) -> int:
    """Give what a call cost; the worst where nobody knows."""
    if given.tokens is not None:
        return provider.price.cost(given.tokens)
    if isinstance(given, NoAnswer) and given.fault in UNBILLED:
        return 0
    return reserved.cost


def _wait(each: tuple[float, Provider]) -> float:
    return each[0]
