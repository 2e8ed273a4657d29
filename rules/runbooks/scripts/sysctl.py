"""Sets a kernel setting, now and for the next boot.  Params: name, value, path (of sysctl.d).

The kernel is the machine's own: a tree of files has none, and only its file is written.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import phases
from support.problem import Problem

_NAME = re.compile(r"[a-z0-9_-]+(\.[A-Za-z0-9_-]+)+")


def _capture(request: phases.Request) -> phases.Json:
    live = _live(request).read_text() if request.tree.is_machine else None
    return {"file": request.tree.snapshot(request.text("path")), "live": live}


def _act(request: phases.Request) -> bool:
    name, value, path = request.text("name"), request.text("value"), request.text("path")
    written = request.tree.write(path, f"{name} = {value}\n".encode())
    return _set_live(request, value) or written


def _undo(request: phases.Request) -> bool:
    restored = request.tree.restore(request.text("path"), request.pre_state["file"])
    live = request.pre_state["live"]
    return (live is not None and _set_live(request, live)) or restored


def _live(request: phases.Request) -> pathlib.Path:
    name = request.text("name")
    if not _NAME.fullmatch(name):
        raise Problem("sysctl_name")
    return pathlib.Path("/proc/sys", *name.split("."))


def _set_live(request: phases.Request, value: str) -> bool:
    if not request.tree.is_machine or _live(request).read_text().split() == value.split():
        return False
    if not request.tree.only_told(f"{request.text('name')} = {value.strip()} in the kernel"):
        _live(request).write_text(f"{value.strip()}\n")
    return True


if __name__ == "__main__":
    phases.run(capture=_capture, act=_act, undo=_undo)
