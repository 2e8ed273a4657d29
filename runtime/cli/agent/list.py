"""`aright agent list`: the agents, and how they stand."""

import click

from runtime.cli.client import read, rows
from runtime.cli.output import Format, output_option, print_rows

_COLUMNS = ["host", "state", "expires", "tier", "last_seen"]


@click.command()
@output_option
def command(output: Format) -> None:
    """List agents: certificate, when it expires, tier, and when they were last seen.

    States: valid, expired, revoked, invited, or no certificate.  -o json has also the serial, the
    agent's id, platform and version.
    """
    print_rows(rows(read("agent", "list")), _COLUMNS, output, none="no agents")
