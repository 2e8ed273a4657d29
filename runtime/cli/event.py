"""`aright event`: submit what a host answered by hand, or from another tool."""

import json
import sys
from pathlib import Path
from typing import cast

import click

from runtime.cli.client import change, mapping
from runtime.cli.exits import Exit, end
from runtime.cli.output import Format, output_option, print_data
from runtime.cli.rehearsal import dry_run_option


@click.group()
def command() -> None:
    """Submit an event by hand."""


@command.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--host", help="The host that answered.")
@click.option("--check", help="The check that it answered.")
@click.option("--status", type=click.Choice(["pass", "fail", "error", "unknown"]), default="fail")
@click.option("--severity", type=click.Choice(["low", "medium", "high", "critical"]))
@click.option("--platform", type=click.Choice(["linux", "windows", "macos", "nixos", "unknown"]))
@dry_run_option
@output_option
def submit(  # noqa: PLR0913  one parameter an option
    *,
    file: Path | None,
    host: str | None,
    check: str | None,
    status: str,
    severity: str | None,
    platform: str | None,
    dry_run: bool,
    output: Format,
) -> None:
    """Record one event: from a JSON file (- for standard input), or from the options.

    The event has the names that rules use: host_id, check_type, status, severity, platform,
    expected, actual, details, metadata.  It is durable when this command ends with 0.
    """
    event: dict[str, object] = {"status": status}
    if file is not None:
        event |= _read(file)
    named = {"host_id": host, "check_type": check, "severity": severity, "platform": platform}
    event |= {name: value for name, value in named.items() if value is not None}
    missing = [name for name in ("host_id", "check_type") if not event.get(name)]
    if missing:
        end(Exit.USAGE, f"the event has no {missing[0]}")
    if dry_run:
        click.echo(f"would record {json.dumps(event, sort_keys=True)}")
        raise SystemExit(Exit.WOULD_CHANGE)
    data = mapping(change("event", "submit", event=event))
    if output is Format.TABLE:
        incident = data["incident_id"]
        click.echo(str(incident) if incident else "recorded; no incident")
    else:
        print_data(data, output)


def _read(file: Path) -> dict[str, object]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        data = cast("object", json.loads(text))
    except OSError as error:
        end(Exit.ERROR, f"{file}: cannot be read: {error.strerror}")
    except ValueError as error:
        end(Exit.ERROR, f"{file}: is no JSON: {error}")
    if not isinstance(data, dict):
        end(Exit.ERROR, f"{file}: holds no JSON object")
    return cast("dict[str, object]", data)
