"""Takes permissions away from a file.  Params: path, mode: those that may stay (octal text).

None is ever given: a file that is stricter than asked stays as strict.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import phases


def _capture(request: phases.Request) -> phases.Json:
    return {"about": request.tree.about(request.text("path"))}


def _act(request: phases.Request) -> bool:
    path, may_stay = request.text("path"), int(request.text("mode"), 8)
    about = request.tree.about(path)
    return request.tree.set_about(path, {**about, "mode": about["mode"] & may_stay})


def _undo(request: phases.Request) -> bool:
    return request.tree.set_about(request.text("path"), request.pre_state["about"])


if __name__ == "__main__":
    phases.run(capture=_capture, act=_act, undo=_undo)
