"""Both type checkers refuse a plain text where only `Scrubbed` may leave."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_SENDING = """
from runtime.outbound import Call, Letter
from runtime.scrub import Code, Inline, Scrubbed, Scrubber, Template, assemble, joined, ours

event = input()
scrubber = Scrubber(b"0123456789abcdef")
clean: Scrubbed = scrubber.text(event)

assemble({"text": clean, "count": 3, "model": Code("m"), "all": [clean, {"a": None}], "b": ()})
assemble({"event": Inline(scrubber.document({"a": [1, "b", None]}))})
joined(ours("Event: "), clean, Code("m"), 3)
body: Template = [{"content": clean}]
Call("POST", "https://example.org", content=clean)
Letter(Code("id"), assemble(body))

Scrubbed(event)  # wrong
Scrubbed(event, None)  # wrong
late: Scrubbed = event  # wrong
assemble(event)  # wrong
assemble({"text": event})  # wrong
assemble({"all": [clean, {"a": event}]})  # wrong
assemble({"all": (event,)})  # wrong
assemble({"text": event.encode()})  # wrong
assemble({"event": Inline(event)})  # wrong
joined(ours("Event: "), event)  # wrong
content: Template = [{"content": event}]  # wrong
Call("POST", "https://example.org", content=event)  # wrong
Call("POST", "https://example.org", content=event.encode())  # wrong
Letter(Code("id"), event)  # wrong
Letter("id", clean)  # wrong
ours(event)  # wrong for basedpyright, which knows what a literal is
"""


@pytest.mark.parametrize(
    ("checker", "ends"),
    [
        ([sys.executable, "-m", "mypy", "--strict", "--no-error-summary"], ("# wrong",)),
        (
            [sys.executable, "-m", "basedpyright", "--level", "error"],
            ("# wrong", "which knows what a literal is"),
        ),
    ],
    ids=["mypy", "basedpyright"],
)
def test_a_text_that_was_not_scrubbed_does_not_leave(
    checker: list[str], ends: tuple[str, ...], tmp_path: Path
) -> None:
    sending = tmp_path / "a_sending.py"
    sending.write_text(_SENDING)

    said = subprocess.run(
        [*checker, sending], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout

    named = {int(number) for number in re.findall(rf"{sending.name}:(\d+):.*error", said)}
    wrong = {number for number, line in enumerate(_SENDING.splitlines(), 1) if line.endswith(ends)}
    assert named == wrong, said
