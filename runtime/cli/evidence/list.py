"""`aright evidence list`."""

import click

from runtime.cli.client import read, rows
from runtime.cli.output import Format, output_option, print_rows

_COLUMNS = ["id", "at", "proves", "fact", "host", "check", "incident"]


@click.command()
@click.option("--incident", help="Only of this incident.")
@click.option("--host", help="Only of this host.")
@click.option("--control", help="Only of checks that stand for this control.")
@click.option("--since", help="Only what happened then or later: a date, or a date with a time.")
@click.option("--before", help="Only what stands before this statement in the log.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, help="How many at most.")
@output_option
def command(  # noqa: PLR0913  # what one may ask for
    *,
    incident: str | None,
    host: str | None,
    control: str | None,
    since: str | None,
    before: str | None,
    limit: int,
    output: Format,
) -> None:
    """List statements of the evidence log: the newest, in the order of the log."""
    found = read(
        "evidence",
        "list",
        incident=incident,
        host=host,
        control=control,
        since=since,
        before=before,
        limit=limit,
    )
    print_rows(rows(found), _COLUMNS, output, none="nothing of that kind is proved")
