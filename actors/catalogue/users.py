"""What passwd, group and shadow say of a host's people."""

from collections.abc import Iterator, Mapping
from typing import Final

from actors.catalogue.probes import Having
from actors.catalogue.target import Target
from runtime.errors import UnansweredError

_CAP_BYTES: Final = 4_194_304
_SAID_BY: Final[Mapping[Having, tuple[str, int]]] = {
    "empty_password": ("/etc/shadow", 2),
    "endless_password": ("/etc/shadow", 5),
}
"""Another file than passwd, and how many fields each line of it has at least."""
_PASSWD: Final = ("/etc/passwd", 7)
_LONGEST_DAYS: Final = 365
_NO_LOGIN = frozenset({"nologin", "false", "sync", "shutdown", "halt"})


def name_of(number: int, text: str | None) -> str:
    """Find the name of a number in passwd or group; the number itself where it has none."""
    for fields in _lines(text or "", 3):
        if fields[2] == str(number):
            return fields[0]
    return str(number)


def file_that_says(having: Having) -> str:
    """Name the file in which it stands of whom something is true."""
    return _SAID_BY.get(having, _PASSWD)[0]


async def users_having(target: Target, having: Having) -> tuple[str, ...] | None:
    """List the users of whom it is true, sorted; None where the file is not there.

    Raises:
        UnansweredError: the file has a line that is none, so that nobody knows who is missing.
    """
    path, fields = _SAID_BY.get(having, _PASSWD)
    text = await target.read_text(path, _CAP_BYTES)
    if text is None:
        return None
    rows = list(_lines(text, fields))
    if len(rows) != sum(1 for line in text.split("\n") if _counts(line)):
        raise UnansweredError("not_parsed", path)
    return tuple(sorted(row[0] for row in rows if _has(row, having)))


def _has(row: list[str], having: Having) -> bool:
    match having:
        case "uid_0":
            return row[2].lstrip("0") == ""
        case "empty_password":
            return row[1] == ""
        case "endless_password":
            return row[1] not in ("", "*") and row[1][0] != "!" and not _ends(row[4])
        case "login_shell":
            return row[6].rpartition("/")[2] not in _NO_LOGIN


def _ends(days: str) -> bool:
    return days.isdecimal() and int(days) <= _LONGEST_DAYS


def _lines(text: str, fields: int) -> Iterator[list[str]]:
    # At "\n" alone, as the C library: a user may write other ends of a line into their own.
    rows = (line.split(":") for line in text.split("\n") if _counts(line))
    return (row for row in rows if len(row) >= fields)


def _counts(line: str) -> bool:
    # `+` and `-` begin the entries of NIS, which name users of another place.
    return bool(line.strip()) and line[0] not in "#+-"
