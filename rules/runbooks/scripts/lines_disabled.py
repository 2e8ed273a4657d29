"""Turns lines of a configuration file into comments.  Params: path, word (with which they begin).

Nothing else of the file changes; a file that is not there has no such lines.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import phases


def _capture(request: phases.Request) -> phases.Json:
    return {"file": request.tree.snapshot(request.text("path"))}


def _act(request: phases.Request) -> bool:
    path = request.text("path")
    if request.tree.find(path) is None:
        return False
    begins = rf"^(?=[ \t]*{re.escape(request.text('word'))}[ \t])".encode()
    old = request.tree.read(path)
    return request.tree.write(path, re.sub(begins, b"#", old, flags=re.MULTILINE))


def _undo(request: phases.Request) -> bool:
    return request.tree.restore(request.text("path"), request.pre_state["file"])


if __name__ == "__main__":
    phases.run(capture=_capture, act=_act, undo=_undo)
