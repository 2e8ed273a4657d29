"""The key of a site's tags, and the scrubber that its settings describe."""

import contextlib
import secrets
from pathlib import Path
from typing import Final

from runtime.errors import ConflictError, InvalidFileError
from runtime.hosts.replaced_file import replace_file
from runtime.scrub import Scrubber
from runtime.settings import Settings

NAME: Final = "scrub.key"
"""Beside the journal.  Who has it can find by trying what a tag stands for."""

_BYTES: Final = 32
_OURS: Final = 0o600


def site_key(state_dir: Path) -> bytes:
    """Read the key by which a value has one tag in all that leaves; the first start makes it.

    Raises:
        InvalidFileError: it cannot be made or read, or is no key.
    """
    path = state_dir / NAME
    with contextlib.suppress(ConflictError):  # it is there already, or was made meanwhile
        replace_file(path, None, secrets.token_bytes(_BYTES), new_mode=_OURS)
    return read_key(path)


def read_key(path: Path) -> bytes:
    """Read a key; raises InvalidFileError."""
    try:
        key = path.read_bytes()
    except OSError as error:
        raise InvalidFileError(str(path), f"cannot be read: {error.strerror}") from error
    if len(key) != _BYTES:
        raise InvalidFileError(str(path), f"is no key of {_BYTES} bytes")
    return key


def site_scrubber(settings: Settings) -> Scrubber:
    """Make the scrubber of an appliance; raises InvalidFileError."""
    return Scrubber(
        site_key(settings.state_path), private_addresses=settings.scrub.private_addresses
    )
