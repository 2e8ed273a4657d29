"""`aright coverage`: what was not observed, for how long, and why."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import cast

import click

from runtime.cli.client import mapping, read, rows
from runtime.cli.exits import Exit, end, explained
from runtime.cli.output import Format, Row, output_option, print_data, print_rows
from runtime.cli.settings import settings

_UNITS = {"m": 60, "h": 3600, "d": 86_400}
_SINCE = re.compile(r"(\d{1,9})([mhd])")
_MINUTE = 60_000

_COLUMNS: Mapping[str, Sequence[str]] = {
    "host": ["host", "checks", "observed", "unobserved_min", "cause", "lost", "last_observed"],
    "check": ["host", "check", "observed", "unobserved_min", "cause", "last_observed"],
    "agent": ["host", "boot_id", "last_seq", "lost", "gaps", "last_event"],
    "control": ["control", "checks", "observed", "unobserved_min", "cause"],
}


@click.command()
@click.option("--host", help="Only this host.")
@click.option("--check", help="Only this check.")
@click.option("--since", default="24h", help="How far back: 90m, 24h, 30d.  Default 24h.")
@click.option(
    "--by",
    type=click.Choice(list(_COLUMNS)),
    help="One line for each.  Default host; with --host or --check, check.",
)
@output_option
def command(
    *, host: str | None, check: str | None, since: str, by: str | None, output: Format
) -> None:
    """Say what was not observed, for how long, and why.

    As data it is all of it: holes, exact ranges of lost events, outages, controls and the total.
    """
    data = mapping(read("coverage", "show", host=host, check=check, since=_seconds(since)))
    checks, agents = rows(data["checks"]), rows(data["agents"])
    controls = list(_by_control(checks))
    total = {**_sum(checks), "lost": sum(cast("int", each["lost"]) for each in agents)}
    if output is not Format.TABLE:
        print_data({**data, "controls": controls, "total": total}, output)
        return
    lines: Callable[[], Iterable[Row]] = {
        "host": lambda: _by_host(checks, agents),
        "check": lambda: ({**each, **_sum([each])} for each in checks),
        "agent": lambda: ({**each, "gaps": _spelled(each)} for each in agents),
        "control": lambda: controls,
    }[by or ("check" if host or check else "host")]
    columns = _COLUMNS[by or ("check" if host or check else "host")]
    print_rows(list(lines()), columns, output, none="nothing was observed yet")
    click.echo(
        f"{total['checks']} checks: {total['observed']} observed,"
        f" {total['unobserved_min']:g} minutes unobserved, {total['lost']} events lost"
        f" since {data['began']}",
        err=True,
    )


def _seconds(since: str) -> int:
    if (matched := _SINCE.fullmatch(since)) is None:
        end(Exit.USAGE, f"--since is a number and m, h or d, such as 24h, not {since!r}")
    return int(matched[1]) * _UNITS[matched[2]]


def _sum(checks: Sequence[Row]) -> dict[str, object]:
    """Add the accounts of checks up."""
    elapsed = sum(cast("int", each["elapsed_ms"]) for each in checks)
    dark = sum(cast("int", each["unobserved_ms"]) for each in checks)
    causes = Counter[str]()
    for each in checks:
        causes.update(cast("Mapping[str, float]", each["causes"]))
    return {
        "checks": len(checks),
        "observed": _share(elapsed - dark, elapsed),
        "unobserved_min": round(dark / _MINUTE, 1),
        "cause": ", ".join(f"{cause} {length:g}" for cause, length in causes.most_common()),
    }


def _share(observed: int, elapsed: int) -> str:
    """Spell a share; what is not whole is never rounded up to 100 %."""
    if not elapsed:
        return "-"
    return f"{observed * 10_000 // elapsed / 100:.2f} %"


def _by_host(checks: Sequence[Row], agents: Sequence[Row]) -> Iterator[Row]:
    for host in dict.fromkeys(str(each["host"]) for each in checks):
        own = [each for each in checks if each["host"] == host]
        lost = sum(cast("int", each["lost"]) for each in agents if each["host"] == host)
        seen = [str(each["last_observed"]) for each in own if each["last_observed"]]
        yield {
            "host": host,
            **_sum(own),
            "lost": lost,
            "last_observed": max(seen, default=None),
        }


def _by_control(checks: Sequence[Row]) -> Iterator[Row]:
    from runtime.roles.catalogue import load_catalogue

    with explained():
        names = load_catalogue(settings()).names
    shown: dict[str, list[Row]] = {}
    for each in checks:
        for control in names.named(str(each["check"])).controls:
            shown.setdefault(control, []).append(each)
    for control in sorted(shown):
        yield {"control": control, **_sum(shown[control])}


def _spelled(agent: Row) -> str:
    """Spell missing numbers: `17, 40-44`."""
    gaps = cast("Sequence[tuple[int, int]]", agent["gaps"])
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in gaps)
