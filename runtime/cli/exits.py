"""The exit codes of every command, and the errors that lead to them."""

import contextlib
import enum
from collections.abc import Generator, Iterator
from typing import NoReturn

import click

from runtime.errors import ArightError, ConflictError, InvalidRequestError, NotFoundError


class Exit(enum.IntEnum):
    """What a command says by its end."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_FOUND = 3
    DENIED = 4
    CONFLICT = 5
    """Needs an approval, or does not fit the state a thing is in."""
    UNVERIFIED = 6
    """A verification failed, drift is there, or lint found something."""
    TIMEOUT = 7
    WOULD_CHANGE = 10
    PENDING = 11
    """A proof that is on its way: nothing speaks against it yet."""
    UNCHECKED = 12
    """A proof for whose last step something is missing here: a key, or a header."""


def end(code: Exit, message: str) -> NoReturn:
    """Say why on standard error and end with `code`."""
    click.echo(f"aright: {message}", err=True)
    raise SystemExit(code)


@contextlib.contextmanager
def explained() -> Generator[None]:
    """Turn an error of ours into its one line and its exit code."""
    try:
        yield
    except NotFoundError as error:
        end(Exit.NOT_FOUND, str(error))
    except ConflictError as error:
        end(Exit.CONFLICT, str(error))
    except InvalidRequestError as error:
        end(Exit.USAGE, str(error))
    except TimeoutError as error:
        end(Exit.TIMEOUT, str(error) or "no answer in time")
    except ArightError as error:
        end(Exit.ERROR, str(error))
    except ExceptionGroup as group:  # how trio tells what ended a role
        ours, others = group.split(ArightError)
        if ours is None or others is not None:
            raise
        end(Exit.ERROR, "; ".join(str(error) for error in _leaves(ours)))


def _leaves(group: ExceptionGroup[ArightError]) -> Iterator[ArightError]:
    for error in group.exceptions:
        if isinstance(error, ExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
