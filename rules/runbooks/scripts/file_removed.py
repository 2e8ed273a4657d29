"""Removes a file.  Params: path."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import phases


def _capture(request: phases.Request) -> phases.Json:
    return {"file": request.tree.snapshot(request.text("path"))}


def _act(request: phases.Request) -> bool:
    path = request.text("path")
    if request.tree.find(path) is None:
        return False
    request.tree.remove(path)
    return True


def _undo(request: phases.Request) -> bool:
    return request.tree.restore(request.text("path"), request.pre_state["file"])


if __name__ == "__main__":
    phases.run(capture=_capture, act=_act, undo=_undo)
