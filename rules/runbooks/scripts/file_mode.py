"""Takes permissions away from a file.  Params: path, mode: those that may stay (octal text).

None is ever given: a file that is stricter than asked stays as strict.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import phases


def capture(request: phases.Request) -> phases.Json:
    """Read mode and owner."""
    return {"about": request.tree.about(request.text("path"))}


def act(request: phases.Request) -> bool:
    """Take away what may not stay."""
    path, may_stay = request.text("path"), int(request.text("mode"), 8)
    about = request.tree.about(path)
    return request.tree.set_about(path, {**about, "mode": about["mode"] & may_stay})


def undo(request: phases.Request) -> bool:
    """Put mode and owner back."""
    return request.tree.set_about(request.text("path"), request.pre_state["about"])


if __name__ == "__main__":
    phases.run(capture=capture, act=act, undo=undo)
