"""`aright agent invite`: a one-time token for the agent of a host."""

import math

import click

from runtime.cli.client import change, mapping, who
from runtime.cli.exits import Exit, end
from runtime.cli.output import Format, output_option, print_data
from runtime.cli.rehearsal import dry_run_option


@click.command()
@click.option("--host", required=True, help="The host whose agent may enrol.")
@click.option(
    "--hours", type=click.FloatRange(0, 720, min_open=True), default=24.0, show_default=True,
    help="For how long it may.",
)  # fmt: skip
@click.option("--reason", default="", help="Why; for the audit.")
@dry_run_option
@output_option
def command(*, host: str, hours: float, reason: str, dry_run: bool, output: Format) -> None:
    """Invite the agent of a host to fetch a certificate, once.

    Prints the invitation, which is kept nowhere: hand it to the host and to nobody else.  There:
    aright agent run --invitation -
    """
    if math.isnan(hours):
        end(Exit.USAGE, "--hours is no number")
    if dry_run:
        click.echo(f"would invite {host} for {hours:g} hours")
        raise SystemExit(Exit.WOULD_CHANGE)
    data = mapping(
        change("agent", "invite", host=host, seconds=hours * 3600, who=who(), reason=reason)
    )
    if output is Format.TABLE:
        click.echo(str(data["invitation"]))
    else:
        print_data(data, output)
