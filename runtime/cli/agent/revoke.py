"""`aright agent revoke`: an agent is let in no more."""

from collections.abc import Mapping
from typing import NoReturn, cast

import click

from runtime.cli.client import change, mapping, read, rows, who
from runtime.cli.exits import Exit, end
from runtime.cli.output import Format, output_option, print_data
from runtime.cli.rehearsal import dry_run_option


@click.command()
@click.argument("what", metavar="HOST|SERIAL")
@click.option("--reason", required=True, help="Why; for the audit.")
@dry_run_option
@output_option
def command(*, what: str, reason: str, dry_run: bool, output: Format) -> None:
    """Revoke a certificate by its serial, or all of a host that are valid, and its invitations.

    It holds at once: calls that go on end within a minute, and no window lets the host in again.
    """
    if dry_run:
        _rehearsed(what)
    data = mapping(change("agent", "revoke", what=what, who=who(), reason=reason))
    if output is Format.TABLE:
        click.echo(f"revoked: {data['host']}, {len(_listed(data))} certificates")
    else:
        print_data(data, output)


def _rehearsed(what: str) -> NoReturn:
    for row in rows(read("agent", "list")):
        if what.casefold() in (str(row["host"]).casefold(), row["serial"]):
            if row["state"] in ("valid", "invited"):
                click.echo(f"would revoke {row['host']}, which is {row['state']}")
                raise SystemExit(Exit.WOULD_CHANGE)
            end(Exit.NOT_FOUND, f"{row['host']} has no valid certificate: {row['state']}")
    end(Exit.NOT_FOUND, f"no valid certificate of {what}")


def _listed(data: Mapping[str, object]) -> list[object]:
    serials = data["serials"]
    return cast("list[object]", serials) if isinstance(serials, list) else []
