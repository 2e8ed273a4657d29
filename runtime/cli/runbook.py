"""`aright runbook`: which runbooks there are, and what one would do."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import click

from actors.catalogue.runbooks import Runbook
from runtime.cli.exits import Exit, end, explained
from runtime.cli.output import Format, output_option, print_data, print_rows
from runtime.cli.settings import settings

if TYPE_CHECKING:  # it loads the appliance, which --help does not need
    from runtime.roles.host_diff import Difference

_COLUMNS = ["id", "title", "checks", "undo", "risk"]


@click.group()
def command() -> None:
    """List runbooks and show what one would do."""


@command.command("list")
@output_option
def list_(output: Format) -> None:
    """List the runbooks."""
    from runtime.roles.catalogue import load_catalogue

    with explained():
        runbooks = load_catalogue(settings()).runbooks.values()
    listed = [
        {
            "id": runbook.id,
            "title": runbook.title,
            "platform": runbook.platform.value,
            "checks": list(runbook.checks),
            "undo": _undo(runbook),
            "risk": runbook.risk.value,
            "disruptive": runbook.disruptive,
        }
        for runbook in runbooks
    ]
    print_rows(listed, _COLUMNS, output, none="no runbooks")


@command.command()
@output_option
def lint(output: Format) -> None:
    """Find runbooks whose fix nothing verifies, or that leave too much open."""
    from runtime.roles.linting import lint_runbooks

    with explained():
        found, count = lint_runbooks(settings())
    print_rows(found, ["runbook", "code", "place", "sentence"], output, none="nothing found")
    click.echo(f"{len(found)} findings in {count} runbooks", err=True)
    raise SystemExit(Exit.UNVERIFIED if found else Exit.OK)


@command.command()
@click.argument("runbook")
@output_option
def show(runbook: str, output: Format) -> None:
    """Show one runbook: its params, its steps and what takes it back."""
    from runtime.roles.catalogue import load_catalogue
    from runtime.roles.dry_run import described

    with explained():
        catalogue = load_catalogue(settings())
        data = described(catalogue, runbook)
    print_data(data, Format.YAML if output is Format.TABLE else output)


@command.command()
@click.argument("runbook")
@click.option("--host", required=True, help="A target of the config.")
@click.option("--param", "params", multiple=True, help="NAME=VALUE; the value is read as JSON.")
@click.option("--dry-run", is_flag=True, help="Say what would be done.")
@output_option
def run(*, runbook: str, host: str, params: tuple[str, ...], dry_run: bool, output: Format) -> None:
    """Say what a runbook would do on a host; ends with 10 when it would change something."""
    if not dry_run:
        end(Exit.USAGE, "a fix runs for an incident only, journaled and verified; use --dry-run")
    import trio

    from runtime.roles.dry_run import rehearse

    given = _params(params)
    with explained():
        data = trio.run(rehearse, settings(), runbook, host, given)
    print_data(data, Format.YAML if output is Format.TABLE else output)
    raise SystemExit(Exit.WOULD_CHANGE if data["would_change"] else Exit.OK)


@command.command()
@click.argument("host")
@click.option("--check", "checks", multiple=True, help="Only this check; may be given again.")
@output_option
def diff(*, host: str, checks: tuple[str, ...], output: Format) -> None:
    """Show what healing would change on a host, as a diff, and change nothing.

    Ends with 10 when something would change, with 6 when there is drift for a person only.
    """
    import attrs
    import trio

    from runtime.roles.host_diff import differences

    with explained():
        found = trio.run(differences, settings(), host, checks)
    if output is Format.TABLE:
        for each in found:
            click.echo(_told(each))
        if not found:
            click.echo(f"{host}: no drift, nothing to change", err=True)
    else:
        print_data([attrs.asdict(each) for each in found], output)
    if any(each.diff for each in found):
        raise SystemExit(Exit.WOULD_CHANGE)
    raise SystemExit(Exit.UNVERIFIED if found else Exit.OK)


def _told(difference: "Difference") -> str:
    by = difference.rule or "no rule"
    if difference.mode == "person":
        text = f", who does {difference.runbook}" if difference.runbook else ""
        return f"# {difference.check}: {by}, a person{text}\n"
    head = f"# {difference.check}: {by}, {difference.runbook}, {difference.mode}"
    return f"{head}\n{difference.diff or f'# not told: {difference.problem}'}"


def _undo(runbook: Runbook) -> str:
    if runbook.by_person:
        return "by a person"
    return "irreversible" if runbook.irreversible else "yes"


def _params(pairs: tuple[str, ...]) -> Mapping[str, object]:
    given: dict[str, object] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            end(Exit.USAGE, f"--param {pair}: is not NAME=VALUE")
        try:
            given[name] = cast("object", json.loads(text))
        except ValueError:
            given[name] = text
    return given
