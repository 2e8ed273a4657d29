# ruff: noqa: T201  # a command
"""Replays a run: `python -m tests.faults --seed 7 --season week [--bug NAME] [--trace]`.

A run of the campaign: `python -m tests.faults --cut before 47 --end killed [--trace]`.
"""

import argparse
import sys

from tests.faults.planted import BUGS
from tests.faults.power import Cut, End
from tests.faults.simulator import World
from tests.faults.worlds import SEASONS, long_world, scenario


def main() -> int:
    """Run it, and tell what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--season", choices=SEASONS, default="week")
    parser.add_argument("--bug", choices=BUGS, default="")
    parser.add_argument("--cut", nargs=2, metavar=("WHERE", "CALL"))
    parser.add_argument("--end", choices=[end.value for end in End], default=End.DARK.value)
    parser.add_argument("--trace", action="store_true", help="print the last lines of the trace")
    asked = parser.parse_args()
    story = _world(asked).run()
    if asked.trace:
        print(*story.last, sep="\n")
    print(
        f"{story.digest} seed {story.seed}: {story.virtual_s:.0f} s, {story.calls} port calls,"
        f" {story.cuts} cuts, {story.acts} acts, {dict(sorted(story.moves.items()))}"
    )
    if story.line:
        print(story.line, file=sys.stderr)
    return story.violation is not None


def _world(asked: argparse.Namespace) -> World:
    if asked.cut is None:
        return long_world(asked.seed, asked.season, asked.bug)
    where, call = asked.cut
    return scenario(int(call), Cut(where), End(asked.end))


if __name__ == "__main__":
    sys.exit(main())
