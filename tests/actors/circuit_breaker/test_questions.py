"""The questions of the safety gate: each yes and no, their order, and what a person's yes lifts."""

import datetime as dt
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import attrs
import pytest

from actors.circuit_breaker.breaker import Breaker
from actors.circuit_breaker.core import QUESTIONS, Allowed, Case, Held, judge
from actors.circuit_breaker.records import Approval, Canary, Run
from actors.circuit_breaker.settings import GateSettings
from actors.circuit_breaker.window import Window
from actors.messages import JSON, Mode, Refusal, State, StopKind
from actors.messages.suppression import Suppression, SuppressionKind
from tests.actors.circuit_breaker.ports import EPOCH, FakeRunbook, a_decision, an_incident, moment

NOW = moment(100_000)
NIGHT = Window(
    "night", ZoneInfo("UTC"), frozenset(range(7)), dt.time(2), dt.time(3), disruptive_only=False
)
NIGHTLY = GateSettings(windows=(NIGHT,))


def a_case(*, mode: Mode = Mode.AUTO, cooldown_s: float = 0.0, **known: object) -> Case:
    """Give a case that every question passes, but for what the test says."""
    decision = a_decision(mode=mode, cooldown_s=cooldown_s)
    incident = an_incident(decision=decision)
    values: dict[str, object] = {"hosts": 10, "now": NOW, "runbook": FakeRunbook()}
    values["breaker"] = Breaker("site", "ws-1", "rb-1")
    return Case(incident, decision, **{**values, **known})  # type: ignore[arg-type]  # as they are


def runs(case: Case, count: int, host: str = "ws-1") -> list[Run]:
    return [Run(f"i-{n}", 1, host, case.recipe, moment(99_000 + n), 1) for n in range(count)]


def yes(case: Case, over: Refusal | None = None) -> Case:
    plan = case.recipe.plan(case.decision)
    return attrs.evolve(case, approval=Approval("i-1", plan, EPOCH, NOW, "kim", "go", over))


def suppressed(case: Case, kind: SuppressionKind = SuppressionKind.FLAP) -> Case:
    held = Suppression("s-1", kind, "site", "ws-1", "firewall", moment(), until=NOW.after(60))
    return attrs.evolve(case, suppression=held)


def cooling(case: Case) -> Case:
    decision = attrs.evolve(case.decision, cooldown_s=60)
    return attrs.evolve(case, decision=decision)


def in_audit(case: Case) -> Case:
    return attrs.evolve(case, decision=attrs.evolve(case.decision, mode=Mode.AUDIT))


def broken(case: Case) -> Case:
    breaker = Breaker("site", "ws-1", "rb-1", 3, opened_at=moment(99_900))
    return attrs.evolve(case, breaker=breaker)


def spent(case: Case) -> Case:
    return attrs.evolve(case, runbook_runs=runs(case, 3))


def led_by_another(case: Case) -> Case:
    return attrs.evolve(case, canary=Canary("i-0", "ws-0", moment(99_900)))


def to_be_asked(case: Case) -> Case:
    return attrs.evolve(case, runbook=FakeRunbook(irreversible=True))


def held(case: Case, settings: GateSettings = GateSettings()) -> Held:  # noqa: B008  frozen
    ruling = judge(case, settings)
    assert isinstance(ruling, Held)
    return ruling


def allowed(case: Case, settings: GateSettings = GateSettings()) -> Mapping[str, JSON]:  # noqa: B008
    ruling = judge(case, settings)
    assert isinstance(ruling, Allowed), ruling
    passed = ruling.fact.body["passed"]
    assert isinstance(passed, Mapping)
    return passed


def test_a_fix_that_passes_every_question_may_run_and_the_trace_has_each_answer() -> None:
    assert list(allowed(a_case())) == list(QUESTIONS)


def test_the_first_no_ends_it_in_the_order_of_the_design() -> None:
    case = a_case()
    for burden in (
        suppressed, in_audit, cooling, broken, spent, led_by_another, to_be_asked,
    ):  # fmt: skip
        case = burden(case)
    asked: list[str] = []
    for relieved in (
        {"suppression": None},
        {"decision": attrs.evolve(case.decision, mode=Mode.AUTO)},
        {"decision": a_decision()},
        {"breaker": Breaker("site", "ws-1", "rb-1")},
        {"now": moment(14 * 3600 + 1)},  # 02:00 of the next day: the window is open
        {"runbook_runs": ()},
        {"canary": None},
        {"runbook": FakeRunbook()},
    ):
        ruling = held(case, NIGHTLY)
        asked.append(str(ruling.fact.body["question"]))
        passed = ruling.fact.body["passed"]
        assert isinstance(passed, Mapping)
        assert list(passed) == asked[:-1]
        case = attrs.evolve(case, **relieved)

    assert asked == list(QUESTIONS)
    assert isinstance(judge(case, NIGHTLY), Allowed)


