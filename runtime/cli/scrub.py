"""`aright scrub`: text in, clean text out, line by line."""

import gc
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import click

from runtime.cli.exits import Exit, end, explained
from runtime.cli.settings import settings
from runtime.scrub import Scrubber
from runtime.scrub_key import NAME, read_key

_CHUNK: Final = 1 << 16


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--spans", is_flag=True, help="Print JSON lines: each text and what must go from it.")
@click.option(
    "--key",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file with the key of the tags.  Default: that of the state directory.",
)
@click.option("--private-addresses", is_flag=True, help="Take out private addresses as well.")
def command(*, file: Path | None, spans: bool, key: Path | None, private_addresses: bool) -> None:
    """Take out what tells of a patient, and what opens a door, of FILE or standard input.

    Each line is judged alone, unless the first is an MSH or ISA segment or the header of a table.
    A text that cannot be scrubbed ends the command with 1, and nothing of it is printed.
    """
    of_site = settings()
    with explained():
        scrubber = Scrubber(
            _key(key, of_site.state_path),
            private_addresses=private_addresses or of_site.scrub.private_addresses,
        )
    # Nothing here makes cycles; to look for them takes a tenth of the time.
    gc.disable()
    say = _spans_of(scrubber) if spans else _clean(scrubber)
    try:
        with sys.stdin.buffer if file is None else file.open("rb") as source, explained():
            for lines in _lines(source):
                sys.stdout.buffer.write(b"".join(map(say, lines)))
                sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Whoever reads has enough; the interpreter's own flush at the end would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        end(Exit.ERROR, f"{file or 'standard input'}: {error.strerror}")


def _key(named: Path | None, state_dir: Path) -> bytes:
    """Give the key of the tags; where the site has none yet, one for this run alone."""
    if named is not None:
        return read_key(named)
    path = state_dir / NAME
    return read_key(path) if os.access(path, os.R_OK) else secrets.token_bytes(32)


def _lines(source: BinaryIO) -> Iterator[list[bytes]]:
    """Yield the lines that arrived, each with its line feed; what follows the last one, too."""
    begun = list[bytes]()
    while chunk := os.read(source.fileno(), _CHUNK):
        head, feed, rest = chunk.rpartition(b"\n")
        if feed:
            whole = b"".join((*begun, head))
            yield [line + b"\n" for line in whole.split(b"\n")]
            begun = [rest]
        else:
            begun.append(chunk)
    if last := b"".join(begun):
        yield [last]


def _clean(scrubber: Scrubber) -> Callable[[bytes], bytes]:
    reading = scrubber.reading()

    def say(line: bytes) -> bytes:
        # A byte that is no UTF-8 is read as half a character, and written as it was.
        text = line.decode("utf-8", "surrogateescape")
        return scrubber.line(text, reading).text.encode("utf-8", "surrogateescape")

    return say


def _spans_of(scrubber: Scrubber) -> Callable[[bytes], bytes]:
    reading = scrubber.reading()

    def say(line: bytes) -> bytes:
        text = line.decode("utf-8", "surrogateescape").removesuffix("\n")
        shown = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        found = [
            {"start": span.start, "end": span.end, "label": span.label}
            for span in reading.line(text)
        ]
        return json.dumps({"text": shown, "spans": found}).encode() + b"\n"

    return say
