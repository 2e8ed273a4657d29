"""What an agent says of its host beside drift: bounded, and fit to be shown; pure."""

from collections.abc import Iterable

import attrs

TEXT_CHARS = 128
SOFTWARE_ENTRIES = 512
RMM_ENTRIES = 64


@attrs.frozen
class Inventory:
    """What an agent said of its host when it registered last."""

    os_version: str = ""
    mac_address: str = ""
    software: tuple[str, ...] = ()
    """The first `SOFTWARE_ENTRIES` of it."""
    software_told: int = 0
    """How many entries it named."""


@attrs.frozen
class RmmTool:
    """A tool for remote management that an agent found on its host."""

    name: str
    service: str
    version: str
    running: bool


def inventory_of(os_version: str, mac_address: str, software: Iterable[str]) -> Inventory:
    """Keep of what an agent says as much as has room."""
    named = list(software)
    return Inventory(
        shown(os_version),
        shown(mac_address),
        tuple(shown(each) for each in named[:SOFTWARE_ENTRIES]),
        len(named),
    )


def tools_of(found: Iterable[RmmTool]) -> tuple[RmmTool, ...]:
    """Keep as many tools as have room, the first of each name and service."""
    kept: dict[tuple[str, str], RmmTool] = {}
    for each in found:
        tool = RmmTool(shown(each.name), shown(each.service), shown(each.version), each.running)
        kept.setdefault((tool.name, tool.service), tool)
        if len(kept) == RMM_ENTRIES:
            break
    return tuple(kept.values())


def shown(text: str) -> str:
    """Give the beginning of a text, with nothing in it that a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text[:TEXT_CHARS]).strip()
