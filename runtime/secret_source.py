"""Where secrets stand: the environment or a file, never the config itself."""

import os
from pathlib import Path

from runtime.errors import ArightError


class MissingSecretError(ArightError):
    """A secret is not where the config says."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"secret {where}: {problem}")
        self.where, self.problem = where, problem


def read_secret(where: str) -> bytes:
    """Read the secret at `env:NAME` or `file:PATH`; a file's last line break does not count.

    Raises:
        MissingSecretError: it is not there, cannot be read, or is empty.
    """
    kind, _, name = where.partition(":")
    if kind == "env":
        secret = os.fsencode(os.environ.get(name, ""))
    else:
        try:
            secret = Path(name).read_bytes().rstrip(b"\r\n")
        except OSError as error:
            raise MissingSecretError(where, error.strerror or "cannot be read") from error
        except ValueError as error:
            raise MissingSecretError(where, "is no path") from error
    if not secret:
        raise MissingSecretError(where, "is empty or not set")
    return secret


def read_header_key(where: str) -> str:
    """Read a key that is sent in a header.

    Raises:
        MissingSecretError: as of `read_secret`, or no header can carry it: a byte order mark before
            it, a blank behind it, two lines.
    """
    key = read_secret(where)
    if not all(0x21 <= byte <= 0x7E for byte in key):  # noqa: PLR2004  what ASCII prints
        raise MissingSecretError(where, "holds a blank, a line break or what is no ASCII")
    return key.decode()
