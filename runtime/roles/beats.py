"""How often each check of each host is to be answered, as the settings have it."""

from collections.abc import Callable, Collection, Mapping

import attrs

from actors.catalogue.checks import Check
from actors.messages import Observation
from actors.scanner import Watch, questions
from runtime.errors import NotFoundError


@attrs.define
class Beats:
    """Gives the seconds between two answers, by who asks.

    The scanner asks by the checks in force.  Agents are told one interval when they register; a
    check that only they report may name its own.  What an operator submits is expected never again.
    """

    watches: Mapping[str, Watch]
    checks: Callable[[], Mapping[str, Check]]
    scanner_s: float
    """For a check that names no interval."""
    agents_s: float
    _known: Mapping[str, Check] | None = attrs.field(default=None, init=False)
    _asked: Mapping[tuple[str, str], float] = attrs.field(
        factory=dict[tuple[str, str], float], init=False
    )

    def of(self, answer: Observation) -> float | None:
        """Give the seconds until the next answer of this kind; None where none is expected."""
        match answer.source:
            case "agent":
                check = self.checks().get(answer.check)
                own = check.interval_s if check and check.is_reported else None
                return own or self.agents_s
            case "scanner":
                return self._in_force().get((answer.host, answer.check))
            case _:
                return None

    def asked(self) -> Collection[tuple[str, str]]:
        """List what the scanner asks now: host and check."""
        return self._in_force().keys()

    def _in_force(self) -> Mapping[tuple[str, str], float]:
        checks = self.checks()
        if checks is not self._known:
            try:
                asked = questions(self.watches.values(), checks, self.scanner_s)
            except NotFoundError:  # the scanner falls over it and tells a person
                asked = ()
            self._asked = {(each.host, each.check.id): each.interval_s for each in asked}
            self._known = checks
        return self._asked
