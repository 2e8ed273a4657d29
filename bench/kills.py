"""Kill a journal under load many times: `python -m bench.kills --count 200`."""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from tests.system.kills import Tally, live_and_die


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument(
        "--seed", default=str(time.time_ns()), help="of the delays, to repeat a run"
    )
    args = parser.parse_args()
    print(f"seed {args.seed}", file=sys.stderr)
    random, tally, began = Random(args.seed), Tally(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(args.count):
            live_and_die(Path(folder), random, tally)
    print(
        f"{tally.lives} kills in {time.monotonic() - began:.0f} s: {tally.events} events acked,"
        f" 0 lost; {tally.taken_up} incidents and {tally.left_begun} begun intents taken up"
    )


if __name__ == "__main__":
    main()
