"""Keys and certificates in the state directory: for our user alone, and replaced as one."""

import stat
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from actors.site_ca.x509 import Authority, PrivateKey, key_pem
from runtime.errors import InvalidFileError
from runtime.hosts.replaced_file import replace_file

AUTHORITY = "site_ca.pem"

_OURS = stat.S_IRUSR | stat.S_IWUSR


def kept(path: Path) -> bytes | None:
    """Read a file, of which nobody but us may know; None where there is none.

    Raises:
        InvalidFileError: it cannot be read.
    """
    try:
        path.chmod(_OURS)
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidFileError(str(path), error.strerror or "cannot be read") from error


def written(path: Path, before: bytes | None, after: bytes) -> None:
    """Replace a file durably; raises InvalidFileError, ConflictError."""
    replace_file(path, before, after, new_mode=_OURS)


def kept_authority(folder: Path) -> Authority | None:
    """Read the site CA: key and certificate in one file, so that they always belong together.

    Raises:
        InvalidFileError: the file is damaged.  No other CA is made in its place: no agent would
            know it.
    """
    path = folder / AUTHORITY
    content = kept(path)
    if content is None:
        return None
    found = pair(content)
    if found is None:
        raise InvalidFileError(str(path), "holds no key on P-256 with its certificate")
    return Authority(*found)


def pair(content: bytes) -> tuple[PrivateKey, x509.Certificate] | None:
    """Read a key and its certificate out of one file; None where they are not there."""
    try:
        key = serialization.load_pem_private_key(content, None)
        certificate = x509.load_pem_x509_certificate(content)
    except (ValueError, TypeError):
        return None
    fits = key.public_key() == certificate.public_key()
    return (key, certificate) if fits and isinstance(key, PrivateKey) else None


def write_authority(folder: Path, authority: Authority) -> None:
    """Keep a new site CA."""
    written(folder / AUTHORITY, None, key_pem(authority.key) + authority.pem)
