"""What a person hands to `aright tlog`: files in either of two forms, hashes, keys."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.errors import InvalidFileError

if TYPE_CHECKING:
    from actors.evidence_log import NoteKey, rfc6962

_MOST_BYTES = 64 << 20
_HASH = 32


def raw(path: Path, most: int = _MOST_BYTES) -> bytes:
    """Read a file whole.

    Args:
        path: of the file.
        most: bytes that it may have.

    Raises:
        InvalidFileError: it cannot be read, or is larger; by itself: than any proof.
    """
    try:
        with path.open("rb") as file:
            # No more is asked for than there is: the memory for it is taken beforehand.
            most = min(most, max(_MOST_BYTES, os.fstat(file.fileno()).st_size))
            data = file.read(most + 1)
    except OSError as error:
        raise InvalidFileError(str(path), f"cannot be read: {error.strerror}") from error
    if len(data) > most:
        raise InvalidFileError(str(path), f"is larger than {most >> 20} MiB")
    return data


def is_file(text: str) -> bool:
    """Say whether a text that may be a key names a file."""
    try:
        return Path(text).is_file()
    except OSError:  # no file can have that name
        return False


def document(path: Path) -> object:
    """Read a JSON file.

    Raises:
        InvalidFileError: it cannot be read, or is no JSON.
    """
    from runtime.codec import foreign_json

    try:
        return foreign_json(raw(path))
    except ValueError as error:
        raise InvalidFileError(str(path), f"is no JSON: {error}") from error


def head(path: Path) -> "rfc6962.Head":
    """Read a checkpoint, or a tree head in JSON.

    Raises:
        InvalidFileError: it cannot be read.
        EvidenceFormatError: it is neither.
    """
    from actors.evidence_log import Checkpoint, Note, rfc6962

    data = raw(path)
    if data.lstrip().startswith(b"{"):
        return rfc6962.head_in(document(path))
    return rfc6962.head_of(Checkpoint.parse(Note.parse(data).text))


def keys(given: Sequence[str]) -> "list[NoteKey]":
    """Read public keys: each is one itself, or a file with one a line.

    Raises:
        InvalidFileError: a file cannot be read.
        EvidenceFormatError: a key is none.
    """
    from actors.evidence_log import NoteKey

    found = list[NoteKey]()
    for text in given:
        spelled = [text]
        if "+" not in text or is_file(text):
            spelled = raw(Path(text)).decode(errors="replace").splitlines()
        found += [NoteKey.parse(line) for line in spelled if line.strip()]
    return found


def as_hash(text: str, what: str) -> bytes:
    """Read a hash in hex or in base 64.

    Raises:
        EvidenceFormatError: it is none.
    """
    from actors.evidence_log import base64
    from runtime.errors import EvidenceFormatError

    if len(text) == 2 * _HASH:
        try:
            return bytes.fromhex(text)
        except ValueError as error:
            raise EvidenceFormatError("bad_hash", f"{what} is no hash in hex") from error
    value = base64.read(text, what)
    if len(value) != _HASH:
        raise EvidenceFormatError("bad_hash", f"{what} has not the length of a hash")
    return value
