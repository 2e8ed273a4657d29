"""Text in, `Scrubbed` out: finds what must go, and puts tags in its place."""

import json
import re
from collections.abc import Mapping
from typing import TypeAlias

import attrs

from runtime.scrub.scrubbed import SEAL, Scrubbed, ScrubError
from runtime.scrub.span import Span
from runtime.scrub.tags import Tags

Json: TypeAlias = str | int | float | bool | list["Json"] | Mapping[str, "Json"] | None

_FORMS = re.compile(
    r"(?P<ssn>\b(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b)"
    r"|(?P<email>\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\b)"
    r"|(?P<phone>\(\d{3}\) ?\d{3}-\d{4}\b)"
)


@attrs.frozen
class Scrubber:
    """Scrubs for one site."""

    key: bytes = attrs.field(repr=False)
    """The site's own, 16 bytes or more: the same value has the same tag in all its texts."""
    private_addresses: bool = attrs.field(default=False, kw_only=True)
    """Whether the private addresses of machines go as well."""
    _tags: Tags = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_tags", Tags(self.key))

    def find(self, text: str) -> list[Span]:
        """Find what must go from one document, in order and without overlaps."""
        return [
            Span(found.start(), found.end(), found.lastgroup or "")
            for found in _FORMS.finditer(text)
        ]

    def text(self, text: str) -> Scrubbed:
        """Scrub one document: lines, judged alone unless the first says that they are one thing.

        Raises:
            ScrubError: it could not be done; nothing of the text may leave.
        """
        try:
            return Scrubbed(self._tags.tagged(text, self.find(text)), SEAL)
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise ScrubError(f"a text was not scrubbed: {type(error).__name__}") from None

    def document(self, value: Json) -> Scrubbed:
        """Scrub structured data, keys and numbers too; gives JSON text.

        Raises:
            ScrubError: it could not be done, or `value` is nothing that JSON can say.
        """
        try:
            return Scrubbed(json.dumps(self._scrubbed(value), allow_nan=False), SEAL)
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise ScrubError(f"data was not scrubbed: {type(error).__name__}") from None

    def _scrubbed(self, value: Json) -> object:
        match value:
            case None | bool():
                return value
            case str():
                return self.text(value).text
            case int() | float():
                spelled = json.dumps(value)
                clean = self.text(spelled).text
                return value if clean == spelled else clean
            case list():
                return [self._scrubbed(inner) for inner in value]
            case _:
                return {self.text(key).text: self._scrubbed(inner) for key, inner in value.items()}