@pytest.mark.parametrize(
    ("kind", "stop", "key"),
    [
        (SuppressionKind.FLAP, StopKind.FLAP, "site/ws-1/firewall"),
        (SuppressionKind.OPERATOR, StopKind.SUPPRESSED, "s-1"),
    ],
)
def test_what_is_suppressed_waits_for_its_end(
    kind: SuppressionKind, stop: StopKind, key: str
) -> None:
    ruling = held(suppressed(a_case(), kind))
    assert (ruling.to, ruling.reason, ruling.due) == (State.SUPPRESSED, kind, NOW.after(60))
    assert ruling.stop is not None
    assert (ruling.stop.kind, ruling.stop.key) == (stop, key)


def test_audit_says_what_would_be_done_on_one_ticket_a_host() -> None:
    ruling = held(a_case(mode=Mode.AUDIT))
    assert (ruling.to, ruling.reason, ruling.due) == (State.REFUSED, Refusal.AUDIT, None)
    assert ruling.fact.body["runbook_id"] == "rb-1"
    assert ruling.stop is not None
    assert (ruling.stop.kind, ruling.stop.key) == (StopKind.AUDIT, "ws-1")


@pytest.mark.parametrize(
    ("host_mode", "rule_mode", "to"),
    [
        (Mode.AUDIT, Mode.AUTO, State.REFUSED),
        (Mode.APPROVE, Mode.AUTO, State.AWAITING_APPROVAL),
        (Mode.AUTO, Mode.APPROVE, State.AWAITING_APPROVAL),
        (Mode.APPROVE, Mode.AUDIT, State.REFUSED),
    ],
)
def test_the_stricter_of_host_and_rule_counts(host_mode: Mode, rule_mode: Mode, to: State) -> None:
    settings = GateSettings(host_modes={"ws-1": host_mode})
    assert held(a_case(mode=rule_mode), settings).to is to
    assert isinstance(judge(a_case(), GateSettings(host_modes={"ws-2": host_mode})), Allowed)


def test_a_dry_run_heals_nothing_whatever_rule_and_person_say() -> None:
    assert held(yes(a_case()), GateSettings(force_audit=True)).reason == Refusal.AUDIT


def test_a_cooldown_is_a_trace_line_and_no_ticket() -> None:
    ruling = held(a_case(cooldown_s=60))
    assert (ruling.to, ruling.reason) == (State.SUPPRESSED, "cooldown")
    assert ruling.due == NOW.after(60)
    assert ruling.stop is None


def test_an_open_breaker_says_when_it_may_be_probed() -> None:
    ruling = held(broken(a_case()))
    assert (ruling.to, ruling.reason) == (State.REFUSED, Refusal.BREAKER)
    assert ruling.due == NOW.after(1700)
    assert ruling.fact.body["failures"] == 3
    assert ruling.waits_on == "site/ws-1/rb-1"


def test_outside_its_window_a_fix_waits_for_the_next_opening() -> None:
    ruling = held(a_case(now=moment(0)), NIGHTLY)  # at noon
    assert ruling.reason == Refusal.WINDOW
    assert ruling.due == moment(14 * 3600)
    assert ruling.stop is not None
    assert (ruling.stop.kind, ruling.stop.key) == (StopKind.WINDOW, "night")


def test_of_two_windows_the_one_that_opens_first_is_waited_for() -> None:
    evening = attrs.evolve(NIGHT, name="evening", start=dt.time(20), end=dt.time(21))
    ruling = held(a_case(now=moment(0)), GateSettings(windows=(NIGHT, evening)))
    assert ruling.due == moment(8 * 3600)


