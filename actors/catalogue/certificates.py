"""Reads of an X.509 certificate the one thing that a check asks: until when it is valid."""

import base64
import binascii
import datetime as dt
import re
from typing import Final

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")

_SEQUENCE: Final = 0x30
_VERSION: Final = 0xA0
_UTC_TIME: Final = 0x17
_GENERALIZED_TIME: Final = 0x18
_PIVOT: Final = 50
"""A two-digit year from here on lies in the 20th century (RFC 5280, 4.1.2.5.1)."""


class NotACertificateError(Exception):
    """A text holds no certificate, or one whose validity cannot be read."""


def not_after(pem: str) -> dt.datetime:
    """Give the end of validity of the first certificate in a PEM text; aware, UTC.

    Raises:
        NotACertificateError: there is none, or it is not encoded as RFC 5280 says.
    """
    found = _PEM.search(pem)
    if found is None:
        raise NotACertificateError("no PEM block")
    try:
        der = base64.b64decode("".join(found.group(1).split()), validate=True)
        return _end_of_validity(der)
    except (binascii.Error, ValueError, IndexError) as error:
        raise NotACertificateError("not encoded as RFC 5280 says") from error


def _end_of_validity(der: bytes) -> dt.datetime:
    certificate, _ = _value(der, _SEQUENCE)
    rest, _ = _value(certificate, _SEQUENCE)
    if rest[0] == _VERSION:
        _, rest = _value(rest, _VERSION)
    for _skipped in ("serial number", "signature algorithm", "issuer"):
        _, rest = _value(rest, rest[0])
    validity, _ = _value(rest, _SEQUENCE)
    _, rest = _value(validity, validity[0])
    return _time(rest)


def _value(der: bytes, tag: int) -> tuple[bytes, bytes]:
    """Take one value of `tag` from the front; give it and what follows."""
    if der[0] != tag:
        raise ValueError(f"tag {der[0]} is not {tag}")
    length, start = der[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    if len(der) < start + length:
        raise ValueError("cut short")
    return der[start : start + length], der[start + length :]


def _time(der: bytes) -> dt.datetime:
    text = _value(der, der[0])[0].decode("ascii")
    if der[0] == _UTC_TIME:
        text = ("19" if int(text[:2]) >= _PIVOT else "20") + text
    elif der[0] != _GENERALIZED_TIME:
        raise ValueError(f"tag {der[0]} is no time")
    return dt.datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=dt.UTC)
