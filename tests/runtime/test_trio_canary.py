"""The private names of trio that a seeded simulation needs are still there and still work."""

import random
import subprocess
import sys

import trio

_ORDER_OF_TASKS = """
import trio
trio._core._run._ALLOW_DETERMINISTIC_SCHEDULING = True
trio._core._run._r.seed("seed")

async def main():
    order = []

    async def note(name):
        for _ in range(5):
            await trio.lowlevel.checkpoint()
            order.append(name)

    async with trio.open_nursery() as nursery:
        for name in "abcdef":
            nursery.start_soon(note, name)
    print("".join(order))

trio.run(main)
"""


def test_trio_has_the_names_that_the_seeded_scheduler_sets() -> None:
    assert isinstance(trio._core._run._r, random.Random)
    assert isinstance(trio._core._run._ALLOW_DETERMINISTIC_SCHEDULING, bool)


def test_a_seed_gives_one_order_of_tasks_whatever_the_hash_seed_and_the_allocator() -> None:
    orders = {
        subprocess.run(
            [sys.executable, "-c", _ORDER_OF_TASKS],
            env={"PYTHONHASHSEED": hash_seed, "PYTHONMALLOC": malloc},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hash_seed, malloc in [("1", "pymalloc"), ("2", "malloc")]
    }

    assert len(orders) == 1
