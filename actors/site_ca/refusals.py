"""Refusals: told to who is refused, and, without flooding log or disk, to people."""

from collections import OrderedDict

import attrs
import structlog
import trio

from actors.ports import EnrolmentRefusedError
from actors.site_ca.core import Reason, words
from actors.site_ca.store import Act, Line, Register
from runtime.allowance import Allowance
from runtime.clock import Clock
from runtime.errors import StoreError
from runtime.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="site_ca")

_PERIOD_S = 60.0
_OFFENDERS = 1024
_LINES_PER_MINUTE = 120
"""Over all offenders: a flood from many addresses must not fill the disk either."""
_WAITING = 256


def refused(reason: Reason, problem: str | None = None) -> EnrolmentRefusedError:
    """Make the error of a refusal; `problem` says it better than the usual words."""
    return EnrolmentRefusedError(reason.value, problem or words(reason))


@attrs.define
class Tally:
    """Sums up what would be said too often.  Times are seconds of one monotonic clock."""

    _allowed: Allowance = attrs.field(factory=lambda: Allowance(_LINES_PER_MINUTE), init=False)
    _lately: OrderedDict[tuple[str, str], tuple[float, int]] = attrs.field(
        factory=OrderedDict[tuple[str, str], tuple[float, int]], init=False
    )
    """When something was told last, and how often it happened since."""

    def count(self, offender: str, reason: str, now: float) -> int:
        """Count once; give how often it happened since it was last told, or 0: say nothing."""
        key = (offender, reason)
        told_at, silent = self._lately.pop(key, (now - _PERIOD_S, 0))
        silent += 1
        if now - told_at >= _PERIOD_S and self._allowed.spend(now) == 0:
            self._lately[key] = (now, 0)
            self._forget()
            return silent
        self._lately[key] = (told_at, silent)
        self._forget()
        return 0

    def _forget(self) -> None:
        if len(self._lately) > _OFFENDERS:
            self._lately.popitem(last=False)


@attrs.define
class Refusals:
    """Logs and audits refusals: once a minute for an offender and a reason."""

    store: Store
    register: Register
    clock: Clock
    _tally: Tally = attrs.field(factory=Tally, init=False)
    _to_audit: trio.MemorySendChannel[Line] = attrs.field(init=False)
    _waiting: trio.MemoryReceiveChannel[Line] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._to_audit, self._waiting = trio.open_memory_channel[Line](_WAITING)

    def tell(self, reason: str, *, address: str, host: str = "", serial: str = "") -> None:
        """Note a refusal; never waits.  Who is known offends by name, others by address."""
        count = self._tally.count(serial or address, reason, self.clock.monotonic())
        if not count:
            return
        log.warning(
            "refused", reason=reason, address=address, host=host, serial=serial, count=count
        )
        now = self.clock.now()
        line = Line(
            now, Act.REFUSED, host=host, address=address, serial=serial, reason=reason, count=count
        )
        try:
            self._to_audit.send_nowait(line)
        except trio.WouldBlock:
            log.warning("refusal_not_audited", reason=reason, address=address)

    async def run(self) -> None:
        """Write the audit's lines until cancelled."""
        async for line in self._waiting:
            try:
                await self.store.commit(self.register.note(line))
            except StoreError as error:
                log.warning("refusal_not_audited", reason=line.reason, error=str(error))
