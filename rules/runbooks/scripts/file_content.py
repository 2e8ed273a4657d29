"""Writes a whole file.  Params: path, content (a template with $name of params), mode."""

import pathlib
import string
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import phases
from support.problem import Problem


def _capture(request: phases.Request) -> phases.Json:
    return {"file": request.tree.snapshot(request.text("path"))}


def _act(request: phases.Request) -> bool:
    try:
        content = string.Template(request.text("content")).substitute(request.params)
    except (KeyError, ValueError):
        raise Problem("template") from None
    mode = int(request.text("mode"), 8) if "mode" in request.params else None
    return request.tree.write(request.text("path"), content.encode(), mode)


def _undo(request: phases.Request) -> bool:
    return request.tree.restore(request.text("path"), request.pre_state["file"])


if __name__ == "__main__":
    phases.run(capture=_capture, act=_act, undo=_undo)
