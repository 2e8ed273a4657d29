"""When a plan is proven, which stage follows, and when a rule is taken back.  Pure.

Everything rests on all attempts of the exact action.  What only the rule set can say, whether a
replay agrees and whether the rule is in force, is asked by the shell before a step is taken.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import attrs

from actors.flywheel.statistics import Tally
from actors.messages import JSON, Mode, Moment
from actors.messages.promotion import Stage
from runtime.errors import ConflictError

BOUND: Final = 0.90
"""What the lower bound over all attempts must reach: 60 clean ones do.  No setting lowers it."""
AUTO_BOUND: Final = 0.95
"""What it must reach for a rule that acts without a person: 127 clean ones do."""
CLEAN_RUN: Final = 30
"""How many of the last attempts must have healed without exception."""
LEAST_HOSTS: Final = 3
"""Under this no setting brings the number of hosts."""
CANARY_SHARE: Final = 0.70
"""Under this share of verified fixes a canary ends, whatever was before."""

LOOK_S: Final = 300.0
"""Seconds between two looks at a shadow."""

_LEAST_REST_S: Final = 1.0

RULE_STAGES: Final = (Stage.SHADOW, Stage.CANARY, Stage.ACTIVE)
"""Those in which a rule file stands."""

TRANSITIONS: Final[Mapping[Stage | None, frozenset[Stage]]] = {
    None: frozenset({Stage.PROPOSED}),
    Stage.PROPOSED: frozenset({Stage.SHADOW, Stage.RETIRED}),
    Stage.SHADOW: frozenset({Stage.CANARY, Stage.RETIRED}),
    Stage.CANARY: frozenset({Stage.ACTIVE, Stage.RETIRED}),
    Stage.ACTIVE: frozenset({Stage.ACTIVE, Stage.RETIRED}),  # itself: signed for longer
    Stage.RETIRED: frozenset({Stage.PROPOSED}),
}
"""Every step that there is; None is a pattern that never was proposed."""


@attrs.frozen
class FlywheelSettings:
    """What a site may set."""

    min_hosts: int = attrs.field(default=5, validator=attrs.validators.ge(LEAST_HOSTS))
    """Different hosts on which it healed."""
    auto_promote: bool = False
    """Whether a plan of low risk needs no signature, at `AUTO_BOUND`."""
    shadow_decisions: int = attrs.field(default=5, validator=attrs.validators.ge(1))
    """Incidents that the rule must have decided in shadow."""
    canary_attempts: int = attrs.field(default=30, validator=attrs.validators.ge(10))
    """Fixes that the rule must have made as a canary."""
    stage_s: float = attrs.field(default=30 * 86_400.0, validator=attrs.validators.gt(0))
    """Seconds within which a shadow, or a canary, must be through."""
    expires_s: float = attrs.field(default=180 * 86_400.0, validator=attrs.validators.gt(0))
    """Seconds for which an active rule stands before a person must sign again."""


@attrs.frozen
class Record:
    """What is known of a pattern's attempts."""

    tally: Tally = attrs.field(factory=Tally)
    hosts: int = 0
    """Different ones on which it healed."""

    def numbers(self) -> dict[str, JSON]:
        """Give what a step is founded on, for the ledger."""
        tally = self.tally
        return {
            "attempts": tally.attempts,
            "healed": tally.healed,
            "failed": tally.failed,
            "rolled_back": tally.rolled_back,
            "unknown": tally.unknown,
            "clean_run": tally.clean_run,
            "hosts": self.hosts,
            "lower_bound": round(tally.lower_bound, 4),
        }


@attrs.frozen
class Promotion:
    """Where a pattern stands on its way to a rule, and since when."""

    pattern_id: str
    stage: Stage
    mode: Mode
    """What the rule may do once it heals: approve, or auto."""
    since: Moment
    entered: Tally = attrs.field(factory=Tally)
    """All attempts, when it entered this stage."""
    until: Moment | None = None
    """When the stage is over; None for one that waits for a person or for proof."""
    reason: str = ""
    """Why it is retired."""
    in_force: str = ""
    """The rule set in which the rule was found to decide; empty until it was."""

    @property
    def bound(self) -> float:
        """Give the bound that its attempts must keep."""
        return bound_for(self.mode)


def bound_for(mode: Mode) -> float:
    """Give the bound for a rule that may do so much."""
    return AUTO_BOUND if mode is Mode.AUTO else BOUND


