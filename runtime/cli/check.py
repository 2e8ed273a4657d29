"""`aright check`: which checks there are, what hosts answered last, and asking them now."""

import click

from runtime.cli.client import read, rows
from runtime.cli.exits import Exit, end, explained
from runtime.cli.output import Format, output_option, print_data, print_rows
from runtime.cli.reasons import why
from runtime.cli.settings import settings

_LAST = ["host", "check", "status", "severity", "when", "reason"]
_NOW = ["host", "check", "status", "expected", "actual", "why"]


@click.group()
def command() -> None:
    """List checks and ask them now."""


@command.command("list")
@click.option("--host", help="Only the answers of this host.")
@click.option("--known", is_flag=True, help="The checks themselves, answered or not.")
@output_option
def list_(host: str | None, known: bool, output: Format) -> None:
    """List what each host answered last."""
    if not known:
        data = rows(read("check", "list", host=host))
        print_rows(data, _LAST, output, none="no answers yet; see --known")
        return
    from runtime.roles.catalogue import load_catalogue

    with explained():
        checks = load_catalogue(settings()).checks.values()
    listed = [
        {
            "id": check.id,
            "title": check.title,
            "platform": check.platform.value,
            "severity": check.severity.value,
            "interval_s": check.interval_s,
            "controls": list(check.controls),
        }
        for check in checks
    ]
    columns = ["id", "title", "platform", "severity", "interval_s"]
    print_rows(listed, columns, output, none="no checks")


@command.command()
@click.argument("check")
@output_option
def explain(check: str, output: Format) -> None:
    """Say what a check asks, what its answers mean, and what is done about drift."""
    from runtime.roles.explain_check import explained_check

    with explained():
        told = explained_check(settings(), check)
    print_data(told, Format.YAML if output is Format.TABLE else output)


@command.command()
@click.argument("checks", nargs=-1)
@click.option("--host", help="Only this target of the config.")
@click.option("--all", "every", is_flag=True, help="Every check for Linux, of this machine.")
@output_option
def run(*, checks: tuple[str, ...], host: str | None, every: bool, output: Format) -> None:
    """Ask checks now, without an appliance; nothing is recorded or changed.

    Ends with 6 when drift is there.
    """
    import trio

    from runtime.roles.ask import ask_now, ask_this_machine

    if every and (checks or host):
        end(Exit.USAGE, "--all asks every check of this machine: name no check and no host")
    with explained():
        if every:
            answers = trio.run(ask_this_machine, settings())
        else:
            answers = trio.run(ask_now, settings(), host, checks)
    rows = [{**row, "why": why(str(row["reason"]))} for row in answers]
    print_rows(rows, _NOW, output, none="no targets in the config; see --all")
    if not answers:
        end(Exit.NOT_FOUND, "nothing was asked")
    raise SystemExit(Exit.UNVERIFIED if any(row["status"] == "fail" for row in answers) else 0)
