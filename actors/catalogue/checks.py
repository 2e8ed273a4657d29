"""What a check is, and what a reading means to it: pass, fail, error or unknown.

Only a reading that was really taken can pass.  Everything that went wrong on the way, and every
value that does not have the shape that the baseline needs, is error or unknown with a reason.
"""

import datetime as dt
import enum

import attrs

from actors.catalogue.asking import ask
from actors.catalogue.baseline import Baseline, NotComparableError
from actors.catalogue.probes import Probe, Reported
from actors.catalogue.readings import Absent, Failed, Reading, Shown, Unanswerable, Value
from actors.catalogue.target import Target
from actors.messages import Platform, Severity, Status


class WhenAbsent(enum.StrEnum):
    """What it means that the thing asked about is not there."""

    FAIL = "fail"
    UNKNOWN = "unknown"


@attrs.frozen
class Check:
    """A named question to a host, and its right answer."""

    id: str
    title: str
    platform: Platform
    probe: Probe
    baseline: Baseline
    severity: Severity
    interval_s: float | None = None
    """Seconds between two looks; None for the interval of the configuration."""
    timeout_s: float = 10.0
    """Seconds for all of the question; longer is an error, never a pass."""
    when_absent: WhenAbsent = WhenAbsent.UNKNOWN
    controls: tuple[str, ...] = ()
    unknown: str = ""
    """What it means to a technician that this check answers unknown, and what to do."""

    @property
    def is_reported(self) -> bool:
        """Whether others tell it by themselves, so that nobody can be asked."""
        return isinstance(self.probe, Reported)


@attrs.frozen
class Answer:
    """What a host answered to a check."""

    check: str
    status: Status
    expected: str
    actual: str = ""
    absent: bool = False
    """Not applicable: what is asked about is not there, and the check does not mind."""
    reason: str = ""
    """For error and unknown: a code in snake_case."""


async def examine(check: Check, target: Target, now: dt.datetime) -> Answer:
    """Ask a host and judge what it says.  The caller sets the deadline: `check.timeout_s`."""
    return judge(check, await ask(check.probe, target, now))


def judge(check: Check, reading: Reading) -> Answer:
    """Say what a reading means to a check."""
    expected = str(check.baseline)
    match reading:
        case Value(value):
            return _judge_value(check, expected, value)
        case Absent():
            return _judge_absence(check, expected)
        case Unanswerable(reason):
            return Answer(check.id, Status.UNKNOWN, expected, reason=reason)
        case Failed(reason):
            return Answer(check.id, Status.ERROR, expected, reason=reason)


def _judge_value(check: Check, expected: str, value: Shown) -> Answer:
    try:
        held = check.baseline.holds(value)
    except NotComparableError as error:
        return Answer(check.id, Status.ERROR, expected, shown(value), reason=error.reason)
    return Answer(check.id, Status.PASS if held else Status.FAIL, expected, shown(value))


def _judge_absence(check: Check, expected: str) -> Answer:
    if check.baseline.wants_absence:
        return Answer(check.id, Status.PASS, expected, "absent")
    if check.when_absent is WhenAbsent.FAIL:
        return Answer(check.id, Status.FAIL, expected, "absent")
    return Answer(check.id, Status.UNKNOWN, expected, "absent", absent=True, reason="absent")


def shown(value: Shown) -> str:
    """Give a value as people read it; fractions to two digits."""
    if isinstance(value, tuple):
        said = ", ".join(value) or "none"
    else:
        said = f"{value:.2f}" if isinstance(value, float) else str(value)
    return said.encode(errors="backslashreplace").decode()  # a file's name may be no text
