"""`python -m bench.kit`: flipped bits, and what verifying takes of a processor, done twice."""

import argparse
import json
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable

from actors.evidence_log.kit import verify_kit
from tests.actors.evidence_log.kit.kits import EASY, KEY, Site, anchored_site, checked

_ONE_MS, _MANY_S = 100.0, 5.0
"""What verifying one statement, and 10,000, may take."""


def flipped(kit: bytes, count: int, seed: int) -> Counter[str]:
    """Flip bits, one at a time; count what both verifiers say of it."""
    chance, said = random.Random(seed), Counter[str]()
    for _ in range(count):
        data = bytearray(kit)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        ours = checked(bytes(data)).outcome.value
        theirs = verify_kit.verify(bytes(data), KEY.fingerprint, {})["outcome"]
        said[ours if ours == theirs else f"{ours} and {theirs}"] += 1
    return said


def took(work: Callable[[], object], times: int) -> float:
    """Give the median time of the processor that some calls take, in seconds."""
    found = list[float]()
    for _ in range(times):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return statistics.median(found)


def main() -> int:
    """Measure; gives 1 where an aim is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--flips", type=int, default=10_000)
    options.add_argument("--statements", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=6)
    given = options.parse_args()
    verify_kit.EASIEST = EASY  # its headers are of a chain without work

    said = flipped(anchored_site().kit(), given.flips, given.seed)
    one, many = Site().happen(1).sign().kit(), Site().happen(given.statements).sign().kit()
    figures = {
        "flips": dict(said),
        "one_ms": round(took(lambda: checked(one), 50) * 1000, 2),
        "one_by_the_program_ms": round(
            took(lambda: verify_kit.verify(one, KEY.fingerprint, {}), 50) * 1000, 2
        ),
        "statements": given.statements,
        "kit_mb": round(len(many) / 1e6, 1),
        "all_s": round(took(lambda: checked(many), 3), 2),
        "all_by_the_program_s": round(
            took(lambda: verify_kit.verify(many, KEY.fingerprint, {}), 3), 2
        ),
    }
    print(json.dumps(figures, indent=2))
    sound = said.keys() <= {"mismatch", "unusable"} and checked(many).outcome == "verified"
    quick = figures["one_ms"] < _ONE_MS and figures["all_s"] < _MANY_S
    return 0 if sound and quick else 1


if __name__ == "__main__":
    sys.exit(main())
