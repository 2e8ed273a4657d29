"""`aright incident`: list, explain, approve and reject."""

import click

from runtime.cli.client import change, mapping, read, rows, who
from runtime.cli.output import Format, output_option, print_data, print_rows
from runtime.cli.pages import incident_page, why_page
from runtime.cli.rehearsal import dry_run_option, rehearse

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
@dry_run_option
def ack(*, incident: str, note: str, dry_run: bool) -> None:
    """Say that you saw it: acknowledges the open tickets of an incident."""
    if dry_run:
        rehearse("incident", "ack", incident)
    data = mapping(change("incident", "ack", id=incident, who=who(), note=note))
    click.echo(f"tickets acknowledged: {data['acknowledged']}")


@command.command()
@click.argument("incident")
@click.option("--reason", required=True, help="Why it may be done.")
@dry_run_option
def approve(*, incident: str, reason: str, dry_run: bool) -> None:
    """Let a fix run that waits for a person, or that was refused."""
    if dry_run:
        rehearse("incident", "approve", incident)
    data = mapping(change("incident", "approve", id=incident, who=who(), reason=reason))
    click.echo(f"{incident} is {data['state']}")


@command.command()
@click.argument("incident")
@click.option("--reason", required=True, help="Why it must not be done.")
@dry_run_option
def reject(*, incident: str, reason: str, dry_run: bool) -> None:
    """Refuse a fix that waits for a person."""
    if dry_run:
        rehearse("incident", "reject", incident)
    data = mapping(change("incident", "reject", id=incident, who=who(), reason=reason))
    click.echo(f"{incident} is {data['state']}")


@command.command()
@click.argument("incident")
@click.option("--reason", required=True, help="What changed.")
@dry_run_option
def reopen(*, incident: str, reason: str, dry_run: bool) -> None:
    """Have an escalated incident decided again."""
    if dry_run:
        rehearse("incident", "reopen", incident)
    data = mapping(change("incident", "reopen", id=incident, who=who(), reason=reason))
    click.echo(f"{incident} is {data['state']}")
