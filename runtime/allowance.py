"""How often something may be done."""

import attrs


@attrs.define
class Allowance:
    """At most so many requests at once, and so many a minute over time."""

    per_minute: int = attrs.field(default=60, validator=attrs.validators.gt(0))
    _spent: float = attrs.field(default=0.0, init=False)
    _as_of: float = attrs.field(default=0.0, init=False)

    def spend(self, now: float) -> float:
        """Take one request out.  Gives 0, or the seconds until there is one again."""
        per_s = self.per_minute / 60
        spent = max(0.0, self._spent - (now - self._as_of) * per_s)
        if spent + 1 > self.per_minute:
            return (spent + 1 - self.per_minute) / per_s
        self._spent, self._as_of = spent + 1, now
        return 0.0
