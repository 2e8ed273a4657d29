"""`aright evidence rotate`."""

import click

from runtime.cli.client import change, mapping, read, who
from runtime.cli.exits import Exit
from runtime.cli.rehearsal import dry_run_option


@click.command()
@click.option("--reason", required=True, help="Why the key is changed.")
@dry_run_option
def command(*, reason: str, dry_run: bool) -> None:
    """Let a new key sign from now on; the old one signs that, and is deleted."""
    if dry_run:
        key = mapping(read("evidence", "status"))["key"]
        old = "none yet" if key is None else mapping(key)["fingerprint"]
        click.echo(f"would put a new key in the place of {old}")
        raise SystemExit(Exit.WOULD_CHANGE)
    told = mapping(change("evidence", "rotate", who=who(), reason=reason))
    click.echo(f"signs now: {told['fingerprint']}")
