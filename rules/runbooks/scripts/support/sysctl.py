"""Kernel settings as the scripts are told them, and as sysctl.d spells them."""

import re

from support.phases import Request
from support.problem import Problem

_NAME = re.compile(r"[a-z0-9_-]+(\.[A-Za-z0-9_-]+)+")
_VALUE = re.compile(r"[A-Za-z0-9_.-]+")


def wanted_settings(request: Request) -> dict[str, list[str]]:
    """Read the param `settings`: `name=value` with blanks between; of `2|1` the first is set.

    The other values are as good, and stay where a host has them.
    """
    wanted: dict[str, list[str]] = {}
    for each in request.text("settings").split():
        name, _, values = each.partition("=")
        wanted[name] = values.split("|")
        if not _NAME.fullmatch(name) or not all(map(_VALUE.fullmatch, wanted[name])):
            raise Problem("param_settings")
    return wanted


def dotted(name: str) -> str:
    """Spell a setting with dots; the first separator says how it is spelled."""
    first = next((character for character in name if character in "./"), ".")
    return name if first == "." else name.translate(str.maketrans("./", "/."))
