"""`aright channel`: the ways to people, what they carried, and what they could not bring."""

import click

from runtime.cli.client import change, mapping, read, rows
from runtime.cli.exits import Exit, end
from runtime.cli.output import Format, Row, output_option, print_data, print_rows
from runtime.cli.rehearsal import dry_run_option
from runtime.cli.settings import settings

_COLUMNS = ["name", "kind", "state", "sent", "waiting", "dead", "last_sent", "error"]
_DEAD = [
    "ticket",
    "severity",
    "ticket_state",
    "channel",
    "occasion",
    "attempts",
    "error",
    "dead_at",
]


@click.group()
def command() -> None:
    """List and test channels to people, and list what never arrived."""


@command.command("list")
@output_option
def list_(output: Format) -> None:
    """List the channels and what they carried."""
    carried = {str(row["name"]): row for row in rows(read("channel", "list"))}
    kinds = {"log": "log", **{each.name: each.kind for each in settings().channels}}
    listed = [_row(name, kinds.get(name, ""), carried.get(name)) for name in {**kinds, **carried}]
    print_rows(listed, _COLUMNS, output, none="no channel")


@command.command()
@click.option("--all", "all_", is_flag=True, help="Also of resolved tickets.")
@output_option
def dead(all_: bool, output: Format) -> None:
    """List what never arrived: deliveries that were given up."""
    given_up = rows(read("channel", "dead", all=all_ or None))
    print_rows(given_up, _DEAD, output, none="everything arrived, or is still being tried")


@command.command()
@click.argument("name")
@dry_run_option
@output_option
def test(*, name: str, dry_run: bool, output: Format) -> None:
    """Send a test message the way that tickets go; ends with 1 where it is not taken."""
    if dry_run:
        if name != "log" and name not in [each.name for each in settings().channels]:
            end(Exit.NOT_FOUND, f"no channel {name}")
        click.echo(f"would send a test message by channel {name}")
        raise SystemExit(Exit.WOULD_CHANGE)
    tried = mapping(change("channel", "test", name=name))
    if output is Format.TABLE:
        what = "taken" if tried["taken"] else "not taken"
        click.echo(f"{name}: {what}: {tried['said']}")
    else:
        print_data(tried, output)
    raise SystemExit(Exit.OK if tried["taken"] else Exit.ERROR)


def _row(name: str, kind: str, carried: Row | None) -> Row:
    row = {"name": name, "kind": kind or "not in the config"}
    return {**row, **(carried or {"state": "unused", "sent": 0, "waiting": 0, "dead": 0})}
