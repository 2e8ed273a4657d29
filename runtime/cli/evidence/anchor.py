"""`aright evidence anchor`."""

from collections.abc import Mapping

import click

from runtime.cli.client import change, mapping, read, rows
from runtime.cli.exits import Exit
from runtime.cli.output import Format, output_option, print_data, print_rows
from runtime.cli.rehearsal import dry_run_option

_COLUMNS = [
    "made_at", "stage", "checkpoints", "size", "promises", "calendars", "height", "block_time",
    "header_source", "next_at", "errors",
]  # fmt: skip


@click.command()
@click.option("--now", is_flag=True, help="Ask calendars and sources of headers now.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, help="Batches to show.  [20]")
@output_option
@dry_run_option
def command(*, now: bool, limit: int, output: Format, dry_run: bool) -> None:
    """Say how far the heads of the log came into the Bitcoin chain, the newest batch first.

    With --now: what waits for a calendar or a header is asked for at once.  No batch is made sooner
    than an hour after the last.
    """
    page = mapping(read("evidence", "anchors", limit=limit))
    batches = rows(page["batches"])
    if dry_run:
        waiting = sum(1 for batch in batches if batch["stage"] != "verified")
        click.echo(f"would ask about {waiting} batches" if now else "changes nothing without --now")
        raise SystemExit(Exit.WOULD_CHANGE if now and waiting else Exit.OK)
    if now:
        told = mapping(change("evidence", "anchor"))
        click.echo(f"asked for now: {told['due']}", err=True)
        return
    if output is not Format.TABLE:
        print_data(page, output)
        return
    print_rows(batches, _COLUMNS, output, none="nothing was anchored yet")
    click.echo(_standing(page), err=True)


def _standing(page: Mapping[str, object]) -> str:
    if page["head"] is None:
        return "no head was signed yet"
    head = f"the log is signed up to leaf {mapping(page['head'])['size']}"
    if page["verified"] is None:
        return f"{head}; nothing of it is verified in the chain"
    return f"{head}; verified in the chain up to {mapping(page['verified'])['size']}"
