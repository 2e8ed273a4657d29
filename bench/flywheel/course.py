"""The course of one simulated plan: attempt after attempt, decided by the flywheel's own core."""

import datetime as dt
import enum
from random import Random

import attrs

from actors.flywheel import (
    CLEAN_RUN,
    FlywheelSettings,
    Promotion,
    Record,
    entering,
    may_be_proposed,
    next_stage,
    taken_back,
)
from actors.messages import Mode, Moment, Verdict
from actors.messages.promotion import Stage

HOSTS = 40
NOW = Moment(dt.datetime(2026, 3, 2, tzinfo=dt.UTC), "boot", 0.0)
_ENDS = [Verdict.ROLLED_BACK, Verdict.FAILED, Verdict.UNKNOWN]
_WEIGHTS = [6, 3, 1]
"""How a fix ends that does not heal: most runbooks have an undo."""


class End(enum.Enum):
    """How far a plan came."""

    NEVER = "never a rule"
    DEMOTED = "a rule, and taken back"
    CANARY = "a rule, and a canary still"
    ACTIVE = "an active rule"


@attrs.define
class Course:
    """A plan under way; a person signs at once whatever is proposed."""

    true_share: float
    random: Random
    settings: FlywheelSettings = attrs.field(factory=FlywheelSettings)
    record: Record = attrs.field(factory=Record)
    promotion: Promotion | None = None
    promoted_at: int | None = None
    """After how many attempts it was a rule for the first time."""
    active_at: int | None = None
    demoted_in: list[Stage] = attrs.field(factory=list[Stage])
    _hosts: set[int] = attrs.field(factory=set[int])

    def attempt(self) -> None:
        """Try it once more, and let the flywheel look at it."""
        verdict = Verdict.HEALED
        if self.random.random() >= self.true_share:
            [verdict] = self.random.choices(_ENDS, _WEIGHTS)
        elif len(self._hosts) < HOSTS:
            self._hosts.add(self.random.randrange(HOSTS))
        tally = self.record.tally.counting(verdict)
        self.record = Record(tally, len(self._hosts))
        # Without a rule nothing is proposed on a shorter run, so nothing need be looked at.
        if self.promotion is not None or tally.clean_run >= CLEAN_RUN:
            self._review()

    def _review(self) -> None:
        promotion, record, settings = self.promotion, self.record, self.settings
        if promotion is not None and taken_back(promotion, record, NOW, settings):
            self.demoted_in.append(promotion.stage)
            self.promotion = entering(promotion, Stage.RETIRED, record, NOW, settings)
        elif may_be_proposed(promotion, record, Mode.APPROVE, settings):
            self.promoted_at = self.promoted_at or record.tally.attempts
            self.force_into_canary()
        elif promotion is not None:
            stage = next_stage(promotion, record, 0, settings)
            if stage is not None:
                self.active_at = self.active_at or record.tally.attempts
                self.promotion = entering(promotion, stage, record, NOW, settings)

    def force_into_canary(self) -> None:
        """Sign it, and have its shadow decide often enough; a shadow heals nothing."""
        promotion = Promotion("plan", Stage.PROPOSED, Mode.APPROVE, NOW)
        for stage in (Stage.SHADOW, Stage.CANARY):
            promotion = entering(promotion, stage, self.record, NOW, self.settings)
        self.promotion = promotion

    @property
    def end(self) -> End:
        """Say how far it came by now."""
        if self.promotion is None:
            return End.NEVER
        match self.promotion.stage:
            case Stage.RETIRED:
                return End.DEMOTED
            case Stage.ACTIVE:
                return End.ACTIVE
            case _:
                return End.CANARY


def course(true_share: float, attempts: int, seed: str) -> Course:
    """Try a plan so often."""
    under_way = Course(true_share, Random(seed))
    for _ in range(attempts):
        under_way.attempt()
    return under_way


def lucky_canary(true_share: float, seed: str) -> Course:
    """Let a plan be a canary that was lucky 60 times, and run until that is over."""
    under_way = Course(true_share, Random(seed))
    for _ in range(60):
        under_way.record = Record(under_way.record.tally.counting(Verdict.HEALED), 5)
    under_way.force_into_canary()
    while under_way.end is End.CANARY:
        under_way.attempt()
    return under_way
