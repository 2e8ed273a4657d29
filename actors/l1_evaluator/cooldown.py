"""Cooldown: a rule that has decided for a host rests there before it decides again.

A layer above the rule set: the rules decide first, by themselves; only then is the winner asked
whether it rests.  No other rule takes its place, and the incident does not go to the model.
"""

from collections.abc import Iterable
from typing import Final

import attrs

from actors.catalogue.rules import Rule
from actors.l1_evaluator.engine import RuleSet
from actors.l1_evaluator.questions import Event
from actors.messages.moment import Moment

Key = tuple[str, str | None]
"""Rule id and host; None is the host of events that name none, and no host's name."""

_LONGEST_S: Final = 10 * 366 * 86_400
"""What is to rest for longer rests for ten years: no calendar and no column runs out of it."""


@attrs.frozen
class CooldownWindow:
    """One rule resting for one host: what is kept over a restart."""

    rule_id: str
    host: str | None
    started: Moment
    """When the rule decided."""
    seconds: float
    """How long it rests from then on."""

    def remaining(self, now: Moment) -> float:
        """Count the seconds that are left, 0 when it is over."""
        return max(0.0, self.seconds - now.since(self.started))


@attrs.frozen
class NoRuleMatched:
    """No rule matches the event."""


@attrs.frozen
class RuleMatched:
    """A rule matches and may go on."""

    rule: Rule
    window: CooldownWindow | None
    """The cooldown that was claimed, to be stored with the decision; None if the rule has none."""


@attrs.frozen
class SuppressedByCooldown:
    """The winner rests for this host: nothing else takes its place."""

    rule: Rule
    window: CooldownWindow
    remaining: float
    """Seconds."""


Outcome = NoRuleMatched | RuleMatched | SuppressedByCooldown


@attrs.define
class Cooldowns:
    """Decides with a rule set and claims the winner's cooldown in the same step."""

    default_seconds: float = attrs.field(validator=attrs.validators.ge(0))
    """For rules that name none."""
    _windows: dict[Key, CooldownWindow] = attrs.field(factory=dict[Key, CooldownWindow], init=False)

    def decide(self, rule_set: RuleSet, event: Event, now: Moment) -> Outcome:
        """Decide for one event and, if a rule may go on, start its cooldown for the host."""
        rule = rule_set.winner(event)
        if rule is None:
            return NoRuleMatched()
        host = event.get("host_id")
        key = (rule.id, host if isinstance(host, str) else None)
        resting = self._windows.get(key)
        if resting is not None:
            remaining = resting.remaining(now)
            if remaining > 0:
                return SuppressedByCooldown(rule, resting, remaining)
            del self._windows[key]
        seconds = self.default_seconds if rule.cooldown_seconds is None else rule.cooldown_seconds
        if seconds == 0:
            return RuleMatched(rule, None)
        lasts = float(min(seconds, _LONGEST_S))
        window = self._windows[key] = CooldownWindow(*key, now, lasts)
        return RuleMatched(rule, window)

    def release(self, rule_id: str, host: str | None) -> None:
        """Forget a window, so that the incident whose decision began it can be decided again."""
        self._windows.pop((rule_id, host), None)

    def window(self, rule_id: str, host: str | None) -> CooldownWindow | None:
        """Give the window of a rule for a host, None where there is none."""
        return self._windows.get((rule_id, host))

    def put_back(self, rule_id: str, host: str | None, window: CooldownWindow | None) -> None:
        """Have the window be as it was, after a decision that was not kept."""
        self.release(rule_id, host)
        if window is not None:
            self._windows[rule_id, host] = window

    def restore(self, windows: Iterable[CooldownWindow], now: Moment) -> None:
        """Take up what was stored, at start.

        A window of an earlier boot goes on by the wall clock, once: from here on the monotonic
        clock counts.  If the wall was set back meanwhile, the window starts anew and lasts no
        longer than the rule's cooldown.
        """
        for window in windows:
            rested = now.since(window.started)
            if rested < window.seconds:
                self._windows[window.rule_id, window.host] = attrs.evolve(
                    window, started=now.after(-rested)
                )

    def windows(self, now: Moment) -> list[CooldownWindow]:
        """Give what is still resting, in the order in which it began, and forget the rest."""
        self._windows = {
            key: window for key, window in self._windows.items() if window.remaining(now) > 0
        }
        return list(self._windows.values())
