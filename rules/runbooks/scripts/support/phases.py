"""How a script is spoken to: one JSON object on stdin, one on stdout, exit 1 with a reason code.

In   {"phase": "capture|preview|act|undo", "root": "/", "params": {...}, "pre_state": {...},
      "timeout_s": 30}
Out  capture: what undo needs.  preview: {"diff": what act would change, for a person}, and nothing
     is changed.  act, undo: {"changed": true|false}.  Else {"error": code}.

A reason is a code, never a line of somebody's file: it ends in logs and tickets.
"""

import json
import math
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from support.problem import Problem
from support.rehearsal import Rehearsal
from support.tree import Tree

Json = dict[str, object]


@dataclass(frozen=True)
class Request:
    """What a script is asked to do."""

    tree: Tree
    params: Json
    pre_state: Json = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """Give a param that must be text."""
        value = self.params.get(name, default)
        if not isinstance(value, str):
            raise Problem(f"param_{name}")
        return value


def run(
    *,
    capture: Callable[[Request], Json],
    act: Callable[[Request], bool],
    undo: Callable[[Request], bool],
) -> None:
    """Do the phase that stdin asks for; act and undo say whether they changed anything."""
    asked = json.load(sys.stdin)
    # Whoever started this kills it at its deadline; should that one die, it ends by itself, so
    # that nothing runs on when the next life looks at the host and acts again.
    signal.alarm(math.ceil(asked["timeout_s"]))
    tree = Tree(asked["root"])
    request = Request(tree, asked["params"], asked.get("pre_state", {}))

    def preview(request: Request) -> Json:
        rehearsal = Rehearsal(request.tree.root)
        act(replace(request, tree=rehearsal))
        return {"diff": rehearsal.diff()}

    phases: dict[str, Callable[[Request], Json]] = {
        "capture": capture,
        "preview": preview,
        "act": lambda request: {"changed": act(request)},
        "undo": lambda request: {"changed": undo(request)},
    }
    try:
        answer = phases[asked["phase"]](request)
    except Problem as problem:
        answer = {"error": problem.code}
    except OSError as error:
        answer = {"error": f"os_{error.errno}"}
    print(json.dumps(answer))
    sys.exit("error" in answer)
