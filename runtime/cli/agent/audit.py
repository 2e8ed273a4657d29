"""`aright agent audit`: who did what to identities, and who was refused."""

import click

from runtime.cli.client import read, rows
from runtime.cli.output import Format, output_option, print_rows

_COLUMNS = ["at", "what", "who", "host", "address", "reason", "count"]


@click.command()
@click.option("--host", help="Of this host alone.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@output_option
def command(host: str | None, limit: int, output: Format) -> None:
    """List invitations, certificates, refusals, revocations and windows, newest first."""
    print_rows(
        rows(read("agent", "audit", host=host, limit=limit)), _COLUMNS, output, none="nothing yet"
    )
