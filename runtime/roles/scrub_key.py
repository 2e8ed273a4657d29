"""The key of a site's scrubber: the same value has the same tag in all that leaves the site."""

import contextlib
import secrets
from pathlib import Path

from runtime.errors import ConflictError, InvalidFileError
from runtime.hosts.replaced_file import replace_file
from runtime.scrub import Scrubber

_FILE = "scrub.key"
_BYTES = 32
_OURS = 0o600


def site_scrubber(state_dir: Path) -> Scrubber:
    """Make the scrubber of the site whose state lies there; the first start makes its key.

    Raises:
        InvalidFileError: the key cannot be read or made.
    """
    path = state_dir / _FILE
    with contextlib.suppress(ConflictError):  # it is there already
        replace_file(path, None, secrets.token_bytes(_BYTES), new_mode=_OURS)
    try:
        key = path.read_bytes()
    except OSError as error:
        raise InvalidFileError(str(path), f"cannot be read: {error.strerror}") from error
    if len(key) != _BYTES:
        raise InvalidFileError(str(path), f"holds no key of {_BYTES} bytes")
    return Scrubber(key)
