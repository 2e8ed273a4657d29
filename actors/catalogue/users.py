"""What passwd, group and shadow say of a host's people."""

from collections.abc import Iterator
from typing import Final

from actors.catalogue.probes import Having
from actors.catalogue.target import Target
from runtime.errors import UnansweredError

_CAP_BYTES: Final = 4_194_304
_NO_LOGIN = frozenset({"nologin", "false", "sync", "shutdown", "halt"})


def name_of(number: int, text: str | None) -> str:
    """Find the name of a number in passwd or group; the number itself where it has none."""
    for fields in _lines(text or "", 3):
        if fields[2] == str(number):
            return fields[0]
    return str(number)


async def users_having(target: Target, having: Having) -> tuple[str, ...] | None:
    """List the users of whom it is true, sorted; None where the file is not there.

    Raises:
        UnansweredError: the file has a line that is none, so that nobody knows who is missing.
    """
    path = "/etc/shadow" if having == "empty_password" else "/etc/passwd"
    text = await target.read_text(path, _CAP_BYTES)
    if text is None:
        return None
    rows = list(_lines(text, 2 if having == "empty_password" else 7))
    if len(rows) != sum(1 for line in text.splitlines() if _counts(line)):
        raise UnansweredError("not_parsed", path)
    return tuple(sorted(row[0] for row in rows if _has(row, having)))


def _has(row: list[str], having: Having) -> bool:
    match having:
        case "uid_0":
            return row[2].lstrip("0") == ""
        case "empty_password":
            return row[1] == ""
        case "login_shell":
            return row[6].rpartition("/")[2] not in _NO_LOGIN


def _lines(text: str, fields: int) -> Iterator[list[str]]:
    rows = (line.split(":") for line in text.splitlines() if _counts(line))
    return (row for row in rows if len(row) >= fields)


def _counts(line: str) -> bool:
    # `+` and `-` begin the entries of NIS, which name users of another place.
    return bool(line.strip()) and line[0] not in "#+-"
