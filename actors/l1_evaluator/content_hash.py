"""The version of a rule set: a hash over what is written in its rules, in their order."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import attrs

from actors.catalogue.rules import Rule

CHUNK = 256
"""Rules hashed together; the version is the hash over these hashes, so that changing one rule
of many hashes one chunk anew."""


def chunk_digests(written: Sequence[object]) -> list[bytes]:
    """Hash the rules, `CHUNK` at a time."""
    return [chunk_digest(written[start : start + CHUNK]) for start in range(0, len(written), CHUNK)]


def chunk_digest(written: Sequence[object]) -> bytes:
    """Hash some rules; the order of their keys does not matter."""
    try:
        text = json.dumps(written, sort_keys=True)
    except (TypeError, ValueError):  # what YAML can say and JSON cannot: dates, sets, huge integers
        text = _stable(written)
    return hashlib.sha256(text.encode()).digest()


def version_of(digests: Iterable[bytes]) -> str:
    """Give the version, 64 hexadecimal digits."""
    return hashlib.sha256(b"".join(digests)).hexdigest()


def rule_hash(rule: Rule) -> str:
    """Give the hash of one rule: when it changes, the rule has to prove itself anew."""
    fields = attrs.asdict(rule) | {"extra": rule.extra}
    return chunk_digest([fields]).hex()


def _stable(value: object) -> str:
    """Write a value so that equal values are written alike, whatever their hash order."""
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value).items()
        return _within("{}", sorted(f"{_stable(key)}:{_stable(each)}" for key, each in pairs))
    if isinstance(value, (set, frozenset)):
        return _within("<>", sorted(map(_stable, cast("Iterable[object]", value))))
    if isinstance(value, (list, tuple)):
        return _within("[]", map(_stable, cast("Iterable[object]", value)))
    return hex(value) if type(value) is int else ascii(value)


def _within(brackets: str, written: Iterable[str]) -> str:
    return brackets[0] + ",".join(written) + brackets[1]
