"""What stands in the place of what went: `<ssn:3f9a1c>`, the same for the same value of a site."""

import functools
import hashlib
import re
from collections.abc import Callable
from typing import Final

import attrs

from runtime.scrub.span import Span

TAG: Final = re.compile(r"<[a-z][a-z_]{1,23}:[0-9a-f]{6}>")

_SHORTEST_KEY: Final = 16


_MANY: Final = 50
_BLOCK: Final = 64
"""Bytes that SHA-256 takes at a time; RFC 2104 fills the key up to them."""
_SMALL: Final = bytes(range(256)).lower()
_SIGNS: Final = bytes(code for code in range(128) if not chr(code).isalnum())


@attrs.frozen
class Tags:
    """Makes tags.  Without the key nobody finds a value by trying all there are."""

    key: bytes = attrs.field(repr=False, validator=attrs.validators.min_len(_SHORTEST_KEY))
    _mac: Callable[[bytes], str] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_mac", _keyed(self.key))

    def tag(self, label: str, value: str) -> str:
        """Name a value; how it is punctuated and its case make no other."""
        if value.isascii():  # the same in a quarter of the time
            told = value.encode().translate(_SMALL, _SIGNS)
        else:
            letters = "".join(filter(str.isalnum, value)).casefold()
            told = letters.encode("utf-8", "surrogatepass")
        mac = self._mac(label.encode() + b"\0" + told)
        return f"<{label}:{mac[:6]}>"

    def tagged(self, text: str, spans: list[Span]) -> str:
        """Put tags in the place of `spans`, which stand in order and apart."""
        tagged = text
        if spans:
            # Among many are some again and again; what they were is forgotten with the line.
            tag = self.tag if len(spans) < _MANY else functools.cache(self.tag)
            parts, done = list[str](), 0
            for start, end, label in spans:
                parts += text[done:start], tag(label, text[start:end])
                done = end
            parts.append(text[done:])
            tagged = "".join(parts)
        return _BARE.sub(r'\1"\2"', tagged) if text[:1] in {"{", "["} else tagged


_BARE: Final = re.compile(rf"([:\[,]\s{{0,9}})({TAG.pattern})(?=\s{{0,9}}[,}}\]])")
"""A number of JSON that went: its tag is a string."""


def _keyed(key: bytes) -> Callable[[bytes], str]:
    """Give HMAC-SHA-256 under a key, as RFC 2104 has it, in hexadecimal figures.

    Two hashes have the key in them already; to copy them takes three fifths of the time of
    copying one of the standard library's `hmac`, and each thing that goes takes one.
    """
    key = key if len(key) <= _BLOCK else hashlib.sha256(key).digest()
    key = key.ljust(_BLOCK, b"\0")
    begun = hashlib.sha256(bytes(byte ^ 0x36 for byte in key))
    ended = hashlib.sha256(bytes(byte ^ 0x5C for byte in key))

    def mac(told: bytes) -> str:
        inner, outer = begun.copy(), ended.copy()
        inner.update(told)
        outer.update(inner.digest())
        return outer.hexdigest()

    return mac
