"""`aright top`: the actors and mailboxes of the running appliance, live."""

import sys
import time
from collections.abc import Mapping

import click

from runtime.cli.client import live, mapping, rows
from runtime.cli.output import Format, output_option, print_data, print_rows

_COLUMNS = [
    "actor", "state", "depth", "high", "oldest_s", "accepted", "handled", "dead", "fell",
    "p50_ms", "p99_ms",
]  # fmt: skip


@click.command()
@click.option("--interval", type=click.FloatRange(0.2), default=1.0, show_default=True)
@click.option("--once", is_flag=True, help="Print one table; the default without a terminal.")
@output_option
def command(interval: float, once: bool, output: Format) -> None:
    """Watch the actors and mailboxes of the running appliance; Ctrl-C ends it."""
    if output is not Format.TABLE:
        print_data(live("/health"), output)
    elif once or not sys.stdout.isatty():
        print_rows(_rows(), _COLUMNS, output, none="nothing runs")
    else:
        _watch(interval)


def _watch(interval: float) -> None:
    import contextlib

    with contextlib.suppress(KeyboardInterrupt):
        while True:
            table = _rows()
            click.clear()
            print_rows(table, _COLUMNS, Format.TABLE, none="nothing runs")
            time.sleep(interval)


def _rows() -> list[Mapping[str, object]]:
    health = mapping(live("/health"))
    return [_row(actor) for actor in rows(health["actors"])]


def _row(actor: Mapping[str, object]) -> Mapping[str, object]:
    box = mapping(actor["mailbox"] or {})
    return {
        "actor": actor["name"],
        "state": actor["state"],
        "depth": box.get("depth"),
        "high": box.get("high_water"),
        "oldest_s": _rounded(box.get("oldest_age"), 1),
        "accepted": box.get("accepted"),
        "handled": box.get("handled"),
        "dead": box.get("dead"),
        "fell": actor["fell"],
        "p50_ms": _rounded(actor["handle_p50"], 1000),
        "p99_ms": _rounded(actor["handle_p99"], 1000),
    }


def _rounded(seconds: object, scale: float) -> float | None:
    return round(seconds * scale, 2) if isinstance(seconds, int | float) else None
