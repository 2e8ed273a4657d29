"""`aright breaker`: which runbooks stopped after failures, and closing a breaker by hand."""

import click

from runtime.cli.client import change, read, rows, who
from runtime.cli.output import Format, output_option, print_rows
from runtime.cli.rehearsal import dry_run_option, rehearse

_COLUMNS = ["key", "state", "failures", "opened_at"]


@click.group()
def command() -> None:
    """List and reset breakers."""


@command.command("list")
@output_option
def list_(output: Format) -> None:
    """List the breakers that count failures."""
    print_rows(
        rows(read("breaker", "list")), _COLUMNS, output, none="no breaker counts any failure"
    )


@command.command()
@click.argument("key")
@click.option("--reason", required=True, help="What was mended.")
@dry_run_option
def reset(*, key: str, reason: str, dry_run: bool) -> None:
    """Close a breaker: what it stopped is decided at once."""
    if dry_run:
        rehearse("breaker", "reset", key)
    change("breaker", "reset", key=key, who=who(), reason=reason)
    click.echo(f"closed: {key}")
