"""How a person hears that no room is left."""

import structlog

from actors.journal.store import Journal
from actors.messages import Moment
from runtime.clock import Clock
from runtime.errors import StoreError
from runtime.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="journal")


async def tell_full(store: Store, journal: Journal, clock: Clock) -> None:
    """Tell a person that there is no room; the reserve has room for the ticket."""
    try:
        await store.commit(journal.tell_full(Moment.read(clock)))
    except StoreError as error:
        log.error("store_full_untold", error=str(error))  # noqa: TRY400  the log is all there is
