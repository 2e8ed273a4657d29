"""Sets the permissions of a file.  Params: path, mode (octal text)."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import phases


def _capture(request: phases.Request) -> phases.Json:
    return {"about": request.tree.about(request.text("path"))}


def _act(request: phases.Request) -> bool:
    path, mode = request.text("path"), int(request.text("mode"), 8)
    return request.tree.set_about(path, {**request.tree.about(path), "mode": mode})


def _undo(request: phases.Request) -> bool:
    return request.tree.set_about(request.text("path"), request.pre_state["about"])


if __name__ == "__main__":
    phases.run(capture=_capture, act=_act, undo=_undo)
