"""Says what peers did wrong, at most once a minute for each of them."""

from collections import OrderedDict

import attrs
import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger()

QUIET_S = 60.0
_KNOWN = 1024


@attrs.define(eq=False)
class Offences:
    """The log of offenders; it forgets those whom it has not seen for longest."""

    _seen: OrderedDict[str, "_Offender"] = attrs.field(
        factory=OrderedDict[str, "_Offender"], init=False
    )

    def note(self, who: str, reason: str, now: float) -> None:
        """Count an offence, and log it unless this offender was logged within a minute."""
        offender = self._seen.setdefault(who, _Offender())
        self._seen.move_to_end(who)
        if len(self._seen) > _KNOWN:
            self._seen.popitem(last=False)
        offender.unsaid += 1
        if now >= offender.quiet_until:
            log.warning("peer_refused", address=who, reason=reason, count=offender.unsaid)
            offender.quiet_until, offender.unsaid = now + QUIET_S, 0


@attrs.define(eq=False)
class _Offender:
    unsaid: int = 0
    quiet_until: float = float("-inf")
