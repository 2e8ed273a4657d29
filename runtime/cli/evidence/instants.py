"""Instants that a person gives: a date, or a date with a time; UTC where no zone is named."""

import datetime as dt
from collections.abc import Callable
from typing import Any, TypeVar

import click

from runtime.errors import InvalidRequestError

F = TypeVar("F", bound=Callable[..., Any])  # Any: as click has it


def instant_option(name: str, says: str, *, required: bool = False) -> Callable[[F], F]:
    """Give a command an option that takes an instant, as text."""
    return click.option(
        name, default="", required=required, help=f"{says}: a date, or a date with a time."
    )


def instant(text: str) -> dt.datetime | None:
    """Read an instant; None for an empty text.

    Raises:
        InvalidRequestError: it is none.
    """
    if not text:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequestError(f"{text!r} is no date, and no date with a time") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)
