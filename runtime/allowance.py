"""How often something may be done."""

import attrs


@attrs.define
class Allowance:
    """At most so many requests at once, and so many a minute over time."""

    per_minute: int = attrs.field(default=60, validator=attrs.validators.gt(0))
    _spent: float = attrs.field(default=0.0, init=False)
    _as_of: float = attrs.field(default=0.0, init=False)

    def wait(self, now: float) -> float:
        """Give the seconds until there is a request again, 0 where there is one; takes none."""
        return max(0.0, self._owed(now) + 1 - self.per_minute) * 60 / self.per_minute

    def spend(self, now: float) -> float:
        """Take one request out.  Gives 0, or the seconds until there is one again."""
        if wait := self.wait(now):
            return wait
        self._spent, self._as_of = self._owed(now) + 1, now
        return 0.0

    def _owed(self, now: float) -> float:
        return max(0.0, self._spent - (now - self._as_of) * self.per_minute / 60)
