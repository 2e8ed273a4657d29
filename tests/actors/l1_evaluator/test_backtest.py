"""Backtest: two rule sets before the same drift, and stored decisions asked again."""

import datetime as dt
import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from actors.catalogue.rule_judgement import rule_from
from actors.catalogue.rules import Rule
from actors.l1_evaluator import (
    NO_RULE,
    Change,
    Comparison,
    Judge,
    LiveDecision,
    Modes,
    Outcome,
    Replay,
    RuleSet,
    event_in,
    event_of,
)
from actors.l1_evaluator.outcome import changes
from actors.messages import Mode, Observation, Platform, Severity, Status
from runtime.codec import from_json, to_json
from tests.actors.l1_evaluator import hostile

words = st.text(st.characters(codec="utf-8"), max_size=12)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
observations = st.builds(
    Observation,
    id=words, site=words, host=words, check=words, status=st.sampled_from(Status),
    severity=st.sampled_from(Severity), observed_at=st.datetimes(timezones=st.just(dt.UTC)),
    source=words, platform=st.sampled_from(Platform), distro=words, expected=words, actual=words,
    details=st.dictionaries(words, plain, max_size=3),
    metadata=st.dictionaries(words, plain, max_size=3),
    controls=st.lists(words, max_size=2).map(tuple), agent_id=words, boot_id=words,
    seq=st.none() | st.integers(0, 2**63 - 1), absent=st.booleans(), reason=words,
)  # fmt: skip
AUTO = Modes(Mode.AUTO, {})
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""On a busy machine drawing a rule set takes a while."""


def rule(name: str = "heals", **more: Any) -> Rule:
    made = rule_from(
        {
            "id": name,
            "conditions": [{"field": "check_type", "operator": "eq", "value": "firewall"}],
            "action": "execute_runbook",
            "runbook_id": "rb-1",
            **more,
        }
    )
    assert isinstance(made, Rule), made
    return made


def fix(runbook: str = "rb-1", mode: Mode = Mode.AUTO, name: str = "heals") -> Outcome:
    return Outcome(name, "execute_runbook", runbook, "null", mode)


ESCALATES = Outcome("escalates", "escalate")


@patient
@given(observations)
def test_a_stored_observation_is_the_event_that_was_decided(observation: Observation) -> None:
    body = to_json(observation)

    told = json.loads(body)
    assert event_in(told) == event_of(from_json(body, Observation)) == event_of(observation)


@patient
@given(hostile.rule_sets(8), st.lists(hostile.events, max_size=8))
def test_an_outcome_names_the_rule_that_decides(
    rules: list[dict[str, Any]], events: list[dict[str, Any]]
) -> None:
    rule_set = RuleSet.compile(rules)
    judge = Judge(rule_set, AUTO)

    for event in [*events, *events]:
        assert judge.outcome(event).rule_id == rule_set.decide(event)


@patient
@given(hostile.rule_sets(8), hostile.rule_sets(8), st.lists(hostile.events, max_size=12))
def test_every_drift_that_another_rule_decides_is_counted_and_no_other(
    old: list[dict[str, Any]], new: list[dict[str, Any]], events: list[dict[str, Any]]
) -> None:
    before, after = RuleSet.compile(old), RuleSet.compile(new)
    judges, compared = (Judge(before, AUTO), Judge(after, AUTO)), Comparison()

    for event in events:
        compared.add(event, "drift", *(judge.outcome(event) for judge in judges))

    pairs = [(before.decide(event), after.decide(event)) for event in events]
    assert compared.drifts == len(events)
    assert compared.decided_before == sum(old is not None for old, _ in pairs)
    assert compared.decided_after == sum(new is not None for _, new in pairs)
    assert Counter(
        {(group.before.rule_id, group.after.rule_id): group.places.total()
         for group in compared.groups()}
    ) == Counter(pair for pair in pairs if pair[0] != pair[1])  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (NO_RULE, NO_RULE, []),
        (fix(), fix(), []),
        (NO_RULE, fix(), [Change.NEW_FIX]),
        (fix(), NO_RULE, [Change.LOST_FIX]),
        (ESCALATES, fix(), [Change.NEW_FIX, Change.NO_LONGER_ESCALATED]),
        (fix(), ESCALATES, [Change.LOST_FIX, Change.NEWLY_ESCALATED]),
        (NO_RULE, ESCALATES, [Change.NEWLY_ESCALATED]),
        (ESCALATES, NO_RULE, [Change.NO_LONGER_ESCALATED]),
        (fix("rb-1"), fix("rb-2"), [Change.OTHER_FIX]),
        (fix(mode=Mode.AUDIT), fix(mode=Mode.AUTO), [Change.OTHER_MODE]),
        (fix("rb-1", Mode.AUTO), fix("rb-2", Mode.AUDIT), [Change.OTHER_FIX, Change.OTHER_MODE]),
        (fix(name="one"), fix(name="two"), [Change.OTHER_RULE]),
        (ESCALATES, Outcome("other", "escalate"), [Change.OTHER_RULE]),
    ],
)
def test_a_change_is_named_by_what_it_does(
    before: Outcome, after: Outcome, told: list[Change]
) -> None:
    assert list(changes(before, after)) == told


def test_other_params_make_another_fix() -> None:
    drift = {"check_type": "firewall"}
    loose = Judge(RuleSet.compile([rule(params={"zone": "public"}).written]), AUTO)
    tight = Judge(RuleSet.compile([rule(params={"zone": "block"}).written]), AUTO)

    assert changes(loose.outcome(drift), tight.outcome(drift)) == (Change.OTHER_FIX,)


def test_the_difference_is_told_by_rule_by_host_and_by_site() -> None:
    compared = Comparison()
    for number, (site, host) in enumerate(
        [("clinic", "ws-1"), ("clinic", "ws-1"), ("clinic", "ws-2"), ("lab", "ws-1")]
    ):
        compared.add({"site_id": site, "host_id": host}, f"inc-{number}", fix(), ESCALATES)
    compared.add({"site_id": "lab", "host_id": "ws-9"}, "inc-9", fix(), fix())

    [group] = compared.groups()
    assert (group.before, group.after) == (fix(), ESCALATES)
    assert group.examples == ["inc-0", "inc-1", "inc-2"]
    assert compared.by_change() == {Change.LOST_FIX: 4, Change.NEWLY_ESCALATED: 4}
    assert list(compared.by_place()) == [("clinic", "ws-1"), ("clinic", "ws-2"), ("lab", "ws-1")]
    assert compared.by_place()["clinic", "ws-1"][Change.LOST_FIX] == 2
    assert {site: counted[Change.LOST_FIX] for site, counted in compared.by_site().items()} == {
        "clinic": 3,
        "lab": 1,
    }


@pytest.mark.parametrize(
    ("modes", "host", "told"),
    [
        (Modes(Mode.APPROVE, {}), "ws-1", Mode.APPROVE),
        (Modes(Mode.AUTO, {"ws-1": Mode.AUDIT}), "ws-1", Mode.AUDIT),
        (Modes(Mode.AUTO, {"ws-1": Mode.AUDIT}), "ws-2", Mode.AUTO),
        (Modes(Mode.AUDIT, {"ws-1": Mode.AUTO}), "ws-1", Mode.AUDIT),
        (Modes(Mode.AUTO, {}, frozenset({"rb-1"})), "ws-1", Mode.APPROVE),
        (Modes(Mode.AUTO, {}, only_audit=True), "ws-1", Mode.AUDIT),
    ],
)
def test_the_strictest_of_rule_host_and_runbook_is_what_a_fix_may_do(
    modes: Modes, host: str, told: Mode
) -> None:
    drift = {"check_type": "firewall", "host_id": host}

    assert Judge(RuleSet.compile([rule().written]), modes).outcome(drift).mode is told


def test_a_stored_decision_agrees_with_the_rule_that_made_it_and_no_other() -> None:
    decided = LiveDecision("heals", "v1", "execute_runbook", "rb-1", Mode.AUDIT)
    undecided = LiveDecision(None, "v1")
    replay = Replay()

    for rule_now in (rule(), rule(mode="audit")):
        replay.add("inc-1", decided, rule_now)
    replay.add("inc-2", undecided, None)
    assert (replay.same, replay.different) == (3, 0)

    others: list[Rule | None] = [
        rule("other"),
        rule(runbook_id="rb-2"),
        rule(mode="auto"),
        rule(action="escalate"),
    ]
    for other in (*others, None):
        replay.add("inc-3", decided, other)
    replay.add("inc-4", undecided, rule())
    assert (replay.same, replay.different) == (3, 6)
    assert [each.replayed for each in replay.found] == [
        "other", "heals", "heals", "heals", None, "heals",
    ]  # fmt: skip
