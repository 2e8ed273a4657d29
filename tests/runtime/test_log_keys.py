"""Every key of every log call is in the register: one that is not would fell the room that logs."""

import ast
from collections.abc import Iterator
from pathlib import Path

import runtime
from runtime.logs import KEYS

ROOT = Path(runtime.__file__).parents[1]
SOURCES = [*ROOT.joinpath("actors").rglob("*.py"), *ROOT.joinpath("runtime").rglob("*.py")]
LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "bind"}


def calls(path: Path) -> Iterator[ast.Call]:
    """Give the calls of a module's log."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="log"), attr=level)) if (
                level in LEVELS
            ):
                yield node
            case _:
                pass


def test_the_log_calls_are_found() -> None:
    assert sum(1 for path in SOURCES for _ in calls(path)) > 100


def test_a_log_line_has_registered_keys_only() -> None:
    unknown = {
        (str(path.relative_to(ROOT)), call.lineno, word.arg)
        for path in SOURCES
        for call in calls(path)
        for word in call.keywords
        if word.arg and word.arg not in KEYS | {"exc_info"}
    }

    assert not unknown
