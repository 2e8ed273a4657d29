"""Sets an option in the text of sshd_config, so that sshd takes it for every login.

Source: sshd_config(5).  The first value stands, an `Include` stands in place of the files that it
names, and from the first `Match` on values hold for some logins only.
"""

import re

_BLANK = r"[ \t]"


def with_option(text: str, option: str, value: str) -> str:
    """Give the text with the option set, and every other line as it was.

    Each active line before the first `Match` gets the value and keeps its comment.  Where an
    `Include` comes before all of them, a line is put above it, because an included file would
    decide otherwise, be it today or after the next installation.
    """
    between = rf"(?:{_BLANK}*={_BLANK}*|{_BLANK}+)"
    active = re.compile(
        rf"({_BLANK}*{re.escape(option)}{between})(.*?)({_BLANK}+#.*)?([ \t\r\f\n]*)", re.IGNORECASE
    )
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)  # sshd knows no other end of a line
    end = _first(lines, "match", len(lines))
    include = _first(lines[:end], "include", end)
    set_at: list[int] = []
    for i, line in enumerate(lines[:end]):
        if found := active.fullmatch(line):
            lines[i] = f"{found[1]}{value}{found[3] or ''}{found[4]}"
            set_at.append(i)
    if not set_at or include < set_at[0]:
        _insert(lines, include, f"{option} {value}")
    return "".join(lines)


def _first(lines: list[str], keyword: str, otherwise: int) -> int:
    pattern = re.compile(rf"{_BLANK}*{keyword}(?:{_BLANK}|=)", re.IGNORECASE)
    return next((i for i, line in enumerate(lines) if pattern.match(line)), otherwise)


def _insert(lines: list[str], at: int, line: str) -> None:
    ending = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    if at and not lines[at - 1].endswith("\n"):
        lines[at - 1] += ending
    lines.insert(at, line + ending)
