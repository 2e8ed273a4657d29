"""`python -m bench.flywheel`: how seldom a bad plan becomes a rule, and how surely a good one does.

Each plan is tried up to 300 times, and looked at after every attempt, as the appliance does.
Beside what is simulated stands the exact chance to seem proven at some time.
"""

import argparse
import sys
import time
from collections import Counter

from actors.flywheel import AUTO_BOUND, BOUND, CLEAN_RUN, crossing
from actors.messages.promotion import Stage
from bench.flywheel.course import course, lucky_canary

ATTEMPTS = 300
BAD, GOOD = 0.80, 0.99
ALLOWED_BAD = 5
WANTED_GOOD = 0.98


def main() -> int:
    """Run; 1 where a bad plan becomes a rule too often, or a good one too seldom."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patterns", type=int, default=100_000, help="plans of 80 %%")
    parser.add_argument("--seed", default="2026")
    options = parser.parse_args()
    began = time.perf_counter()
    bad_is_kept_out = _bad(options.patterns, options.seed)
    _lucky(options.patterns // 10, options.seed)
    good_gets_in = _good(1_000, options.seed)
    print("chance to seem proven at some time, exact:")
    for share in (0.80, 0.85, 0.90, 0.95, 0.99):
        by_person, auto = (crossing(share, ATTEMPTS, b, CLEAN_RUN) for b in (BOUND, AUTO_BOUND))
        print(f"  {share:.0%} true: {by_person:.2g} within {ATTEMPTS}, for auto {auto:.2g}")
    print(f"took {time.perf_counter() - began:.0f} s")
    return 0 if bad_is_kept_out and good_gets_in else 1


def _bad(count: int, seed: str) -> bool:
    promoted, demoted = 0, Counter[Stage]()
    kept = 0
    for number in range(count):
        done = course(BAD, ATTEMPTS, f"{seed} bad {number}")
        if done.promoted_at is not None:
            promoted += 1
            demoted.update(done.demoted_in)
            kept += done.active_at is not None
    told = ", ".join(f"{number} in {stage}" for stage, number in demoted.items()) or "none"
    print(f"{count} plans of {BAD:.0%}: {promoted} became a rule (allowed {ALLOWED_BAD});")
    print(f"  taken back: {told}; active at some time: {kept}")
    return promoted <= ALLOWED_BAD and not kept


def _lucky(count: int, seed: str) -> None:
    ends = Counter(lucky_canary(BAD, f"{seed} lucky {number}").end for number in range(count))
    told = ", ".join(f"{end.value} {number}" for end, number in ends.most_common())
    print(f"{count} plans of {BAD:.0%} after 60 lucky attempts, put into the canary: {told}")


def _good(count: int, seed: str) -> bool:
    done = [course(GOOD, ATTEMPTS, f"{seed} good {number}") for number in range(count)]
    promoted = [each.promoted_at for each in done if each.promoted_at is not None]
    active = sum(each.active_at is not None for each in done)
    middle = sorted(promoted)[len(promoted) // 2]
    print(f"{count} plans of {GOOD:.0%}: {len(promoted)} became a rule within {ATTEMPTS} attempts")
    print(f"  (wanted {WANTED_GOOD:.0%}), half of them after {middle}; active by then: {active}")
    return len(promoted) >= WANTED_GOOD * count


if __name__ == "__main__":
    sys.exit(main())
