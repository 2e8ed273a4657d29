"""A seed is a run: in another process, with another order of hashes, it is the same one."""

import os
import subprocess
import sys


def replayed(seed: int, hash_seed: str, malloc: str = "pymalloc") -> str:
    command = [sys.executable, "-m", "tests.faults", "--seed", str(seed), "--season", "hunt"]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONMALLOC": malloc},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_seed_gives_the_same_trace_whatever_the_order_of_hashes() -> None:
    first, again = replayed(7, "1"), replayed(7, "2", "malloc")

    assert first == again
    assert len(first.split()[0]) == 64


def test_another_seed_gives_another_trace() -> None:
    assert replayed(7, "1").split()[0] != replayed(8, "1").split()[0]
