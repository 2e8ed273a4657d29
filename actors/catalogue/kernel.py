"""What files say of the kernel's settings and modules for the next boot.

Sources: sysctl.d(5), modprobe.d(5), and what systemd-sysctl and kmod make of them.
"""

import fnmatch
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from actors.catalogue.drop_ins import CAP_BYTES, read_drop_ins
from actors.catalogue.target import Target

UNSET: Final = "unset"
"""Shown for a setting that no file names: the kernel's own default will hold."""

_SYSCTL_CONF: Final = "/etc/sysctl.conf"
_SYSCTL_D: Final = tuple(
    f"{place}/sysctl.d/*.conf" for place in ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")
)
_SYSTEMD_SYSCTL: Final = ("/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl")
_MODPROBE_D: Final = tuple(
    f"{place}/modprobe.d/*.conf" for place in ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")
)
_MODULES: Final = "/proc/modules"
_INSTALL = re.compile(r"\s*install\s+(\S+)\s+")
_REFUSES = re.compile(r"(?:/usr)?/s?bin/(?:false|true|nologin)(?:\s.*)?")


async def settings_now(target: Target, names: Sequence[str]) -> tuple[str, ...] | None:
    """Give `name=value` of each setting that the kernel has; None where it has none of them."""
    values = [(name, await target.sysctl(name)) for name in names]
    return tuple(f"{name}={value}" for name, value in values if value is not None) or None


async def settings_at_boot(target: Target, names: Sequence[str]) -> tuple[str, ...]:
    """Give `name=value` of each setting as the files will have it, or `name=unset`."""
    texts = [text for _, text in await read_drop_ins(target, _SYSCTL_D)]
    # systemd reads sysctl.conf only where a link in sysctl.d leads to it; procps always, as last.
    if not await _has_systemd(target):
        texts.append(await target.read_text(_SYSCTL_CONF, CAP_BYTES) or "")
    said = list(assignments("\n".join(texts)))
    return tuple(f"{name}={effective(said, name)}" for name in names)


def assignments(text: str) -> Iterator[tuple[str, str | None]]:
    """Take lines of sysctl.d apart: names with dots, and None for `-name`, which sets nothing."""
    for line in text.split("\n"):  # as what reads it: any other end of a line is part of a comment
        name, equals, value = line.strip().partition("=")
        name = name.strip()
        if not name or name[0] in "#;":
            continue
        if equals:
            yield dotted(name.lstrip("-")), " ".join(value.split())
        elif name.startswith("-"):
            yield dotted(name[1:]), None


def effective(said: Iterable[tuple[str, str | None]], name: str) -> str:
    """Give the value that the last line sets; a pattern only counts where no line has the name."""
    exact, globbed, excluded = None, None, False
    for key, value in said:
        if key == name:
            exact, excluded = (value, excluded) if value is not None else (exact, True)
        elif value is not None and "*" in key and fnmatch.fnmatchcase(name, key):
            globbed = value
    if exact is not None:
        return exact
    return UNSET if excluded or globbed is None else globbed


def dotted(name: str) -> str:
    """Spell a setting with dots: `net/ipv4/conf/eth0.5/x` has slashes, and dots within its parts.

    The first separator says which of the two spellings it is.
    """
    first = next((character for character in name if character in "./"), ".")
    return name if first == "." else name.translate(str.maketrans("./", "/."))


async def modules_now(target: Target, names: Sequence[str]) -> tuple[str, ...] | None:
    """Give those modules that are loaded; None where the kernel does not tell."""
    text = await target.read_text(_MODULES, CAP_BYTES)
    if text is None:
        return None
    loaded = {line.partition(" ")[0] for line in text.splitlines()}
    return tuple(name for name in names if _module(name) in loaded)


async def modules_at_boot(target: Target, names: Sequence[str]) -> tuple[str, ...]:
    """Give those modules that modprobe would load: no `install` line refuses them.

    The first `install` line of a module counts; `blacklist` is not enough, since it leaves the
    module to whoever asks for it by name.
    """
    commands: dict[str, str] = {}
    for _, text in await read_drop_ins(target, _MODPROBE_D):
        for line in text.replace("\\\n", " ").split("\n"):
            if found := _INSTALL.match(line):
                commands.setdefault(_module(found[1]), line[found.end() :].strip())
    return tuple(name for name in names if not _REFUSES.fullmatch(commands.get(_module(name), "")))


def _module(name: str) -> str:
    return name.replace("-", "_")  # the kernel makes no difference


async def _has_systemd(target: Target) -> bool:
    for path in _SYSTEMD_SYSCTL:
        if await target.stat(path) is not None:
            return True
    return False
