"""Tools by which others manage this host from afar, told by the names of their processes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

_NAME_CHARS = 15
"""The kernel keeps no more of a process's name."""

PROCESSES: Final[Mapping[str, str]] = {
    "anydesk": "AnyDesk",
    "connectwisecontrol": "ScreenConnect",
    "meshagent": "MeshCentral",
    "ninjarmm-linagent": "NinjaOne",
    "nagent": "N-able",
    "rustdesk": "RustDesk",
    "srstreamer": "Splashtop",
    "tacticalagent": "Tactical RMM",
    "teamviewerd": "TeamViewer",
    "ateraagent": "Atera",
}
"""Process -> product."""


def remote_tools(running: Collection[str]) -> Sequence[tuple[str, str]]:
    """List product and process of the tools that run."""
    names = {name.casefold()[:_NAME_CHARS] for name in running}
    return [
        (product, process)
        for process, product in PROCESSES.items()
        if process[:_NAME_CHARS] in names
    ]
