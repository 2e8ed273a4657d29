"""Both type checkers name the wrong lines of a wiring, and only those."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_WIRING = """
import attrs

from runtime.actor import actor
from runtime.mailbox import Coalesce, Mailbox, Post
from runtime.request import Request


@attrs.frozen
class Opened:
    host: str


@attrs.frozen
class Closed:
    host: str


@attrs.frozen
class Count(Request[int]):
    host: str


class TakesOpened:
    async def handle(self, message: Opened) -> None:
        print(message.host)


class TakesBoth:
    async def handle(self, message: Opened | Closed) -> None:
        print(message.host)


class TakesBatches:
    async def handle_batch(self, messages: list[Opened]) -> None:
        print(len(messages))


class Sends:
    def __init__(self, opened: Post[Opened]) -> None:
        self.opened = opened

    async def handle(self, message: Closed) -> None:
        await self.opened.send(Opened(message.host))
        await self.opened.send(message)  # wrong


opened = Mailbox[Opened]("opened", capacity=4)
closed = Mailbox[Closed]("closed", capacity=4, full=Coalesce[Closed](key=lambda m: m.host))
both = Mailbox[Opened | Closed]("both", capacity=4)
counts = Mailbox[Count]("counts", capacity=4)

actor("a", reads=opened, make=TakesOpened)
actor("b", reads=opened, make=TakesBoth)
actor("c", reads=opened, make=TakesBatches)
actor("d", reads=opened, make=TakesOpened, lanes=2, lane_of=lambda message: message.host)
actor("e", reads=closed, make=lambda: Sends(opened.post))
actor("f", reads=closed, make=lambda: Sends(both.post))

actor("g", reads=closed, make=TakesOpened)  # wrong
actor("h", reads=both, make=TakesOpened)  # wrong
actor("i", reads=both, make=TakesBatches)  # wrong
actor("j", reads=closed, make=lambda: Sends(closed.post))  # wrong
actor("k", reads=opened, make=TakesOpened, lane_of=lambda message: message.hots)  # wrong


async def ask() -> None:
    number: int = await Count("h-1").ask(counts.post)
    text: str = await Count("h-1").ask(counts.post)  # wrong
    await Count("h-1").ask(opened.post)  # wrong
    Count("h-1").reply(number)
    Count("h-1").reply(text)  # wrong
"""


@pytest.mark.parametrize(
    "checker",
    [
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary"],
        [sys.executable, "-m", "basedpyright", "--level", "error"],
    ],
    ids=["mypy", "basedpyright"],
)
def test_a_wrong_wiring_is_a_type_error(checker: list[str], tmp_path: Path) -> None:
    wiring = tmp_path / "a_wiring.py"
    wiring.write_text(_WIRING)

    said = subprocess.run(
        [*checker, wiring], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout

    named = {int(number) for number in re.findall(rf"{wiring.name}:(\d+):.*error", said)}
    wrong = {
        number for number, line in enumerate(_WIRING.splitlines(), 1) if line.endswith("# wrong")
    }
    assert named == wrong, said
