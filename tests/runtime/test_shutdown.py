"""Signals: the first drains, the second cuts.  The process is a real one."""

import signal
import subprocess
import sys

import pytest

_PROGRAM = """
import random
import trio
from runtime.actor import actor
from runtime.mailbox import Mailbox
from runtime.shutdown import Shutdown, watch_signals
from runtime.supervisor import supervise

class Slow:
    async def handle(self, seconds):
        await trio.sleep(seconds)

async def ignore(_):
    pass

async def main():
    box = Mailbox("box", capacity=10)
    for seconds in map(float, "SECONDS".split()):
        await box.post.send(seconds)
    shutdown = Shutdown()
    async with trio.open_nursery() as nursery:
        await nursery.start(watch_signals, shutdown)
        print("ready", flush=True)
        drained = await supervise(
            actor("slow", reads=box, make=Slow), on_dead_letter=ignore, on_down=ignore,
            random=random.Random(1), shutdown=shutdown,
        )
        print(drained.handled, drained.spooled, drained.adds_up)
        nursery.cancel_scope.cancel()

trio.run(main)
"""


@pytest.mark.parametrize(
    ("seconds", "signals", "said"),
    [
        ("0.05 0.05 0.05", [signal.SIGTERM], "3 0 True"),
        ("0.05 0.05 0.05", [signal.SIGINT], "3 0 True"),
        ("60 60", [signal.SIGTERM, signal.SIGTERM], "0 2 True"),
    ],
    ids=["terminate", "interrupt", "twice"],
)
def test_the_first_signal_drains_and_the_second_cuts(
    seconds: str, signals: list[signal.Signals], said: str
) -> None:
    program = _PROGRAM.replace("SECONDS", seconds)
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        for number in signals:
            child.send_signal(number)
            # Two pending signals of one kind are one signal: wait until it was seen.
            line = next(line for line in child.stdout if "_asked" in line)
            assert signal.Signals(number).name in line
        # Not `communicate`, which does not know of what the lines above read ahead.
        answer = child.stdout.read()

    assert said in answer
    assert child.returncode == 0
