"""The way to the running appliance: its control socket; for reading also the journal itself.

A reading command works without an appliance: it opens the journal read-only.  A changing one
does not, and says so.
"""

import contextlib
import getpass
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast
from urllib.parse import urlencode

from runtime.cli.exits import Exit, end, explained
from runtime.cli.settings import settings
from runtime.hosts.http_client import HttpError, NobodyListensError, call_unix

_PATIENCE = 30.0
"""Seconds that a command waits for the appliance."""

_KINDS = {
    403: Exit.DENIED,
    404: Exit.NOT_FOUND,
    409: Exit.CONFLICT,
    422: Exit.USAGE,
    504: Exit.TIMEOUT,
}


def read(noun: str, verb: str, **args: str | int | bool | None) -> object:
    """Ask the appliance, or its journal where none runs; an error ends the command."""
    given = {name: value for name, value in args.items() if value is not None}
    try:
        asked = urlencode(given)
    except UnicodeEncodeError:
        end(Exit.USAGE, "what was typed is not UTF-8")
    state_dir = settings().state_path
    socket = state_dir / "control.sock"
    try:
        runs = socket.exists()
    except OSError as error:  # the state of another user
        end(Exit.ERROR, f"{socket}: {error.strerror}")
    if runs:
        target = f"/v1/{noun}/{verb}?{asked}"
        with contextlib.suppress(NobodyListensError):  # the socket of one that was killed
            return _asked(socket, "GET", target)
    return _from_journal(state_dir, noun, verb, {name: str(value) for name, value in given.items()})


def change(noun: str, verb: str, **args: object) -> object:
    """Tell the appliance to do something; an error ends the command."""
    socket = settings().state_path / "control.sock"
    body = json.dumps({name: value for name, value in args.items() if value is not None})
    try:
        return _asked(socket, "POST", f"/v1/{noun}/{verb}", body.encode())
    except NobodyListensError:
        end(Exit.ERROR, "the appliance is not running: aright run")


def live(target: str) -> object:
    """Ask the running appliance for what only it knows."""
    try:
        return _asked(settings().state_path / "control.sock", "GET", target)
    except NobodyListensError:
        end(Exit.ERROR, "the appliance is not running: aright run")


def rows(data: object) -> list[Mapping[str, object]]:
    """Give what a listing verb answered as rows."""
    return cast("list[Mapping[str, object]]", data)


def mapping(data: object) -> Mapping[str, object]:
    """Give what a verb about one thing answered."""
    return cast("Mapping[str, object]", data)


def who() -> str:
    """Name the person at the terminal; sudo does not hide them."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


def _asked(socket: Path, method: str, target: str, body: bytes = b"") -> object:
    try:
        reply = call_unix(socket, method, target, body, timeout=_PATIENCE)
    except NobodyListensError:
        raise
    except HttpError as error:
        end(Exit.TIMEOUT if error.reason == "timeout" else Exit.ERROR, str(error))
    data = cast("object", json.loads(reply.body)) if reply.body else None
    if reply.status >= 300:  # noqa: PLR2004  beyond the successes of HTTP
        problem = mapping(data).get("detail", "no reason given") if data else "no reason given"
        end(_KINDS.get(reply.status, Exit.ERROR), str(problem))
    return data


def _from_journal(state_dir: Path, noun: str, verb: str, args: Mapping[str, str]) -> object:
    from runtime.roles.views import open_journal, view

    with explained(), open_journal(state_dir) as connection:
        return view(connection, noun, verb, args)
