"""What was found in lines that were read before: machines say the same again and again.

No text is remembered: a keyed digest of each line, and the places of what was found in it.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import attrs

from runtime.scrub.span import Span

_MOST: Final = 2048
"""Lines; some 500 KiB."""
_LONGEST: Final = 2000
_DIGEST_BYTES: Final = 16


@attrs.define(eq=False, repr=False)
class Recall:
    """Of the lines that are judged alone."""

    key: bytes
    """Up to 64 bytes."""
    _found: dict[bytes, Sequence[Span]] = attrs.field(
        factory=dict[bytes, Sequence[Span]], init=False
    )

    def digest(self, line: str, *, first: bool) -> bytes:
        """Name a line; the first of a text is read as one that may begin a document.

        Gives nothing for one that is too long to be remembered.
        """
        if len(line) > _LONGEST:
            return b""
        said = line.encode("utf-8", "surrogatepass") + (b"1" if first else b"0")
        return hashlib.blake2b(said, key=self.key, digest_size=_DIGEST_BYTES).digest()

    def found(self, digest: bytes) -> Sequence[Span] | None:
        """Give what was found in a line; None where it was not read before."""
        return self._found.get(digest)

    def keep(self, digest: bytes, found: Sequence[Span]) -> None:
        """Remember what was found."""
        if len(self._found) >= _MOST:
            self._found.clear()
        if digest:
            self._found[digest] = tuple(found)
