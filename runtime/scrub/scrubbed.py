"""`Scrubbed`, the one type that may leave, and how a whole body is put together from such parts.

A plain `str` is no part: what came from outside goes through a `Scrubber`, a constant of ours
through `ours`, the name of a thing of ours through `Code`.  The type checkers refuse the rest.
"""

import functools
import json
import re
from collections.abc import Mapping
from html import escape
from json.encoder import encode_basestring_ascii as quoted
from typing import Final, LiteralString, TypeAlias, final

import attrs

from runtime.errors import ArightError


class ScrubError(ArightError):
    """A text was not scrubbed, so that nothing of it may leave.  Never shows the text."""


class Seal:
    """What only this package has; it makes `Scrubbed`."""


SEAL: Final = Seal()


@final
@attrs.frozen(init=False, repr=False)
class Scrubbed:
    """Text without PHI and secrets.  Made by a `Scrubber`, `ours`, `joined` and `assemble`."""

    text: str

    def __init__(self, text: str, seal: Seal) -> None:
        if seal is not SEAL:
            raise TypeError("only a scrubber makes what may leave")
        object.__setattr__(self, "text", text)

    @property
    def body(self) -> bytes:
        """Give the bytes that leave; a question mark for half a character, which no bytes spell."""
        return self.text.encode("utf-8", "replace")

    def cut(self, characters: int) -> "Scrubbed":
        """Give the beginning.  To cut before scrubbing would leave half of a number behind."""
        return Scrubbed(self.text[:characters], SEAL)

    def without_controls(self) -> "Scrubbed":
        """Leave out what no eye sees: controls but for tab and line feed, and what turns text."""
        return Scrubbed(_UNSEEN.sub("", self.text), SEAL)

    def quoted(self) -> "Scrubbed":
        """Spell it as a JSON string, in ASCII."""
        return Scrubbed(json.dumps(self.text), SEAL)

    def escaped(self, *, quotes: bool = False) -> "Scrubbed":
        """Spell it for where `&`, `<` and `>` mean something: HTML, and the markup of Slack.

        With `quotes` also for within the quotation marks of an attribute.
        """
        return Scrubbed(escape(self.text, quote=quotes), SEAL)

    def __repr__(self) -> str:
        return f"Scrubbed({len(self.text)} characters)"


_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,199}")
_OF_A_PERSON = re.compile(r"(?<!\d)\d{3}-(?:\d{2}|\d{3})-\d{4}(?!\d)|@[\w-]+\.\w")
"""A number or an address that has the form of a name: hosts name themselves."""
_WITHHELD = "withheld"


def _is_code(text: str) -> bool:
    return not text or _PLAIN.fullmatch(text) is not None


@final
@attrs.frozen
class Code:
    """The name of a thing of ours: an id, a state, a reason code, a model.

    Raises:
        ScrubError: the text has not the form of one.  What a host or a person named goes through
            a `Scrubber` instead, for a person's number has the form of a name too.
    """

    name: str

    def __attrs_post_init__(self) -> None:
        if not _is_code(self.name):
            raise ScrubError("a text that is no code was to leave as one")

    @classmethod
    def or_withheld(cls, text: str) -> "Code":
        """Take what is a code and of no person, and `withheld` in the place of all else."""
        return cls(text if _is_code(text) and not _OF_A_PERSON.search(text) else _WITHHELD)


def ours(text: LiteralString) -> Scrubbed:
    """Take a text that stands in our source, word for word."""
    return Scrubbed(text, SEAL)


def joined(*parts: Scrubbed | Code | int) -> Scrubbed:
    """Put parts one after the other."""
    return Scrubbed("".join(_text(part) for part in parts), SEAL)


def _text(part: Scrubbed | Code | int) -> str:
    match part:
        case Scrubbed():
            return part.text
        case Code():
            return part.name
        case int():
            return str(part)


@final
@attrs.frozen
class Inline:
    """JSON of `Scrubber.document` or `assemble`, that stands in a body as JSON, not as a string."""

    json: Scrubbed


# Lists and tuples by name: a `str` is a sequence of `str`, and so would be a template of templates.
Template: TypeAlias = (
    Scrubbed
    | Code
    | Inline
    | int
    | float
    | bool
    | list["Template"]
    | tuple["Template", ...]
    | Mapping[str, "Template"]
    | None
)
"""What a body is made of; texts become JSON strings.  Numbers are ours: one from outside goes
through `Scrubber.document`.  Keys are names that our source spells."""


def assemble(template: Template) -> Scrubbed:
    """Spell a body as compact JSON, its keys in the order given.

    Raises:
        ScrubError: a key is no plain name, or a value is of no kind that may leave.
    """
    return Scrubbed(_spelled(template), SEAL)


_KEY = re.compile(r"[A-Za-z_$@][A-Za-z0-9_.$:/ -]{0,63}")


def _spelled(part: Template) -> str:
    match part:  # what bodies are mostly made of comes first
        case Scrubbed():
            return quoted(part.text)
        case Code():
            return quoted(part.name)
        case dict() | Mapping():
            return _object(part)
        case list() | tuple():
            return "[" + ",".join([_spelled(value) for value in part]) + "]"
        case None | bool() | int() | float():
            return json.dumps(part, allow_nan=False)
        case Inline():
            return part.json.text
        case _:  # pyright: ignore[reportUnnecessaryComparison]  # what no type checker saw
            raise ScrubError(f"a {type(part).__name__} was to leave unscrubbed")


def _object(members: Mapping[str, Template]) -> str:
    return "{" + ",".join([_key(key) + _spelled(value) for key, value in members.items()]) + "}"


@functools.lru_cache(maxsize=1024)
def _key(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ScrubError("a key that is no plain name was to leave")
    return f"{quoted(key)}:"
