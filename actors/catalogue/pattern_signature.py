"""What kind of drift this is: the one name under which plans are kept, spent for and promoted.

A signature is made of the check, the platform and the kind of its answer.  The kind holds only
words of a closed list and shapes such as "number", so that it is the same on every host and
nothing of a patient or a person can stand in it.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

VERSION: Final = "p1"
"""Stands before every signature: another way to make them gets another name."""

_READ: Final = 2_000
KINDS: Final = 6
"""Of more states than these the first ones are named."""
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,:]\d+)* ?[a-z%]{0,7}")
_MODE = re.compile(r"0[0-7]{3}")
STATES: Final = frozenset({
    "absent", "active", "allowed", "anonymous", "any", "blocked", "closed", "dead", "default",
    "degraded", "denied", "disabled", "down", "empty", "enabled", "encrypted", "error", "exited",
    "expired", "fail", "failed", "false", "forbidden", "inactive", "insecure", "invalid", "late",
    "listening", "locked", "masked", "mismatch", "missing", "never", "no", "none", "not", "off",
    "old", "on", "open", "outdated", "overdue", "paused", "pending", "permitted", "present",
    "prohibit", "readable", "reboot", "refused", "required", "restricted", "running", "secure",
    "stale", "started", "stopped", "suspended", "true", "unavailable", "unencrypted", "unknown",
    "unlocked", "unset", "unsigned", "up", "valid", "weak", "without", "writable", "yes",
})  # fmt: skip
"""The words of an answer that name a kind; `kind_conditions` puts the same ones into rules."""


def pattern_signature(check: str, platform: str, actual: str) -> str:
    """Name the kind of a drift: the same for the same check, platform and kind of answer.

    Case, blanks, numbers, names and paths in `actual` make no difference.
    """
    parts = (_plain(check), _plain(platform), drift_kind(actual))
    digest = hashlib.sha256("\n".join(parts).encode("utf-8", "backslashreplace")).hexdigest()
    return f"{VERSION}-{digest[:24]}"


def drift_kind(actual: str) -> str:
    """Give what kind of answer this is, for people: "not running", "number", "text", "empty"."""
    kinds = sorted(set(_kinds(_plain(actual[:_READ]))))
    return " ".join(kinds[:KINDS]) or "empty"


def _kinds(text: str) -> Iterator[str]:
    """Yield the states that are named; without any, the shape of the text."""
    states = [word for word in _WORD.findall(text) if word in STATES]
    if states:
        yield from states
    elif _MODE.fullmatch(text):
        yield "mode"
    elif _NUMBER.fullmatch(text):
        yield "number"
    elif text:
        yield "list" if "," in text else "text"


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
