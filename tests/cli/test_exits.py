"""How an error of ours ends a command: one line, and the exit code that the page promises."""

import pytest

from runtime.cli.exits import Exit, explained
from runtime.errors import (
    ArightError,
    ConflictError,
    InvalidFileError,
    InvalidRequestError,
    NotFoundError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFoundError("host", "x"), Exit.NOT_FOUND),
        (ConflictError("it is closed"), Exit.CONFLICT),
        (InvalidRequestError("id is missing"), Exit.USAGE),
        (InvalidFileError("c.yaml", "is no YAML", line=3), Exit.ERROR),
        (TimeoutError("no answer"), Exit.TIMEOUT),
        (ExceptionGroup("trio", [ExceptionGroup("trio", [ArightError("down")])]), Exit.ERROR),
    ],
)
def test_an_error_of_ours_is_one_line_and_a_code(
    error: Exception, code: Exit, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, explained():
        raise error

    assert ended.value.code == code
    assert capsys.readouterr().err.startswith("aright: ")


def test_what_is_not_ours_is_not_hidden() -> None:
    with pytest.raises(ExceptionGroup), explained():
        raise ExceptionGroup("trio", [ArightError("down"), ZeroDivisionError()])
