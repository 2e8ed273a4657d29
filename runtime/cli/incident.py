"""`aright incident`: list, explain, approve and reject."""

import click

from runtime.cli.client import change, mapping, read, rows, who
from runtime.cli.output import Format, output_option, print_data, print_rows
from runtime.cli.pages import incident_page, why_page

_COLUMNS = ["id", "state", "reason", "severity", "host", "check", "runbook", "count", "last_seen"]


@click.group()
def command() -> None:
    """List, explain, approve and reject incidents."""


@command.command("list")
@click.option("--state", help="Only those in this state; `open` (the default), `all`, or a state.")
@click.option("--host", help="Only those of this host.")
@click.option("--check", help="Only those of this check.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--before", help="Only those older than this incident: the next page.")
@output_option
def list_(  # noqa: PLR0913  one parameter an option
    *,
    state: str | None,
    host: str | None,
    check: str | None,
    limit: int,
    before: str | None,
    output: Format,
) -> None:
    """List incidents, newest first."""
    data = read("incident", "list", state=state, host=host, check=check, limit=limit, before=before)
    print_rows(rows(data), _COLUMNS, output, none="no incidents")


@command.command()
@click.argument("incident")
@output_option
def show(incident: str, output: Format) -> None:
    """Show one incident with its whole trace."""
    data = mapping(read("incident", "show", id=incident))
    if output is Format.TABLE:
        click.echo(incident_page(data))
    else:
        print_data(data, output)


@command.command()
@click.argument("incident")
@click.option("--rule", help="Say why this rule did not decide it.")
@output_option
def why(incident: str, rule: str | None, output: Format) -> None:
    """Explain what was decided, by asking the stored rules about the stored event again."""
    data = mapping(read("incident", "why", id=incident, rule=rule))
    if output is Format.TABLE:
        click.echo(why_page(data))
    else:
        print_data(data, output)


@command.command()
@click.argument("incident")
@click.option("--note", default="", help="A word to those who read the ticket.")
def ack(incident: str, note: str) -> None:
    """Say that you saw it: acknowledges the open tickets of an incident."""
    data = mapping(change("incident", "ack", id=incident, who=who(), note=note))
    click.echo(f"{data['acknowledged']} tickets acknowledged")


@command.command()
@click.argument("incident")
@click.option("--reason", required=True, help="Why it may be done.")
def approve(incident: str, reason: str) -> None:
    """Let a fix run that waits for a person, or that was refused."""
    data = mapping(change("incident", "approve", id=incident, who=who(), reason=reason))
    click.echo(f"{incident} is {data['state']}")


@command.command()
@click.argument("incident")
@click.option("--reason", required=True, help="Why it must not be done.")
def reject(incident: str, reason: str) -> None:
    """Refuse a fix that waits for a person."""
    data = mapping(change("incident", "reject", id=incident, who=who(), reason=reason))
    click.echo(f"{incident} is {data['state']}")


@command.command()
@click.argument("incident")
@click.option("--reason", required=True, help="What changed.")
def reopen(incident: str, reason: str) -> None:
    """Have an escalated incident decided again."""
    data = mapping(change("incident", "reopen", id=incident, who=who(), reason=reason))
    click.echo(f"{incident} is {data['state']}")
