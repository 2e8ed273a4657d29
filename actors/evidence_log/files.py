"""What stands beside the database: the site's signing key, and the last head that was signed."""

import base64
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

import attrs
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from actors.evidence_log.core import Written
from actors.evidence_log.envelope import Signer
from runtime.errors import InvalidFileError
from runtime.hosts.replaced_file import replace_file

KEY: Final = "evidence_key.pem"
NEXT_KEY: Final = "evidence_key.next.pem"
HEADS: Final = "heads.log"

_OURS: Final = stat.S_IRUSR | stat.S_IWUSR
_LONGEST: Final = 256 * 1024
"""Bytes of heads.log, after which it begins anew with its last line."""


@attrs.frozen
class KeyFiles:
    """The site's signing keys: the one that signs, and while it is replaced, the next."""

    folder: Path
    generate: Callable[[], Ed25519PrivateKey] = Ed25519PrivateKey.generate

    def held(self) -> dict[str, Signer]:
        """Read the keys at hand, by fingerprint.

        Raises:
            InvalidFileError: one cannot be read, or is none.
        """
        found = (self._read(self.folder / name) for name in (KEY, NEXT_KEY))
        return {signer.fingerprint: signer for signer in found if signer is not None}

    def make(self) -> Signer:
        """Make the next key, durable before it is given."""
        private = self.generate()
        replace_file(self.folder / NEXT_KEY, self._bytes(NEXT_KEY), _pem(private), new_mode=_OURS)
        return Signer.of(private)

    def settle(self, fingerprint: str) -> None:
        """Let one key be the site's; another is gone for good.

        Raises:
            InvalidFileError: it is not at hand.
        """
        following = self._read(self.folder / NEXT_KEY)
        if following is None:
            return
        if following.fingerprint == fingerprint:
            (self.folder / NEXT_KEY).replace(self.folder / KEY)
        else:
            (self.folder / NEXT_KEY).unlink()
        _sync(self.folder)

    def _bytes(self, name: str) -> bytes | None:
        path = self.folder / name
        return path.read_bytes() if path.exists() else None

    def _read(self, path: Path) -> Signer | None:
        try:
            path.chmod(_OURS)
            private = serialization.load_pem_private_key(path.read_bytes(), None)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise InvalidFileError(str(path), "is no private key that can be read") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise InvalidFileError(str(path), "is no private key on Ed25519")
        return Signer.of(private)


def _pem(private: Ed25519PrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@attrs.frozen
class HeadsFile:
    """The last heads that were signed, one a line; each is here before anybody sees it."""

    path: Path

    def last(self) -> Written | None:
        """Read the last head; a line that a crash cut short was never seen by anybody.

        Raises:
            InvalidFileError: a whole line is damaged, or the file cannot be read.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InvalidFileError(str(self.path), error.strerror or "cannot be read") from error
        whole, _, _ = content.rpartition(b"\n")
        if not whole:
            return None
        try:
            told = cast("dict[str, str]", json.loads(whole.rpartition(b"\n")[2]))
            return Written(
                told["origin"],
                int(told["size"]),
                base64.b64decode(told["root"], validate=True),
                told["note"].encode(),
            )
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidFileError(str(self.path), "its last line is damaged") from error

    def put(self, head: Written) -> None:
        """Add a head; it is durable when this returns.

        Raises:
            OSError: it is not.
        """
        line = _line(head)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OURS)
        try:
            end = _end_of_lines(descriptor)
            fresh = end == 0
            if end > _LONGEST:
                replace_file(self.path, self.path.read_bytes(), line, new_mode=_OURS)
                return
            os.ftruncate(descriptor, end)
            os.pwrite(descriptor, line, end)
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        if fresh:
            _sync(self.path.parent)


def _line(head: Written) -> bytes:
    told = {
        "origin": head.origin,
        "size": str(head.size),
        "root": base64.b64encode(head.root).decode(),
        "note": head.note.decode(),
    }
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"


def _end_of_lines(descriptor: int) -> int:
    """Find where the last whole line ends; lines are far shorter than what is looked through."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - 16_384)
    return start + os.pread(descriptor, size - start, start).rfind(b"\n") + 1


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
