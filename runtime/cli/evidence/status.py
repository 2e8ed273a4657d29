"""`aright evidence status`."""

import click

from runtime.cli.client import mapping, read
from runtime.cli.exits import Exit
from runtime.cli.output import Format, output_option, print_data
from runtime.cli.reasons import why_unsigned


@click.command()
@output_option
def command(*, output: Format) -> None:
    """Say how the log stands; ends with 6 where nothing is signed any more."""
    page = mapping(read("evidence", "status"))
    if output is not Format.TABLE:
        print_data(page, output)
    elif page["log"] is None:
        click.echo("no log was begun yet")
    else:
        log, key = mapping(page["log"]), mapping(page["key"])
        click.echo(
            f"log   {log['origin']}: {log['size']} leaves, {log['purged']} of them past retention"
        )
        if page["head"] is not None:
            head = mapping(page["head"])
            click.echo(f"head  {head['size']} leaves, root {head['root']}, {head['signed_at']}")
        click.echo(f"key   {key['fingerprint']}, since {key['since']}")
        click.echo(f"      {key['verifier_key']}")
        oldest = f", the oldest since {page['oldest_owed']}" if page["owed"] else ""
        click.echo(f"owed  {page['owed']}{oldest}")
    if page["stopped"]:
        click.echo(f"NOTHING IS SIGNED: {why_unsigned(str(page['stopped']))}", err=True)
        raise SystemExit(Exit.UNVERIFIED)
