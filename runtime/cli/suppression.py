"""`aright suppression`: what healing is held back, and letting it go on."""

import click

from runtime.cli.client import change, mapping, read, rows, who
from runtime.cli.exits import Exit
from runtime.cli.output import Format, output_option, print_rows
from runtime.cli.rehearsal import dry_run_option, rehearse

_COLUMNS = ["id", "kind", "host", "check", "since", "until", "incidents"]


@click.group()
def command() -> None:
    """List, lift and extend suppressions."""


@command.command("list")
@click.option("--all", "all_", is_flag=True, help="Also those that ended.")
@output_option
def list_(all_: bool, output: Format) -> None:
    """List what healing is held back."""
    data = rows(read("suppression", "list", all=all_ or None))
    print_rows(data, _COLUMNS, output, none="nothing is suppressed")


@command.command()
@click.argument("suppression")
@click.option("--reason", required=True, help="Why it may be healed again.")
@dry_run_option
def lift(*, suppression: str, reason: str, dry_run: bool) -> None:
    """Heal again: what was held back is decided at once."""
    if dry_run:
        rehearse("suppression", "lift", suppression)
    data = mapping(change("suppression", "lift", id=suppression, who=who(), reason=reason))
    click.echo(f"lifted: {data['host']} {data['check'] or 'every check'}")


@command.command()
@click.argument("suppression")
@click.option("--minutes", type=click.FloatRange(min=1), help="From now on; without it for good.")
@click.option("--reason", required=True, help="Why it must be held back for longer.")
@dry_run_option
def extend(*, suppression: str, minutes: float | None, reason: str, dry_run: bool) -> None:
    """Hold back for longer."""
    if dry_run:
        rehearse("suppression", "extend", suppression)
    seconds = None if minutes is None else minutes * 60
    data = mapping(
        change("suppression", "extend", id=suppression, seconds=seconds, who=who(), reason=reason)
    )
    click.echo(f"extended: {data['host']} {data['check'] or 'every check'}")


@command.command()
@click.argument("host")
@click.argument("check", default="")
@click.option("--minutes", type=click.FloatRange(min=1), help="Without it until it is lifted.")
@click.option("--reason", required=True, help="Why nothing must be healed there.")
@dry_run_option
def add(*, host: str, check: str, minutes: float | None, reason: str, dry_run: bool) -> None:
    """Hold healing back by hand: of one check of a host, or of the whole host."""
    if dry_run:
        click.echo(f"would hold back {check or 'every check'} on {host}")
        raise SystemExit(Exit.WOULD_CHANGE)
    seconds = None if minutes is None else minutes * 60
    data = mapping(
        change(
            "suppression", "add", host=host, check=check, seconds=seconds, who=who(), reason=reason
        )
    )
    click.echo(str(data["id"]))
