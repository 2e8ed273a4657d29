"""What attempts prove: how many healed, and how low the true share of healing may still be.  Pure.

The bound is looked at after every attempt, not once.  That it may be crossed by luck at any of them
is reckoned with: `crossing` gives the exact chance, and docs/measurements.md the figures.
"""

import math
from collections.abc import Iterable
from typing import Final

import attrs

from actors.messages import Verdict

Z: Final = 2.576
"""Standard deviations of the 99 % interval."""


def wilson_lower_bound(healed: int, attempts: int, z: float = Z) -> float:
    """Give the lower end of Wilson's score interval for a share; 0 where nothing healed.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference,
    JASA 22 (1927), 209-212.
    """
    if healed == 0:  # nothing is proven, and the formula would only be nearly 0
        return 0.0
    share, square = healed / attempts, z * z
    middle = share + square / (2 * attempts)
    spread = z * math.sqrt(share * (1 - share) / attempts + square / (4 * attempts * attempts))
    return max(0.0, (middle - spread) / (1 + square / attempts))


@attrs.frozen
class Tally:
    """All attempts of one exact action, counted by outcome.  There is no other outcome."""

    healed: int = 0
    failed: int = 0
    rolled_back: int = 0
    unknown: int = 0
    clean_run: int = 0
    """How many of the last attempts healed, one after the other."""

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> "Tally":
        """Count verdicts, oldest first."""
        tally = cls()
        for verdict in verdicts:
            tally = tally.counting(verdict)
        return tally

    def counting(self, verdict: Verdict) -> "Tally":
        """Give the tally with one attempt more.  Where nothing was done, nothing was attempted."""
        healed, failed, back, unknown = self.healed, self.failed, self.rolled_back, self.unknown
        match verdict:
            case Verdict.HEALED:
                return Tally(healed + 1, failed, back, unknown, self.clean_run + 1)
            case Verdict.FAILED:
                return Tally(healed, failed + 1, back, unknown)
            case Verdict.ROLLED_BACK:
                return Tally(healed, failed, back + 1, unknown)
            case Verdict.UNKNOWN:
                return Tally(healed, failed, back, unknown + 1)
            case Verdict.NO_DRIFT:
                return self

    def since(self, earlier: "Tally") -> "Tally":
        """Give what came after `earlier`, which is a tally of the same action."""
        healed = self.healed - earlier.healed
        return Tally(
            healed,
            self.failed - earlier.failed,
            self.rolled_back - earlier.rolled_back,
            self.unknown - earlier.unknown,
            min(self.clean_run, healed),
        )

    @property
    def attempts(self) -> int:
        """Count all of them."""
        return self.healed + self.failed + self.rolled_back + self.unknown

    @property
    def share(self) -> float:
        """Give the share that healed; 1 where nothing was tried, so that nothing is held to it."""
        return self.healed / self.attempts if self.attempts else 1.0

    @property
    def lower_bound(self) -> float:
        """Give what share at least heals in truth, at 99 %."""
        return wilson_lower_bound(self.healed, self.attempts)


def crossing(true_share: float, attempts: int, bound: float, clean_run: int) -> float:
    """Give the chance that an action seems proven at least once within so many attempts.

    Exact, for independent attempts that heal with `true_share`: the chance of every count of
    failures and every clean run is carried from attempt to attempt, and what crosses is taken out.
    """
    crossed, chances = 0.0, {(0, 0): 1.0}
    """Chances by failures and length of the clean run, of what has not crossed yet."""
    for tried in range(1, attempts + 1):
        further: dict[tuple[int, int], float] = {}
        for (failures, run), chance in chances.items():
            healed, failed = (failures, min(clean_run, run + 1)), (failures + 1, 0)
            further[healed] = further.get(healed, 0.0) + chance * true_share
            further[failed] = further.get(failed, 0.0) + chance * (1 - true_share)
        chances = {}
        for (failures, run), chance in further.items():
            if run >= clean_run and wilson_lower_bound(tried - failures, tried) >= bound:
                crossed += chance
            elif chance > _NEGLIGIBLE:
                chances[failures, run] = chance
    return crossed


_NEGLIGIBLE: Final = 1e-30
