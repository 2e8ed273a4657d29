"""What stands in the place of what went: `<ssn:3f9a1c>`, the same for the same value of a site."""

import hashlib
import hmac
import re
from typing import Final

import attrs

from runtime.scrub.span import Span

TAG: Final = re.compile(r"<[a-z][a-z_]{1,23}:[0-9a-f]{6}>")

_SHORTEST_KEY: Final = 16


@attrs.frozen
class Tags:
    """Makes tags.  Without the key nobody finds a value by trying all there are."""

    key: bytes = attrs.field(repr=False, validator=attrs.validators.min_len(_SHORTEST_KEY))
    _mac: hmac.HMAC = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_mac", hmac.new(self.key, digestmod=hashlib.sha256))

    def tag(self, label: str, value: str) -> str:
        """Name a value; how it is punctuated and its case make no other."""
        told = f"{label}\0{''.join(filter(str.isalnum, value)).casefold()}"
        mac = self._mac.copy()  # half the time of a new one: the key is in it
        mac.update(told.encode("utf-8", "surrogatepass"))
        return f"<{label}:{mac.hexdigest()[:6]}>"

    def tagged(self, text: str, spans: list[Span]) -> str:
        """Put tags in the place of `spans`, which stand in order and apart."""
        parts, done = list[str](), 0
        for span in spans:
            parts += text[done : span.start], self.tag(span.label, text[span.start : span.end])
            done = span.end
        tagged = "".join((*parts, text[done:]))
        return _BARE.sub(r'\1"\2"', tagged) if text[:1] in {"{", "["} else tagged


_BARE: Final = re.compile(rf"([:\[,]\s{{0,9}})({TAG.pattern})(?=\s{{0,9}}[,}}\]])")
"""A number of JSON that went: its tag is a string."""
