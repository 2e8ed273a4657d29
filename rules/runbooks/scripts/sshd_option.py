"""Sets an option of sshd for every login.  Params: option, value, path (/etc/ssh/sshd_config).

A file that `sshd -t` refuses never takes the old one's place, and a running sshd reads the new one
at once.  What a `Match` block says for some logins stays.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import phases
from support.daemon import reload_unit
from support.sshd import with_option
from support.validator import must_be_no_worse

_UNITS = ("ssh.service", "sshd.service")
"""Debian's name, which has the other as an alias at most, and that of everybody else."""


def _path(request: phases.Request) -> str:
    return request.text("path", "/etc/ssh/sshd_config")


def _capture(request: phases.Request) -> phases.Json:
    return {"file": request.tree.snapshot(_path(request))}


def _act(request: phases.Request) -> bool:
    path = _path(request)
    old = request.tree.read(path)
    # latin-1 takes every byte to a character and back: no line of others is changed.
    text = with_option(old.decode("latin-1"), request.text("option"), request.text("value"))
    new = text.encode("latin-1")
    if new == old:
        return False
    must_be_no_worse("sshd", request.tree, path, old, new)
    request.tree.write(path, new)
    reload_unit(request.tree, *_UNITS)
    return True


def _undo(request: phases.Request) -> bool:
    changed = request.tree.restore(_path(request), request.pre_state["file"])
    if changed:
        reload_unit(request.tree, *_UNITS)
    return changed


if __name__ == "__main__":
    phases.run(capture=_capture, act=_act, undo=_undo)
