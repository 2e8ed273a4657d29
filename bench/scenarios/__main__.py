"""Play the shipped scenarios again and again: `python -m bench.scenarios --count 500`."""

import argparse
import gc
import itertools
import sys
import time

from runtime.roles.catalogue import load_catalogue
from runtime.roles.scenario import SCENARIOS, Theatre, read_scenarios
from runtime.settings import Settings, shipped


def main() -> int:
    """Print the time of so many scenes; gives 1 where something did not come true."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    count: int = parser.parse_args().count
    theatre = Theatre.of(load_catalogue(Settings()))
    written = read_scenarios(shipped("rules") / SCENARIOS)
    gc.freeze()
    began, cpu = time.perf_counter(), time.process_time()
    missed = sum(
        len(theatre.play(each.scenario))
        for each in itertools.islice(itertools.cycle(written), count)
    )
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(
        f"{count} scenes of {len(written)} scenarios in {took:.1f} s, {cpu:.1f} s of CPU:"
        f" {1000 * took / count:.1f} ms each; {missed} expectations missed"
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
