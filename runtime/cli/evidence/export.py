"""`aright evidence export`."""

import os
from pathlib import Path

import click

from runtime.cli.evidence.instants import instant, instant_option
from runtime.cli.exits import explained
from runtime.cli.output import Format, output_option, print_data
from runtime.cli.settings import settings
from runtime.errors import ConflictError, InvalidFileError


@click.command()
@click.option("--incident", default="", help="What happened with this incident.")
@click.option("--control", default="", help="What happened with checks that stand for it.")
@instant_option("--since", "What happened then or later")
@instant_option("--until", "What happened earlier")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to be written; none may be there yet.",
)
@output_option
def command(  # noqa: PLR0913  one parameter an option
    *, incident: str, control: str, since: str, until: str, out: Path, output: Format
) -> None:
    """Write a kit: statements, with all that proves them offline, in one file.

    It takes the key of the site, and so the user that may read it.
    """
    from runtime.clock import SystemClock
    from runtime.roles.evidence_kit import Selection, made_kit

    given = settings()
    with explained():
        selection = Selection(incident, control, instant(since), instant(until))
        if _is_there(out):
            raise ConflictError(f"{out} is there already")
        made = made_kit(given, selection, SystemClock())
        _write(out, made.data)
    parts = made.parts
    told: dict[str, object] = {
        "file": str(out),
        "statements": len(parts.statements),
        "purged": len(parts.purged),
        "waiting": parts.waiting,
        "left_out": parts.left_out,
        "fingerprint": made.fingerprint,
    }
    if output is not Format.TABLE:
        print_data(told, output)
        return
    click.echo(f"{out}: {len(parts.statements)} statements, {len(made.data)} bytes")
    for count, what in (
        (len(parts.purged), "were purged after retention"),
        (parts.waiting, "wait for the next head of the log"),
        (parts.left_out, "are of a key that is not linked with today's, or of another site_id"),
    ):
        if count:
            click.echo(f"{count} more {what}")
    click.echo(f"signed by {made.fingerprint}")
    click.echo("tell the auditor this fingerprint by another way than the kit", err=True)


def _is_there(out: Path) -> bool:
    try:
        return out.exists()
    except OSError:  # no file can have that name; what writes it says why
        return False


def _write(out: Path, data: bytes) -> None:
    """Write a kit whole or not at all: half of one would be called changed."""
    try:
        file = out.open("xb")
        try:
            with file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            out.unlink()
            raise
    except OSError as error:
        raise InvalidFileError(str(out), f"cannot be written: {error.strerror}") from error
