"""The verified-fix transaction: the next step from the last outcome, and what became of it.

Pure.  The shell does each step, hands in how it went, and writes down what must survive a crash.
A verify asks for the state of the host; no exit code can make a fix count.
"""

import enum
from collections.abc import Iterable

import attrs

from actors.catalogue.checks import Answer
from actors.messages import Status, Verdict


class Step(enum.Enum):
    """What the shell does next."""

    DETECT = enum.auto()
    """Ask the check: is there still drift?"""
    CAPTURE = enum.auto()
    """Read what undo will need."""
    BEGIN = enum.auto()
    """Write the intent down, then act."""
    WAIT = enum.auto()
    """Let the deadline of an act pass that may still run as an orphan."""
    RETRY = enum.auto()
    """Write down that the one retry is used, then act."""
    VERIFY = enum.auto()
    """Ask the check, and those that must pass as well."""
    SOAK = enum.auto()
    """Leave the incident until its soak is over; then the verify comes again."""
    UNDO = enum.auto()
    CHECK_UNDO = enum.auto()
    """Capture again: is everything as it was?"""


def together(answers: Iterable[Answer]) -> Answer:
    """Give the answer that counts of several: a fail, else one that is no pass, else a pass.

    Raises:
        ValueError: nothing was asked, and nothing asked is no pass.
    """
    ranks = {Status.FAIL: 0, Status.ERROR: 1, Status.UNKNOWN: 2, Status.PASS: 3}
    return min(answers, key=lambda answer: ranks[answer.status])


@attrs.frozen
class Ran:
    """A script ended by itself; what it did to the host, only a check can say."""

    exit_code: int
    error: str = ""
    """The script's own code for why it went no further."""


@attrs.frozen
class NoOutcome:
    """A script was killed at its deadline, or could not be started: nobody knows what it did."""

    reason: str


@attrs.frozen
class Captured:
    """The state of a host, as a script reports it: JSON."""

    state: str


def _must_pass(_: object, __: object, answer: Answer) -> None:
    if answer.status is not Status.PASS:
        raise ValueError(f"{answer.status} of {answer.check} heals nothing")


@attrs.frozen
class Healed:
    """The drift is gone; only the passing verify that saw it can make this."""

    verified: Answer = attrs.field(validator=_must_pass)


@attrs.frozen
class Failed:
    """The drift is still there, and what was done is not taken back."""

    reason: str


@attrs.frozen
class RolledBack:
    """The drift is still there, and the host is as it was before."""

    reason: str


@attrs.frozen
class Unknown:
    """Nobody knows what became of the fix."""

    reason: str


@attrs.frozen
class NoDrift:
    """There was nothing to heal, and nothing was done."""


Conclusion = Healed | Failed | RolledBack | Unknown | NoDrift
Next = Step | Conclusion


def verdict_of(conclusion: Conclusion) -> Verdict:
    """Name a conclusion for the intent and for the accounts."""
    match conclusion:
        case Healed():
            return Verdict.HEALED
        case Failed():
            return Verdict.FAILED
        case RolledBack():
            return Verdict.ROLLED_BACK
        case Unknown():
            return Verdict.UNKNOWN
        case NoDrift():
            return Verdict.NO_DRIFT


@attrs.define
class Fix:
    """One fix on its way.  What it remembers stands in the intent too, or may be forgotten."""

    idempotent: bool
    undoable: bool
    soaked: bool
    """Whether the soak is over, or none is due."""
    begun: bool = False
    """Whether an intent is started: the act may have happened."""
    retried: bool = False
    orphan: bool = False
    """Whether an act of an earlier life may still be running."""
    _asked_again: Step | None = attrs.field(default=None, init=False)

    def after_detect(self, answer: Answer) -> Next:
        """Go on after the check was asked before an act, or after one of unknown outcome."""
        match answer.status:
            case Status.PASS | Status.FAIL if self.orphan:
                # A pass is no more final than a fail: a verify now could undo beside the orphan.
                return Step.WAIT
            case Status.PASS:
                return Step.VERIFY if self.begun else NoDrift()
            case Status.FAIL if not self.begun:
                return Step.CAPTURE
            case Status.FAIL if self.idempotent and not self.retried:
                self.retried = True
                return Step.RETRY
            case Status.FAIL:
                return Unknown("act_unknown")
            case Status.ERROR | Status.UNKNOWN:
                return self._ask_again(Step.DETECT, "detect_unknown")

    def after_capture(self, outcome: Captured | NoOutcome) -> Next:
        """Go on after capture: without it there would be no undo, so nothing is done."""
        return Step.BEGIN if isinstance(outcome, Captured) else Failed("capture_failed")

    def after_wait(self) -> Step:
        """Go on when no orphan can be left: what was seen before does not count any more."""
        self.orphan = False
        return Step.DETECT

    def after_act(self, outcome: Ran | NoOutcome) -> Step:
        """Go on after an act; where nobody knows whether it happened, look first."""
        self.begun = True
        return Step.VERIFY if isinstance(outcome, Ran) else Step.DETECT

    def after_verify(self, answer: Answer) -> Next:
        """Go on after a verify: the only way to `Healed`."""
        match answer.status:
            case Status.PASS:
                return Healed(answer) if self.soaked else Step.SOAK
            case Status.FAIL:
                return Step.UNDO if self.undoable else Failed("verify_failed")
            case Status.ERROR | Status.UNKNOWN:
                return self._ask_again(Step.VERIFY, "verify_unknown")

    def after_check_undo(self, before: str, outcome: Captured | NoOutcome) -> Conclusion:
        """Compare the host with what was captured before the act."""
        match outcome:
            case Captured(state):
                same = state == before
                return RolledBack("verify_failed") if same else Failed("undo_failed")
            case NoOutcome():
                return Unknown("undo_unknown")

    def _ask_again(self, step: Step, reason: str) -> Next:
        if self._asked_again is step:
            return Unknown(reason)
        self._asked_again = step
        return step
