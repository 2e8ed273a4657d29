"""Sets kernel settings of the running kernel.  Params: settings.

A setting that the kernel does not have is left out.  A tree of files has no kernel: there it fails.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import phases
from support.problem import Problem
from support.sysctl import wanted_settings


def _capture(request: phases.Request) -> phases.Json:
    return {"live": {name: file.read_text() for name, file in _files(request).items()}}


def _act(request: phases.Request) -> bool:
    wanted = wanted_settings(request)
    files = _files(request).items()
    wrong = [(name, file) for name, file in files if file.read_text().strip() not in wanted[name]]
    for name, file in wrong:
        value = wanted[name][0]
        if not request.tree.only_told(f"{name} = {value} in the kernel"):
            file.write_text(f"{value}\n")
    return bool(wrong)


def _undo(request: phases.Request) -> bool:
    was = request.pre_state["live"]
    wrong = [
        (name, file) for name, file in _files(request).items() if file.read_text() != was[name]
    ]
    for name, file in wrong:
        file.write_text(was[name])
    return bool(wrong)


def _files(request: phases.Request) -> dict[str, pathlib.Path]:
    if not request.tree.is_machine:
        raise Problem("no_kernel")
    names = wanted_settings(request)
    files = {name: pathlib.Path("/proc/sys", *name.split(".")) for name in names}
    return {name: file for name, file in files.items() if file.exists()}


if __name__ == "__main__":
    phases.run(capture=_capture, act=_act, undo=_undo)
