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
        secret = os.environ.get(name, "").encode()
    else:
        try:
            secret = Path(name).read_bytes().rstrip(b"\r\n")
        except OSError as error:
            raise MissingSecretError(where, error.strerror or "cannot be read") from error
    if not secret:
        raise MissingSecretError(where, "is empty or not set")
    return secret
