"""Structured logs, and the register of the keys that may stand in them.

A payload never does: no expected or actual value, no output of a script, no secret.
"""

import contextlib
import logging
import sys
from collections.abc import Generator

import structlog
from structlog.typing import EventDict, WrappedLogger

KEYS = frozenset({
    "accepted", "actor", "address", "agent_id", "attempt", "attempts", "batch", "boot_id",
    "calendar", "channel", "check", "count", "dead", "deadline_s", "error", "event", "file",
    "handled", "height", "host", "incident_id", "intent_id", "kind", "level", "line", "mailbox",
    "names", "network", "origin", "path", "pid", "places", "port", "provider", "reason",
    "request_id", "retry_in_s", "role", "rule_id",
    "rule_version", "rules", "runbook_id", "seconds", "seq", "serial", "set_aside", "sha256",
    "site_id", "spooled", "state", "step", "ticket_id", "timestamp", "took_ms", "until", "verdict",
    "version",
})  # fmt: skip
"""Every key a log line may have."""


class _StandardError:
    """Writes lines to standard error.

    One that cannot be written is lost: a file on a full disk, or a pipe that nobody reads any more,
    must end neither a room nor the thread that writes the journal.
    """

    def __init__(self, *_: object) -> None:
        """Take what structlog hands to a logger; nothing is needed."""

    def msg(self, line: str) -> None:
        """Write a line, if it can be written."""
        with contextlib.suppress(OSError, ValueError):  # ValueError: it was closed
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    debug = info = warning = error = critical = msg


class UnknownLogKeyError(KeyError):
    """A log line would have said something that the register does not know."""


def _registered(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    unknown = line.keys() - KEYS
    if unknown:
        raise UnknownLogKeyError(min(unknown))
    return line


def configure_logs(*, level: str = "info", as_json: bool = True) -> None:
    """Send log lines to standard error: one JSON object a line, or coloured text for a person."""
    renderer = (
        structlog.processors.JSONRenderer(sort_keys=True)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _registered,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=_StandardError,
        cache_logger_on_first_use=False,
    )


@contextlib.contextmanager
def silenced() -> Generator[None]:
    """Log nothing for a while: what the rooms say of a played day is nobody's reading."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)