def shortfalls(record: Record, mode: Mode, settings: FlywheelSettings) -> Sequence[str]:
    """Say what is missing before a pattern is proven; nothing where the list is empty."""
    tally, bound = record.tally, bound_for(mode)
    missing = list[str]()
    if tally.lower_bound < bound:
        missing.append(
            f"the lower bound over all {tally.attempts} attempts is {tally.lower_bound:.4f},"
            f" not {bound:.2f}"
        )
    if tally.clean_run < CLEAN_RUN:
        missing.append(
            f"of the last {CLEAN_RUN} attempts only {tally.clean_run} are clean in a row"
        )
    if record.hosts < settings.min_hosts:
        missing.append(f"it healed on {record.hosts} hosts, not {settings.min_hosts}")
    return missing


def may_be_proposed(
    promotion: Promotion | None, record: Record, mode: Mode, settings: FlywheelSettings
) -> bool:
    """Say whether a pattern is to be put before a person.

    One that was turned down or taken back needs a whole clean run of attempts made since.
    """
    if promotion is not None:
        if promotion.stage is not Stage.RETIRED:
            return False
        if record.tally.since(promotion.entered).clean_run < CLEAN_RUN:
            return False
    return not shortfalls(record, mode, settings)


def taken_back(
    promotion: Promotion, record: Record, now: Moment, settings: FlywheelSettings
) -> str | None:
    """Say by a code why a rule is to be demoted now; None where it may stand."""
    if promotion.stage not in RULE_STAGES:
        return None
    tally, here = record.tally, record.tally.since(promotion.entered)
    if here.rolled_back:
        return "rolled_back"
    if promotion.stage is Stage.CANARY and here.share < CANARY_SHARE:
        return "canary_failed"
    if tally.lower_bound < promotion.bound:
        return "proof_lost"
    if promotion.until is not None and now.since(promotion.since) >= span_of(
        promotion.stage, settings
    ):
        return "signature_expired" if promotion.stage is Stage.ACTIVE else "stage_unfinished"
    return None


def next_stage(
    promotion: Promotion, record: Record, decided: int, settings: FlywheelSettings
) -> Stage | None:
    """Give the stage for which it is ready, if its rule agrees; None where it has to wait.

    Args:
        promotion: where it stands.
        record: its attempts.
        decided: incidents that its rule decided since it is in this stage.
        settings: of the site.
    """
    if shortfalls(record, promotion.mode, settings):
        return None
    here = record.tally.since(promotion.entered)
    match promotion.stage:
        case Stage.SHADOW if decided >= settings.shadow_decisions:
            return Stage.CANARY
        case Stage.CANARY if here.attempts >= settings.canary_attempts:
            return Stage.ACTIVE
        case _:
            return None


def span_of(stage: Stage, settings: FlywheelSettings) -> float:
    """Give the seconds for which a stage with a rule may last."""
    return settings.expires_s if stage is Stage.ACTIVE else settings.stage_s


def rest_s(
    promotions: Iterable[Promotion], now: Moment, settings: FlywheelSettings
) -> float | None:
    """Give the seconds after which promotions are to be looked at by themselves; None for never."""
    rests = [_rest_s(each, now, settings) for each in promotions if each.stage in RULE_STAGES]
    return min(rests, default=None)


def _rest_s(promotion: Promotion, now: Moment, settings: FlywheelSettings) -> float:
    left = span_of(promotion.stage, settings) - now.since(promotion.since)
    # What a shadow decides, and what hinders a rule from being in force, nobody tells us.
    watched = promotion.stage is Stage.SHADOW or not promotion.in_force
    # Never nothing: a remainder that no clock can show would be asked for again and again.
    return max(_LEAST_REST_S, min(left, LOOK_S) if watched else left)


def entering(
    promotion: Promotion, stage: Stage, record: Record, now: Moment, settings: FlywheelSettings
) -> Promotion:
    """Give the promotion in another stage.

    Raises:
        IllegalStepError: the table knows no such step.
    """
    must_be_a_step(promotion.stage, stage)
    until = now.after(span_of(stage, settings)) if stage in RULE_STAGES else None
    return attrs.evolve(
        promotion,
        stage=stage,
        since=now,
        entered=record.tally,
        until=until,
        reason="",
        in_force="",
    )


def must_be_a_step(before: Stage | None, after: Stage) -> None:
    """Raise IllegalStepError where the table of stages knows no such step."""
    if after not in TRANSITIONS[before]:
        raise IllegalStepError(before, after)


class IllegalStepError(ConflictError):
    """The table of stages does not know such a step: a programming error."""

    def __init__(self, before: Stage | None, after: Stage) -> None:
        super().__init__(f"no step leads from {before} to {after}")
        self.before, self.after = before, after
