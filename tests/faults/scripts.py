"""The shipped scripts in plain Python, on a virtual host: the same phases, the same answers."""

import json
import re
import string
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

import attrs

from tests.fakes.target import FakeFile, FakeTarget

Json = dict[str, Any]  # what a script reads and says is anything that JSON can say

_SSHD: Json = {"path": "/etc/ssh/sshd_config"}


class Problem(Exception):  # noqa: N818  # as the scripts call it
    """A script goes no further; the text is its code."""


@attrs.frozen
class Script:
    """What a script does in its three phases."""

    capture: Callable[[FakeTarget, Json], Json]
    act: Callable[[FakeTarget, Json], None]
    undo: Callable[[FakeTarget, Json, Json], None]


def answer(host: FakeTarget, script: str, asked: Mapping[str, Any]) -> tuple[int, str]:
    """Do one phase; give the exit code and what stands on standard output."""
    does, params = SCRIPTS[PurePath(script).stem], asked["params"]
    try:
        match asked["phase"]:
            case "capture":
                said = does.capture(host, params)
            case "act":
                does.act(host, params)
                said = {"changed": True}
            case _:
                does.undo(host, params, asked["pre_state"])
                said = {"changed": True}
    except Problem as problem:
        return 1, json.dumps({"error": str(problem)})
    return 0, json.dumps(said)


def _file(host: FakeTarget, params: Json) -> FakeFile:
    file = host.files.get(params["path"])
    if file is None:
        raise Problem("file_missing")
    return file


def _capture_file(host: FakeTarget, params: Json) -> Json:
    file = host.files.get(params["path"])
    return {"file": None if file is None else attrs.asdict(file)}


def _restore_file(host: FakeTarget, params: Json, was: Json) -> None:
    if was["file"] is None:
        host.files.pop(params["path"], None)
    else:
        host.files[params["path"]] = FakeFile(**was["file"])


def _capture_about(host: FakeTarget, params: Json) -> Json:
    return {"about": {"mode": _file(host, params).mode}}


def _set_mode(host: FakeTarget, params: Json) -> None:
    file = _file(host, params)
    file.mode &= int(params["mode"], 8)


def _restore_about(host: FakeTarget, params: Json, was: Json) -> None:
    _file(host, params).mode = was["about"]["mode"]


def _capture_sshd(host: FakeTarget, params: Json) -> Json:
    return _capture_file(host, _SSHD | params)


def _set_sshd_option(host: FakeTarget, params: Json) -> None:
    file, line = _file(host, _SSHD | params), f"{params['option']} {params['value']}"
    text, found = re.subn(rf"(?m)^{params['option']} .*$", line, file.text)
    file.text = text if found else f"{line}\n{text}"


def _restore_sshd(host: FakeTarget, params: Json, was: Json) -> None:
    _restore_file(host, _SSHD | params, was)


def _set_content(host: FakeTarget, params: Json) -> None:
    content = string.Template(params["content"]).substitute(params)
    host.files[params["path"]] = FakeFile(content)


SCRIPTS: Mapping[str, Script] = {
    "file_content": Script(_capture_file, _set_content, _restore_file),
    "file_mode": Script(_capture_about, _set_mode, _restore_about),
    "sshd_option": Script(_capture_sshd, _set_sshd_option, _restore_sshd),
}
