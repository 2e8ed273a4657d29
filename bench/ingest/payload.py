"""The events that the agents of this bench send, encoded beforehand.

Written as the load clients read them: length (4 bytes, big-endian), then the event.  16 `@` stand
for an id that is new in each event, 8 `%` for the number of the stream.
"""

import struct
from collections.abc import Iterator, Sequence

import attrs

from protos.compliance_pb2 import DriftEvent

UNIQUE, STREAM = "@" * 16, "%" * 8
_STEADY = 3
"""Checks that always pass."""
_AGENTS = 128
"""Names of agents: goload makes a new `boot_id` for each event, as no agent does, and one name
alone would gather all of them."""

MIX = "of 8 events 1 opens an incident, 3 repeat it, 1 passes meanwhile, 3 pass where none is open"


@attrs.frozen
class _Said:
    check: str
    passed: bool


def _said(checks: Sequence[str]) -> Iterator[_Said]:
    # The site's own beside the shipped ones, so that new incidents do not run out too soon.
    for drifting in (*checks, *(f"{check}_of_the_site" for check in checks)):
        for step in range(4):
            yield _Said(drifting, passed=step == 3)
            if step < _STEADY:
                yield _Said(f"steady_check_{step}", passed=True)
        yield _Said(drifting, passed=False)


def records(checks: Sequence[str]) -> list[bytes]:
    """Give the events of a stream, in their order; after the last the first comes again."""
    return [
        DriftEvent(
            agent_id=f"go-{number % _AGENTS:03d}-00000000",
            hostname=f"ws-{STREAM}.clinic.example",
            check_type=each.check,
            passed=each.passed,
            expected="enabled",
            actual="enabled" if each.passed else "disabled by policy; since the last restart",
            hipaa_control="164.312(a)(1)",
            metadata={"os_build": "22631.4317"},
            boot_id=UNIQUE,
            seq=1,
        ).SerializeToString()
        for number, each in enumerate(_said(checks))
    ]


def payload(records: Sequence[bytes]) -> bytes:
    """Give the file that goload reads."""
    return b"".join(struct.pack(">I", len(each)) + each for each in records)
