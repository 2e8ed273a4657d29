"""`python -m bench`: every benchmark, one after the other; a name after it runs that one alone."""

import subprocess
import sys

BENCHES = {
    "l1": ["--quick"],
    "runtime": [],
    "ingest": ["--quick"],
    "heal": [],
    "lint": [],
    "scrub": [],
    "plan": [],
    "scenarios": [],
    "backtest": ["--events", "200000"],
    "anchor": [],
    "flywheel": ["--patterns", "10000"],
    "kit": [],
}
"""Module -> its arguments.  `python -m bench.l1` without --quick takes about six minutes."""


def main() -> int:
    """Run what is named, or all; gives the worst exit code."""
    wanted = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in wanted if name not in BENCHES]
    if unknown:
        print(f"no bench {unknown[0]}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    worst = 0
    for name in wanted:
        print(f"\n== {name}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"bench.{name}", *BENCHES[name]], check=False)
        worst = max(worst, done.returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
