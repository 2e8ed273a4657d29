"""Base 64 with one spelling for each value: a flipped bit never goes unseen."""

import base64
import binascii

from runtime.errors import EvidenceFormatError


def spelled(value: bytes) -> str:
    """Spell bytes in standard base 64."""
    return base64.b64encode(value).decode("ascii")


def read(text: str, what: str) -> bytes:
    """Read standard base 64.

    Raises:
        EvidenceFormatError: it is none, or there is another, usual way to spell the same bytes.
    """
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EvidenceFormatError("not_base64", f"{what} is not base 64") from error
    # The last digit can have bits that belong to no byte; readers ignore them, so must be zero.
    if spelled(value) != text:
        raise EvidenceFormatError("not_base64", f"{what} is not base 64 in its usual spelling")
    return value
