"""Sets kernel settings for the next boot.  Params: settings, path (of a new file in /etc/sysctl.d).

Each line in /etc that sets one of them to another value gets the right one, so that it does not
matter in which order the files are read; the new file says it where only the system's own files do.
The running kernel stays as it is.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import phases
from support.sysctl import dotted, wanted_settings

_FOLDER, _SYSCTL_CONF = "/etc/sysctl.d", "/etc/sysctl.conf"
_LINE = re.compile(r"(\s*-?)([^=#;\s]+)(\s*=[ \t]*)(.*?)(\s*)", re.DOTALL)
_HEAD = "# Asked for by the checks of this host; written by Aright.\n"

Wanted = dict[str, list[str]]


def _capture(request: phases.Request) -> phases.Json:
    return {"files": {path: request.tree.snapshot(path) for path, _ in _changes(request)}}


def _act(request: phases.Request) -> bool:
    # The list first: each look is at the files as they were.
    written = [request.tree.write(path, content) for path, content in _changes(request)]
    return any(written)


def _undo(request: phases.Request) -> bool:
    files = request.pre_state["files"].items()
    restored = [request.tree.restore(path, was) for path, was in files]
    return any(restored)


def _changes(request: phases.Request) -> list[tuple[str, bytes]]:
    """Give path and new content of each file that is not as it should be."""
    tree, own = request.tree, request.text("path")
    others = [path for path in tree.files_in(_FOLDER, ".conf") if path != own]
    others += [_SYSCTL_CONF] if tree.find(_SYSCTL_CONF) else []
    old = {path: tree.read(path) for path in others}
    wanted = wanted_settings(request)
    chosen = _chosen(wanted, [line for content in old.values() for line in _lines(content)])
    new = {path: _corrected(content, wanted, chosen) for path, content in old.items()}
    old[own] = tree.read(own) if tree.find(own) else b""
    new[own] = (_HEAD + "".join(f"{name} = {chosen[name]}\n" for name in wanted)).encode()
    return [(path, content) for path, content in new.items() if content != old[path]]


def _chosen(wanted: Wanted, lines: list[str]) -> dict[str, str]:
    """Give the value for each setting: the last good one that a file has, or else the first."""
    chosen = {name: values[0] for name, values in wanted.items()}
    for line in lines:
        found = _LINE.fullmatch(line)
        if found and found[4] in wanted.get(name := dotted(found[2]), ()):
            chosen[name] = found[4]
    return chosen


def _corrected(content: bytes, wanted: Wanted, chosen: dict[str, str]) -> bytes:
    lines = _lines(content)
    for i, line in enumerate(lines):
        found = _LINE.fullmatch(line)
        name = dotted(found[2]) if found else ""
        if found and name in wanted and found[4] not in wanted[name]:
            lines[i] = f"{found[1]}{found[2]}{found[3]}{chosen[name]}{found[5]}"
    return "".join(lines).encode("latin-1")


def _lines(content: bytes) -> list[str]:
    # latin-1 takes every byte to a character and back: no line of others is changed.
    return re.findall(r"[^\n]*\n|[^\n]+", content.decode("latin-1"))


if __name__ == "__main__":
    phases.run(capture=_capture, act=_act, undo=_undo)