def test_a_window_for_disruptive_fixes_lets_the_others_pass() -> None:
    settings = GateSettings(windows=(attrs.evolve(NIGHT, disruptive_only=True),))
    assert isinstance(judge(a_case(now=moment(0)), settings), Allowed)
    disruptive = a_case(now=moment(0), runbook=FakeRunbook(disruptive=True))
    assert held(disruptive, settings).reason == Refusal.WINDOW


def test_a_spent_budget_says_its_numbers_and_when_there_is_room() -> None:
    ruling = held(spent(a_case()))
    assert ruling.reason == Refusal.BUDGET
    assert ruling.due == NOW.after(24 * 3600 - 1000)
    body = ruling.fact.body
    assert (body["budget"], body["used"], body["limit"]) == ("runbook", 3, 3)
    assert ruling.stop is not None
    assert ruling.stop.key == "rb-1/ws-1"


def test_a_rule_that_touched_its_hosts_waits_for_the_hour() -> None:
    case = a_case()
    ruling = held(attrs.evolve(case, rule_runs=runs(case, 1, host="ws-2")))
    assert (ruling.reason, ruling.due) == (Refusal.BUDGET, NOW.after(2600))
    assert ruling.stop is not None
    assert ruling.stop.key == "r-1/2026-03-03T15"


def test_a_changed_recipe_runs_on_one_host_until_it_is_proven() -> None:
    ruling = held(led_by_another(a_case()))
    assert (ruling.reason, ruling.due) == (Refusal.CANARY, NOW.after(3500))
    assert ruling.waits_on == a_case().recipe.key
    for canary in (
        Canary("i-0", "ws-0", moment(99_900), proven=True),
        Canary("i-0", "ws-1", moment(99_900)),  # the same host
        Canary("i-0", "ws-0", moment(90_000)),  # it had its time
    ):
        assert isinstance(judge(a_case(canary=canary), GateSettings()), Allowed)


def test_a_recipe_is_another_one_when_rule_or_runbook_changed() -> None:
    case = a_case()
    changed_rule = attrs.evolve(case, decision=a_decision(rule_hash="hash-2"))
    changed_runbook = attrs.evolve(case, runbook=FakeRunbook(content_hash="content-2"))
    keys = {each.recipe.key for each in (case, changed_rule, changed_runbook)}
    assert len(keys) == 3


@pytest.mark.parametrize("case", [a_case(mode=Mode.APPROVE), to_be_asked(a_case())])
def test_a_person_is_asked_by_mode_or_when_nothing_takes_it_back(case: Case) -> None:
    ruling = held(case)
    assert (ruling.to, ruling.due) == (State.AWAITING_APPROVAL, NOW.after(4 * 3600))
    assert ruling.stop is not None
    assert ruling.stop.kind is StopKind.APPROVAL
    assert allowed(yes(case))["approval"] == {
        "mode": case.decision.mode,
        "irreversible": case.runbook.irreversible,
        "approved_by": "kim",
    }


@pytest.mark.parametrize("burden", [in_audit, cooling, spent, to_be_asked])
def test_a_yes_answers_what_bounds_the_machine_alone(burden: object) -> None:
    assert callable(burden)
    assert isinstance(judge(yes(burden(a_case())), GateSettings()), Allowed)


@pytest.mark.parametrize("burden", [suppressed, broken])
def test_a_yes_lifts_neither_suppression_nor_breaker(burden: object) -> None:
    assert callable(burden)
    assert isinstance(judge(yes(burden(a_case()), Refusal.WINDOW), GateSettings()), Held)


def test_window_and_canary_give_way_only_to_a_yes_over_themselves() -> None:
    outside, led = a_case(now=moment(0)), led_by_another(a_case())
    outside_yes = attrs.evolve(yes(outside, Refusal.WINDOW), now=NOW)

    assert held(yes(outside), NIGHTLY).reason == Refusal.WINDOW
    assert isinstance(judge(outside_yes, NIGHTLY), Allowed)
    assert held(yes(led)).reason == Refusal.CANARY
    assert isinstance(judge(yes(led, Refusal.CANARY), GateSettings()), Allowed)


def test_a_yes_holds_for_what_was_asked_and_for_a_week() -> None:
    asked = yes(to_be_asked(a_case()))
    other = attrs.evolve(asked, decision=a_decision(params={"mode": "0600"}))
    later = attrs.evolve(asked, now=NOW.after(7 * 24 * 3600))
    assert held(other).to is State.AWAITING_APPROVAL
    assert held(later).to is State.AWAITING_APPROVAL
