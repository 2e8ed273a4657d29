"""Sets owner and group of a file.  Params: path, owner, group: names that the host knows."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import phases
from support.problem import Problem


def _capture(request: phases.Request) -> phases.Json:
    return {"about": request.tree.about(request.text("path"))}


def _act(request: phases.Request) -> bool:
    path = request.text("path")
    uid = _number_of(request, "/etc/passwd", request.text("owner"))
    gid = _number_of(request, "/etc/group", request.text("group"))
    return request.tree.set_about(path, {**request.tree.about(path), "uid": uid, "gid": gid})


def _undo(request: phases.Request) -> bool:
    return request.tree.set_about(request.text("path"), request.pre_state["about"])


def _number_of(request: phases.Request, path: str, name: str) -> int:
    """Look a name up in the host's own file: a tree has other people than the machine."""
    if name == "root":
        return 0
    for line in request.tree.read(path).decode("utf-8", "replace").splitlines():
        fields = line.split(":")
        if fields[0] == name:
            return int(fields[2])
    raise Problem("unknown_name")


if __name__ == "__main__":
    phases.run(capture=_capture, act=_act, undo=_undo)
