"""`aright agent show`: all that is known of the agent of a host."""

from collections.abc import Iterator, Mapping
from typing import cast

import click

from runtime.cli.client import mapping, read, rows
from runtime.cli.output import Format, output_option, print_data

_SOFTWARE = 12
"""Entries on a page; `-o json` has all that are kept."""


@click.command("show")
@click.argument("host")
@output_option
def command(host: str, output: Format) -> None:
    """Show all that is known of the agent of a host: its tier, its inventory, its tools."""
    data = mapping(read("agent", "show", host=host))
    if output is Format.TABLE:
        click.echo("\n".join(_page(data)))
    else:
        print_data(data, output)


def _page(data: Mapping[str, object]) -> Iterator[str]:
    yield f"{data['host']}   {data['agent_id']}   {data['platform']}"
    yield f"  version     {data['version'] or 'not said'}"
    yield f"  registered  {data['registered_at']}"
    yield f"  last seen   {data['last_seen']}"
    yield f"  tier        {data['tier']}, a person lets it {data['most']}"
    yield f"  certificate {_certificate(data['certificate'])}"
    yield f"  since last  {data['drift_count']} drifts, {data['healing_count']} healings"
    yield f"  system      {data['os_version'] or 'not said'}"
    yield f"  mac         {data['mac_address'] or 'not said'}"
    yield from _software(cast("list[str]", data["software"]), cast("int", data["software_told"]))
    if tools := rows(data["rmm"]):
        yield ""
        yield "tools for remote management"
        yield from (f"  {_tool(each)}" for each in tools)
    if changes := rows(data["changes"]):
        yield ""
        yield from (
            f"{each['at']}  {each['most']} by {each['who']}: {each['reason']}" for each in changes
        )


def _certificate(certificate: object) -> str:
    if not certificate:
        return "none"
    row = mapping(certificate)
    return f"{row['state']}, until {row['expires']}" if row["expires"] else str(row["state"])


def _software(kept: list[str], told: int) -> Iterator[str]:
    if not told:
        return
    yield f"  software    {told} entries"
    yield from (f"              {each}" for each in kept[:_SOFTWARE])
    if told > _SOFTWARE:
        yield f"              and {told - _SOFTWARE} more"


def _tool(tool: Mapping[str, object]) -> str:
    named = " ".join(str(tool[key]) for key in ("name", "version") if tool[key])
    service = f" as {tool['service']}" if tool["service"] else ""
    runs = "runs" if tool["running"] else "does not run"
    return f"{named}{service}, {runs}, since {tool['first_seen']}"
