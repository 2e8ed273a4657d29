"""Which packages a host has: read from dpkg's status, or asked of rpm."""

from collections.abc import Iterator, Mapping
from typing import Final

from runtime.errors import UnanswerableError, UnansweredError
from runtime.hosts.confined import Confined
from runtime.hosts.services import Run

_DPKG: Final = "/var/lib/dpkg/status"
_RPM: Final = ("/usr/lib/sysimage/rpm", "/var/lib/rpm")
_CAP_BYTES: Final = 64 * 1_048_576
_ANSWER_S: Final = 10.0


def dpkg_version(files: Confined, name: str) -> str | None:
    """Give the version of an installed package; None where it is not installed.

    Raises:
        UnanswerableError: no_package_database.
    """
    for paragraph in _status(files, name).split("\n\n"):
        if paragraph.lstrip("\n").startswith(f"Package: {name}\n"):
            fields = fields_of(paragraph)
            if _is_installed(fields):
                return fields.get("Version", "")
    return None


def dpkg_installed(files: Confined) -> Iterator[Mapping[str, str]]:
    """Give the fields of each installed package.

    Raises:
        UnanswerableError: no_package_database.
    """
    paragraphs = map(fields_of, _status(files, "").split("\n\n"))
    return filter(_is_installed, paragraphs)


def fields_of(paragraph: str) -> Mapping[str, str]:
    """Read the fields of one line each, as dpkg and apt write them."""
    rows = (row for row in paragraph.split("\n") if ": " in row and row[0] > " ")
    return dict(row.split(": ", 1) for row in rows)


def _is_installed(fields: Mapping[str, str]) -> bool:
    # A removed package of which configuration is left is `deinstall ok config-files`.
    return fields.get("Status", "").endswith(" installed")


def _status(files: Confined, name: str) -> str:
    status = files.read(_DPKG, _CAP_BYTES)
    if status is None:
        raise UnanswerableError("no_package_database", name)
    return status.decode(errors="replace")


def has_dpkg(files: Confined) -> bool:
    """Say whether the host keeps its packages with dpkg."""
    return files.stat(_DPKG) is not None


def has_rpm(files: Confined) -> bool:
    """Say whether the host keeps its packages with rpm."""
    return any(files.stat(path) is not None for path in _RPM)


async def rpm_version(run: Run, name: str) -> str | None:
    """Ask rpm; None where the package is not installed."""
    asked = ("rpm", "--query", "--queryformat", "%{VERSION}-%{RELEASE}\n", "--", name)
    answer = await run(asked, timeout_s=_ANSWER_S)
    if answer.timed_out:
        raise UnansweredError("timeout", name)
    if answer.code == 0:
        return answer.stdout.split("\n", 1)[0]
    if "is not installed" in answer.stdout:
        return None
    raise UnansweredError("exit_code", name)
