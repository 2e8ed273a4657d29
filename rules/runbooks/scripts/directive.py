"""Sets one directive of a configuration file; comments and order stay.

Params: path, directive, value; separator (space or equals), ignore_case, validator, reload (a
systemd unit).

Each active line of the directive gets the value, so that it does not matter whether the first or
the last one counts.  Where there is none, a line is put at the end.  sshd's options have a script
of their own: there it matters where a line stands.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import phases
from support.daemon import reload_unit
from support.validator import must_be_no_worse

_SEPARATORS = {"space": (r"[ \t]+", " "), "equals": (r"[ \t]*=[ \t]*", " = ")}


def _capture(request: phases.Request) -> phases.Json:
    return {"file": request.tree.snapshot(request.text("path"))}


def _act(request: phases.Request) -> bool:
    path = request.text("path")
    old = request.tree.read(path)
    # latin-1 takes every byte to a character and back: no line of others is changed.
    new = with_directive(old.decode("latin-1"), request).encode("latin-1")
    if new == old:
        return False
    must_be_no_worse(request.text("validator"), request.tree, path, old, new)
    request.tree.write(path, new)
    reload_unit(request.tree, request.text("reload"))
    return True


def _undo(request: phases.Request) -> bool:
    changed = request.tree.restore(request.text("path"), request.pre_state["file"])
    if changed:
        reload_unit(request.tree, request.text("reload"))
    return changed


def with_directive(text: str, request: phases.Request) -> str:
    """Give the text of the file with the directive set."""
    between, spelled = _SEPARATORS[request.text("separator", "space")]
    directive, value = request.text("directive"), request.text("value")
    flags = re.IGNORECASE if request.params.get("ignore_case") else 0
    active = re.compile(rf"([ \t]*{re.escape(directive)}{between})[^\r\n]*(\r?\n)?", flags)
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    found = [active.fullmatch(line) for line in lines]
    new = [
        f"{was[1]}{value}{was[2] or ''}" if was else line
        for line, was in zip(lines, found, strict=True)
    ]
    if any(found):
        return "".join(new)
    ending = "\r\n" if text.endswith("\r\n") else "\n"
    closed = text if not text or text.endswith("\n") else f"{text}{ending}"
    return f"{closed}{directive}{spelled}{value}{ending}"


if __name__ == "__main__":
    phases.run(capture=_capture, act=_act, undo=_undo)
