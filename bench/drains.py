"""Send SIGTERM to an appliance under load many times: `python -m bench.drains --count 20`."""

import argparse
import tempfile
from pathlib import Path
from random import Random

from tests.system.drains import drain_under_load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    random, took, acked = Random(args.seed), list[float](), 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(args.count):
            drained = drain_under_load(Path(folder) / str(number), after_s=random.uniform(0, 1))
            took.append(drained.took_s)
            acked += drained.acked
    print(
        f"{args.count} drains: {acked} events acked, 0 lost, 0 kept without an ack;"
        f" exit after {min(took):.2f} to {max(took):.2f} s"
    )


if __name__ == "__main__":
    main()
