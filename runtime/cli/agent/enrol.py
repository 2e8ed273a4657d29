"""`aright agent enrol`: the enrolment window for agents that are in the field already."""

import re
from collections.abc import Mapping

import click
from typing_extensions import override

from runtime.cli.client import change, mapping, read, who
from runtime.cli.exits import Exit, end
from runtime.cli.output import Format, output_option, print_data
from runtime.cli.rehearsal import dry_run_option

_UNITS = {"s": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"(\d+)([smh])")


class _Duration(click.ParamType[float]):
    name = "duration"

    @override
    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        matched = _DURATION.fullmatch(str(value))
        if matched is None:
            self.fail(f"{value!r} is no duration such as 90s, 15m or 2h", param, ctx)
        return float(int(matched[1]) * _UNITS[matched[2]])


@click.command()
@click.option("--open", "length", type=_Duration(), metavar="15m", help="Open for so long.")
@click.option("--count", type=click.IntRange(1, 100_000), help="For so many agents, then close.")
@click.option("--from", "network", metavar="CIDR", help="From these addresses only.")
@click.option("--close", "closes", is_flag=True, help="Close it now.")
@click.option("--reason", default="", help="Why; for the audit.")
@dry_run_option
@output_option
def command(  # noqa: PLR0913  # each is an option
    *,
    length: float | None,
    count: int | None,
    network: str | None,
    closes: bool,
    reason: str,
    dry_run: bool,
    output: Format,
) -> None:
    """Let agents in the field enrol without an invitation, for a while; or show whether they may.

    While it is open, whoever reaches the port may take the name of a host that has no
    certificate yet.  It closes by itself; 24 hours at most.
    """
    if closes and length is not None:
        end(Exit.USAGE, "say either --open or --close")
    if length is None and (count is not None or network is not None):
        end(Exit.USAGE, "--count and --from are for --open")
    if network is not None and not network.strip():
        end(Exit.USAGE, "--from is empty: it would let in any address")
    if length is None and not closes:
        _show(mapping(read("agent", "window")), output)
        return
    wish = "close the enrolment window" if closes else f"open an enrolment window, {length:g} s"
    if dry_run:
        click.echo(f"would {wish}")
        raise SystemExit(Exit.WOULD_CHANGE)
    if closes:
        data = mapping(change("agent", "close", who=who(), reason=reason))
        told = "closed"
    else:
        block = {"from": network}
        data = mapping(
            change("agent", "open", seconds=length, count=count, who=who(), reason=reason, **block)
        )
        told = f"open until {data['until']}"
    if output is Format.TABLE:
        click.echo(told)
    else:
        print_data(data, output)


def _show(data: Mapping[str, object], output: Format) -> None:
    if output is not Format.TABLE:
        print_data(data, output)
    elif data["open"]:
        places = "any number of" if data["places"] is None else data["places"]
        click.echo(
            f"open for {data['seconds_left']} s more, for {places} agents from"
            f" {data['from'] or 'any address'}; opened by {data['who']}"
        )
    else:
        click.echo("closed: agents need an invitation")
