"""Fuzz the frame layer: `python -m bench.fuzz --minutes 10`.

Led by coverage where atheris is installed: no dependency, for not all Pythons have it.  Without it
the same conversations are drawn at random.  What falls is printed, and kept as a file.
"""

import argparse
import gc
import importlib.util
import sys
import tempfile
import time
from random import Random

OURS = ("Connection", "Call", "Permit")
EVERY = 20_000
"""Conversations between two counts of what is left."""


class Fuzz:
    """Plays one conversation after the other, and counts what they leave behind."""

    def __init__(self) -> None:
        from tests.hostile.sans_io import play  # after atheris has taken hold of imports

        self.play, self.played = play, 0
        self.ended: dict[str, int] = {}

    def __call__(self, tape: bytes) -> None:
        world = self.play(tape)
        self.played += 1
        for reason in world.refused or ["-"]:
            key = reason.partition(": ")[2]
            self.ended[key] = self.ended.get(key, 0) + 1
        if self.played % EVERY == 0:
            del world
            self.count()

    def count(self) -> None:
        """Fail where connections or calls outlive their conversations."""
        gc.collect()
        left = [type(thing).__name__ for thing in gc.get_objects()]
        kept = {name: left.count(name) for name in OURS}
        assert sum(kept.values()) == 0, kept
        print(f"{self.played} conversations, nothing left; ended by {self.ended}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if importlib.util.find_spec("atheris") is not None:
        by_coverage(args.minutes, args.seed)
    else:
        at_random(args.minutes, args.seed)


def by_coverage(minutes: float, seed: int) -> None:
    """Fuzz with atheris, which ends the process itself."""
    atheris = importlib.import_module("atheris")

    with atheris.instrument_imports(include=["runtime.hosts.grpc", "h2", "hpack", "hyperframe"]):
        fuzz = Fuzz()
    folder = tempfile.mkdtemp(prefix="fuzz-")
    print(
        f"by coverage, {minutes} minutes, seed {seed}; what falls is kept in {folder}", flush=True
    )
    options = [
        f"-max_total_time={round(minutes * 60)}",
        f"-seed={seed}",
        f"-artifact_prefix={folder}/",
        "-max_len=2048",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options], fuzz)
    atheris.Fuzz()


def at_random(minutes: float, seed: int) -> None:
    """Draw conversations."""
    print(f"at random (no atheris), {minutes} minutes, seed {seed}", flush=True)
    random, fuzz, until = Random(seed), Fuzz(), time.monotonic() + minutes * 60
    while time.monotonic() < until:
        tape = random.randbytes(random.randrange(600))
        try:
            fuzz(tape)
        except BaseException:
            print(f"it fell; the conversation was {tape.hex()}", flush=True)
            raise
    fuzz.count()


if __name__ == "__main__":
    main()
