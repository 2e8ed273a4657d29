"""Which of two versions of a Debian package is the newer one.

Source: deb-version(7).  Letters sort before other characters, and `~` before the end of the text.
"""

import re
from typing import Final, TypeAlias

_PARTS: Final = re.compile(r"([^0-9]*)([0-9]*)")
_END: Final = 0

_Text: TypeAlias = tuple[int, ...]
SortKey: TypeAlias = tuple[int, tuple[tuple[_Text, int], ...], tuple[tuple[_Text, int], ...]]


def sort_key(version: str) -> SortKey:
    """Give what sorts versions as dpkg does: epoch, upstream version, revision."""
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "0")
    return (int(epoch) if epoch.isdecimal() else 0, _key(upstream), _key(revision))


def _key(text: str) -> tuple[tuple[_Text, int], ...]:
    parts = [(_order(letters), int(digits or 0)) for letters, digits in _PARTS.findall(text)]
    if len(parts) > 1:
        parts.pop()  # the empty match at the end
    # What is missing counts as an empty text and zero, which `~` still comes before.
    return (*parts, ((_END,), 0))


def _order(letters: str) -> _Text:
    return (*map(_weight, letters), _END)


def _weight(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256
