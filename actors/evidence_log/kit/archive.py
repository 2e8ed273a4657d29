"""The kit as a file: a ZIP of which there is only one spelling.

Members are stored, not compressed, in the order of their names, with one date, without attributes,
comments or extra fields.  So whoever reads one can write it again, and finds any byte that differs.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Final

from runtime.errors import ArightError, EvidenceFormatError

MOST_MEMBERS: Final = 0xFFFF
_MOST_BYTES: Final = 0xFFFF_FFFF
_DATE: Final = 0x0021
"""The first day that a ZIP can name: 1980-01-01."""
_LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL: Final = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END: Final = struct.Struct("<4sHHHHIIH")


class KitTooLargeError(ArightError):
    """More than one ZIP holds: a narrower selection is needed."""


def packed(members: Mapping[str, bytes]) -> bytes:
    """Write a kit's file.

    Raises:
        KitTooLargeError: it would have over 65,535 members or 4 GiB.
    """
    if len(members) > MOST_MEMBERS:
        raise KitTooLargeError(f"a kit has at most {MOST_MEMBERS} members, not {len(members)}")
    body, directory, at = list[bytes](), list[bytes](), 0
    for name, data in sorted(members.items()):
        if at + len(data) > _MOST_BYTES:
            raise KitTooLargeError("a kit has at most 4 GiB")
        told = (0, 0, _DATE, zlib.crc32(data), len(data), len(data), len(name))
        header = _LOCAL.pack(b"PK\3\4", 20, 0, *told, 0)
        entry = _CENTRAL.pack(b"PK\1\2", 20, 20, 0, *told, 0, 0, 0, 0, 0, at)
        body += [header, name.encode("ascii"), data]
        directory += [entry, name.encode("ascii")]
        at += len(header) + len(name) + len(data)
    central = b"".join(directory)
    if at + len(central) > _MOST_BYTES:
        raise KitTooLargeError("a kit has at most 4 GiB")
    end = _END.pack(b"PK\5\6", 0, 0, len(members), len(members), len(central), at, 0)
    return b"".join([*body, central, end])


def unpacked(data: bytes) -> dict[str, bytes] | None:
    """Read a kit's file; None where it is not written as this module would write it.

    Raises:
        EvidenceFormatError: it is no ZIP with members.
    """
    members = dict(_members(data))
    if not members:
        raise EvidenceFormatError("not_a_kit", "the file is no kit")
    try:
        return members if packed(members) == data else None
    except (KitTooLargeError, UnicodeEncodeError) as error:
        raise EvidenceFormatError("not_a_kit", "the file is no kit") from error


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Read from the front until something is no member; whatever is wrong shows when rewritten."""
    at = 0
    while data[at : at + 4] == b"PK\3\4" and at + _LOCAL.size <= len(data):
        *_, size, name_length, _ = _LOCAL.unpack_from(data, at)
        start = at + _LOCAL.size + name_length
        # Latin-1 reads any byte; a name that is not ASCII can not be written again.
        yield data[at + _LOCAL.size : start].decode("latin-1"), data[start : start + size]
        at = start + size
