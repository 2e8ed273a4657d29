"""`--dry-run` of the verbs that change something: says what would be changed, and ends with 10."""

from collections.abc import Callable
from typing import NoReturn, TypeVar

import click

from runtime.cli.client import mapping, read, rows
from runtime.cli.exits import Exit, end

F = TypeVar("F", bound=Callable[..., object])


def dry_run_option(command: F) -> F:
    """Give a command `--dry-run`; it gets `dry_run`."""
    return click.option("--dry-run", is_flag=True, help="Say what would be changed.")(command)


def rehearse(noun: str, verb: str, identity: str) -> NoReturn:
    """Look the thing up and say how it stands; ends with 10, or with 3 where it is not there."""
    state = _standing(noun, identity)
    click.echo(f"would {verb} {noun} {identity}, which is {state}")
    raise SystemExit(Exit.WOULD_CHANGE)


def _standing(noun: str, identity: str) -> object:
    if noun in ("incident", "ticket"):
        return mapping(read(noun, "show", id=identity))["state"]
    key = "key" if noun == "breaker" else "id"
    row = next((row for row in rows(read(noun, "list")) if row[key] == identity), None)
    if row is None:
        end(Exit.NOT_FOUND, f"no {noun} {identity}")
    return row.get("state") or f"in force until {row['until']}"
