"""`aright ticket`: what people are told, and what they say to it."""

import click

from runtime.cli.client import change, mapping, read, rows, who
from runtime.cli.output import Format, output_option, print_data, print_rows
from runtime.cli.pages import ticket_page
from runtime.cli.rehearsal import dry_run_option, rehearse

_COLUMNS = [
    "id", "state", "severity", "kind", "host", "check", "runbook", "reason", "incidents",
    "opened_at", "due", "late",
]  # fmt: skip


@click.group()
def command() -> None:
    """List, acknowledge and resolve tickets."""


@command.command("list")
@click.option("--all", "all_", is_flag=True, help="Also the resolved ones.")
@output_option
def list_(all_: bool, output: Format) -> None:
    """List tickets, newest first."""
    print_rows(rows(read("ticket", "list", all=all_ or None)), _COLUMNS, output, none="no tickets")


@command.command()
@click.argument("ticket")
@output_option
def show(ticket: str, output: Format) -> None:
    """Show a ticket with its incidents, its history and how it was delivered."""
    data = mapping(read("ticket", "show", id=ticket))
    if output is Format.TABLE:
        click.echo(ticket_page(data))
    else:
        print_data(data, output)


@command.command()
@click.argument("ticket")
@click.option("--note", default="", help="A word to those who read it.")
@dry_run_option
def ack(*, ticket: str, note: str, dry_run: bool) -> None:
    """Say that you saw it."""
    if dry_run:
        rehearse("ticket", "ack", ticket)
    data = mapping(change("ticket", "ack", id=ticket, who=who(), note=note))
    click.echo(f"{ticket} is {data['state']}")


@command.command()
@click.argument("ticket")
@click.option("--note", default="", help="What was done.")
@dry_run_option
def resolve(*, ticket: str, note: str, dry_run: bool) -> None:
    """Say that it is settled."""
    if dry_run:
        rehearse("ticket", "resolve", ticket)
    data = mapping(change("ticket", "resolve", id=ticket, who=who(), note=note))
    click.echo(f"{ticket} is {data['state']}")
