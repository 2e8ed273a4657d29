"""The store and the channel of one life, on its power."""

from collections.abc import Callable
from random import Random
from typing import TypeVar, cast

import attrs

from actors.escalator import Delivery, TicketPage
from runtime.outbound import UndeliveredError
from runtime.store import Query, Store, Write
from tests.faults.power import Power, PowerIsOffError

T = TypeVar("T")


@attrs.define(eq=False)
class PoweredStore:
    """A store whose every call may be the last."""

    inner: Store
    power: Power
    kept: Callable[[], None]
    """Called after each commit that came about, told or not."""

    async def commit(self, *writes: Write[T]) -> list[T]:
        """Run `writes` in one transaction, unless the power goes."""

        def living(_: object) -> T:
            if self.power.gone is not None:
                raise PowerIsOffError
            return cast("T", None)

        async def commit() -> list[T]:
            results = await self.inner.commit(living, *writes)
            self.kept()
            return results[1:]

        return await self.power.call(commit, "commit", len(writes))

    async def read(self, query: Query[T]) -> T:
        """Run `query`."""
        return await self.power.call(lambda: self.inner.read(query), "query")


@attrs.define(eq=False)
class SimChannel:
    """A way to tell a person, which fails now and then."""

    power: Power
    random: Random
    fails: Callable[[], bool]
    name: str = "pager"
    marks_repeats: bool = True
    keeps_alerts: bool = False

    async def tell(self, delivery: Delivery, page: TicketPage) -> str:  # noqa: ARG002  # a Channel
        """Bring a ticket, or not."""

        async def bring() -> None:
            if self.fails():
                raise UndeliveredError("pager", "timeout")

        await self.power.call(bring, "tell", delivery.id)
        return delivery.id
