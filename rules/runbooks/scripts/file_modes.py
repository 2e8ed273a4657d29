"""Takes permissions away from several files and directories, and gives them an owner.

Params: paths (separated by spaces; the last part may be a pattern, and `/**` means every file
below, on the same file system), mode: the permissions that may stay (octal text), and owner and
group, both numbers, where these matter too.  What is not there is passed over; a symbolic link
that a pattern finds is left alone.
"""

import glob
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import phases
from support.problem import Problem
from support.tree import About

_MOST = 1000
"""Files of which undo remembers what they were: they go through a pipe of 64 KiB."""


def _wanted(request: phases.Request, was: About) -> About:
    uid, gid = request.params.get("owner", was["uid"]), request.params.get("group", was["gid"])
    if not isinstance(uid, int) or not isinstance(gid, int):
        raise Problem("param_owner")
    return {"mode": was["mode"] & int(request.text("mode"), 8), "uid": uid, "gid": gid}


def _to_change(request: phases.Request) -> dict[str, About]:
    patterns = request.text("paths").split()
    found = {path: was for each in patterns for path, was in request.tree.matching(each)}
    loose = {path: was for path, was in found.items() if was != _wanted(request, was)}
    if len(loose) > _MOST:
        raise Problem("too_many_files")
    return loose


def _capture(request: phases.Request) -> phases.Json:
    return {"files": _to_change(request)}


def _act(request: phases.Request) -> bool:
    return _set(request, {p: _wanted(request, was) for p, was in _to_change(request).items()})


def _undo(request: phases.Request) -> bool:
    return _set(request, request.pre_state["files"])


def _set(request: phases.Request, files: dict[str, About]) -> bool:
    there = [path for path in files if any(request.tree.matching(_itself(path)))]
    changed = [path for path in there if request.tree.set_about(path, files[path])]
    return bool(changed)


def _itself(path: str) -> str:
    """Give the pattern that finds one path, whatever its name; as any, it finds no link."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/{glob.escape(name)}"


if __name__ == "__main__":
    phases.run(capture=_capture, act=_act, undo=_undo)
