"""Security updates that wait, read from apt's lists as they lie on the host.

Nothing is fetched, no cache is written and no lock is taken: `apt-get --simulate` would need seven
seconds for the same where it may not write its cache.
"""

from typing import Final

from runtime.errors import UnanswerableError
from runtime.hosts.confined import Confined
from runtime.hosts.debian_versions import sort_key
from runtime.hosts.packages import dpkg_installed, fields_of

_LISTS: Final = "/var/lib/apt/lists/*security*_Packages"
"""Debian's archive has security in its address, Ubuntu's in the name of the suite."""
_CAP_BYTES: Final = 64 * 1_048_576


def security_updates(files: Confined) -> tuple[str, ...]:
    """List `name version` of each installed package that a security archive has newer; blocks.

    Raises:
        UnanswerableError: no_package_database where dpkg does not keep the packages;
            no_package_lists where none was fetched, or it lies there compressed.
    """
    installed = {
        (fields.get("Package", ""), fields.get("Architecture", "")): fields.get("Version", "")
        for fields in dpkg_installed(files)
    }
    newer: dict[str, str] = {}
    lists = files.glob(_LISTS)
    if not lists:
        raise UnanswerableError("no_package_lists", _LISTS)
    for path in lists:
        content = files.read(path, _CAP_BYTES) or b""
        for paragraph in content.decode(errors="replace").split("\n\n"):
            fields = fields_of(paragraph)
            name, version = fields.get("Package", ""), fields.get("Version", "")
            present = newer.get(name) or installed.get((name, fields.get("Architecture", "")))
            if present is not None and sort_key(version) > sort_key(present):
                newer[name] = version
    return tuple(f"{name} {version}" for name, version in sorted(newer.items()))
