"""What a command prints: a table for a person, JSON or YAML for a program."""

import enum
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar, cast

import click

Row: TypeAlias = Mapping[str, object]
_INSTANT = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?\+00:00$")
"""An instant as the data has it; a table shows its date and its time, in UTC."""

F = TypeVar("F", bound=Callable[..., object])


class Format(enum.StrEnum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    YAML = "yaml"


def output_option(command: F) -> F:
    """Give a command `-o`; it gets `output`, a `Format`."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice([form.value for form in Format]),
        default=Format.TABLE.value,
        callback=_as_format,
        help="Table for a person, or data for a program.",
    )(command)


def _as_format(_context: click.Context, _parameter: click.Parameter, value: str) -> Format:
    return Format(value)


def print_rows(rows: Sequence[Row], columns: Sequence[str], output: Format, *, none: str) -> None:
    """Print a list: `columns` of it as a table, or all of it as data.

    Without rows the table is the sentence `none`, on standard error.
    """
    if output is not Format.TABLE:
        print_data(rows, output)
    elif rows:
        _print_table(rows, columns)
    else:
        click.echo(none, err=True)


def print_data(data: object, output: Format) -> None:
    """Print data that is no list, or that asks for a program's format."""
    match output:
        case Format.JSONL:
            for line in _items(data):
                click.echo(_json(line))
        case Format.YAML:
            import yaml

            plain = json.loads(json.dumps(data))
            click.echo(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True), nl=False)
        case Format.TABLE | Format.JSON:
            click.echo(_json(data, indent=2))


def _json(data: object, indent: int | None = None) -> str:
    """Spell JSON.  Half a character, which a file of a stranger may have, stays escaped."""
    text = json.dumps(data, ensure_ascii=False, indent=indent, sort_keys=True)
    return text.encode(errors="backslashreplace").decode()


def _print_table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    if not sys.stdout.isatty():
        for line in [[column.upper() for column in columns], *cells]:
            click.echo("\t".join(line))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        # An id is copied: it is never broken, whatever that does to the rest.
        table.add_column(
            column.upper().replace("_", " "), overflow="fold", no_wrap=column in ("id", "key")
        )
    for line in cells:
        table.add_row(*line)
    Console(no_color="NO_COLOR" in os.environ, highlight=False, markup=False).print(table)


def _items(value: object) -> Sequence[object]:
    if isinstance(value, list | tuple):
        return cast("Sequence[object]", value)
    return [value]


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case list() | tuple():
            return ", ".join(map(str, _items(cast("object", value))))
        case dict():
            return json.dumps(value, sort_keys=True)
        case _:
            text = " ".join(str(value).split())
            return _INSTANT.sub(r"\1 \2", text) or "-"
