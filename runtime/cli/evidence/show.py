"""`aright evidence show`."""

import json

import click

from runtime.cli.client import mapping, read
from runtime.cli.output import Format, output_option, print_data


@click.command()
@click.argument("identity", metavar="ID")
@output_option
def command(*, identity: str, output: Format) -> None:
    """Show one statement by its ID, as `evidence list` prints it: 1/42."""
    page = mapping(read("evidence", "show", id=identity))
    if output is not Format.TABLE:
        print_data(page, output)
        return
    click.echo(f"{page['id']}  {page['proves']}: {page['fact']}, {page['at']}")
    click.echo(f"leaf      {page['leaf_hash']}")
    head = page["head"]
    if head is None:
        click.echo("head      none is signed over it yet")
    else:
        told = mapping(head)
        stands = "stands" if page["in_log"] else "DOES NOT STAND"
        click.echo(f"head      {told['size']} leaves, {told['signed_at']}: it {stands} in the log")
    if page["purged"]:
        click.echo("statement purged after retention; its leaf stays")
        return
    click.echo(json.dumps(page["statement"], ensure_ascii=False, indent=2))
