"""Input that a command reads line by line: a file, or standard input."""

import contextlib
import sys
from collections.abc import Generator, Iterable
from pathlib import Path

from runtime.cli.exits import Exit, end


@contextlib.contextmanager
def opened(name: str) -> Generator[Iterable[bytes]]:
    """Give the lines of a file, or of standard input for -; one that cannot be read ends it."""
    if name == "-":
        yield sys.stdin.buffer
        return
    with contextlib.ExitStack() as stack:
        try:
            lines = stack.enter_context(Path(name).open("rb"))
        except OSError as error:
            end(Exit.ERROR, f"{name}: cannot be read: {error.strerror}")
        yield lines
