"""Sets one directive of a configuration file; comments and order stay.

Params: path, directive, value; separator (space or equals), ignore_case, section (the word that
ends the part of the file which holds for everybody: Match), validator, reload (a systemd unit).

Each active line of the directive in that part gets the value, so that it does not matter whether
the first or the last one counts.  Where there is none, a line is put before the first section.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import phases
from support.daemon import reload_unit
from support.validator import must_be_no_worse

_SEPARATORS = {"space": (r"(?:\s+|\s*=\s*)", " "), "equals": (r"\s*=\s*", " = ")}


def _capture(request: phases.Request) -> phases.Json:
    return {"file": request.tree.snapshot(request.text("path"))}


def _act(request: phases.Request) -> bool:
    path = request.text("path")
    old = request.tree.read(path)
    # latin-1 takes every byte to a character and back: no line of others is changed.
    new = with_directive(old.decode("latin-1"), request).encode("latin-1")
    if new == old:
        return False
    must_be_no_worse(request.text("validator"), request.tree, path, old, new)
    request.tree.write(path, new)
    reload_unit(request.tree, request.text("reload"))
    return True


def _undo(request: phases.Request) -> bool:
    changed = request.tree.restore(request.text("path"), request.pre_state["file"])
    if changed:
        reload_unit(request.tree, request.text("reload"))
    return changed


def with_directive(text: str, request: phases.Request) -> str:
    """Give the text of the file with the directive set."""
    between, spelled = _SEPARATORS[request.text("separator", "space")]
    directive, value = request.text("directive"), request.text("value")
    flags = re.IGNORECASE if request.params.get("ignore_case") else 0
    active = re.compile(rf"(\s*)({re.escape(directive)}){between}.*", flags)
    section = request.text("section")
    ends = re.compile(rf"\s*{re.escape(section)}\s", flags) if section else None

    lines = text.splitlines(keepends=True)
    end = next((i for i, line in enumerate(lines) if ends and ends.match(line)), len(lines))
    found = False
    for i, line in enumerate(lines[:end]):
        body = line.rstrip("\r\n")
        if matched := active.fullmatch(body):
            found = True
            lines[i] = f"{matched[1]}{matched[2]}{spelled}{value}{line[len(body) :]}"
    if not found:
        if end and not lines[end - 1].endswith("\n"):
            lines[end - 1] += "\n"
        lines.insert(end, f"{directive}{spelled}{value}\n")
    return "".join(lines)


if __name__ == "__main__":
    phases.run(capture=_capture, act=_act, undo=_undo)
