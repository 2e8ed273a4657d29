"""`aright evidence begin`."""

import click

from runtime.cli.client import change, mapping, read, who
from runtime.cli.exits import Exit, end
from runtime.cli.reasons import why_unsigned
from runtime.cli.rehearsal import dry_run_option


@click.command()
@click.option("--reason", required=True, help="What became of the old log.")
@dry_run_option
def command(*, reason: str, dry_run: bool) -> None:
    """Begin another log, where the old one cannot be continued; its first entry says why.

    A witness and whoever checks will see that the old log ended.  Where a newer copy of the
    database is at hand, put that in its place instead.
    """
    if dry_run:
        stopped = mapping(read("evidence", "status"))["stopped"]
        if not stopped:
            end(Exit.CONFLICT, "the evidence log can be continued: no other is begun")
        click.echo(f"would begin another log: {why_unsigned(str(stopped))}")
        raise SystemExit(Exit.WOULD_CHANGE)
    told = mapping(change("evidence", "begin", who=who(), reason=reason))
    click.echo(f"begun: {told['origin']}")
