"""Candidates: which runbooks a model is offered, by code and by what the site allows."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from actors.catalogue.runbook_files import load_runbooks
from actors.catalogue.runbooks import Param, ParamType, Risk, Runbook, ServiceChange, ServiceState
from actors.l2_planner import (
    Choice,
    ClosedCatalogue,
    IncidentFacts,
    Ruling,
    SitePolicy,
    SlotType,
    candidates,
    catalogue_of,
    judge,
)
from actors.messages import JSON, Platform
from tests.actors.l2_planner.answers import answer

SHIPPED = load_runbooks(Path(__file__).parents[3] / "rules" / "runbooks")
LINUX = IncidentFacts("ws-7", "linux", "dns")


def choice(**changes: object) -> Choice:
    fields: dict[str, object] = {"platform": "linux", "checks": frozenset({"dns"})}
    return Choice(**{**fields, **changes})  # type: ignore[arg-type]


def runbook(**changes: object) -> Runbook:
    act = ServiceChange(ServiceState.RUNNING, {"service": "dns"})
    fields: dict[str, object] = {
        "id": "LIN-DNS-001",
        "title": "Start the resolver",
        "platform": Platform.LINUX,
        "checks": ("dns",),
        "act": act,
        "undo": act,
        "timeout_s": 5.0,
        "idempotent": True,
        "content_hash": "0",
    }
    return Runbook(**{**fields, **changes})  # type: ignore[arg-type]


def offered(policy: SitePolicy, **changes: object) -> bool | None:
    """Say whether a runbook may run by itself; None where it is not offered."""
    choices = catalogue_of([runbook(**changes)], policy).choices
    return choices["LIN-DNS-001"].auto if choices else None


def test_at_most_eight_are_offered_what_runs_by_itself_and_risks_least_first() -> None:
    catalogue = ClosedCatalogue({
        **{f"R-{n}": choice(risk="medium") for n in range(9)},
        "ASKS": choice(risk="low"),
        "RUNS-HIGH": choice(risk="high", auto=True),
        "RUNS-LOW": choice(risk="low", auto=True),
        "NAMELESS": choice(),
    })  # fmt: skip

    assert list(candidates(catalogue, LINUX).choices) == [
        "RUNS-LOW", "RUNS-HIGH", "ASKS", "R-0", "R-1", "R-2", "R-3", "R-4",
    ]  # fmt: skip


@given(names=st.permutations(["A", "B", "C", "D"]))
def test_the_order_of_the_catalogue_makes_no_difference(names: list[str]) -> None:
    catalogue = ClosedCatalogue({name: choice() for name in names})

    assert list(candidates(catalogue, LINUX).choices) == ["A", "B", "C", "D"]


def test_only_what_heals_this_drift_on_this_platform_is_offered() -> None:
    catalogue = ClosedCatalogue({
        "FITS": choice(),
        "ANYWHERE": choice(platform="any"),
        "ELSEWHERE": choice(platform="windows"),
        "OTHERWISE": choice(checks=frozenset({"ntp"})),
    })  # fmt: skip

    assert list(candidates(catalogue, LINUX).choices) == ["ANYWHERE", "FITS"]


def test_what_was_not_offered_cannot_be_chosen() -> None:
    catalogue = ClosedCatalogue({
        "FITS": choice(auto=True),
        "OTHERWISE": choice(checks=frozenset({"ntp"}), auto=True),
    })  # fmt: skip
    narrowed = candidates(catalogue, LINUX)

    judgement = judge(answer(runbook_id="OTHERWISE", params={}), LINUX, narrowed)

    assert (judgement.decision, judgement.reason) == (Ruling.REJECT, "unknown_runbook")


@pytest.mark.parametrize(
    ("changes", "runs"),
    [
        ({}, True),
        ({"risk": Risk.MEDIUM}, False),
        ({"disruptive": True}, False),
        ({"undo": None}, False),
        ({"reboots": True}, False),
    ],
)
def test_only_what_can_be_undone_and_hurts_nobody_runs_by_itself(
    changes: Mapping[str, object], runs: bool
) -> None:
    assert offered(SitePolicy(), **changes) is runs


@pytest.mark.parametrize(
    ("policy", "changes"),
    [
        (SitePolicy(irreversible=False), {"undo": None}),
        (SitePolicy(disruptive=False), {"disruptive": True}),
        (SitePolicy(max_risk=Risk.LOW), {"risk": Risk.MEDIUM}),
    ],
)
def test_a_site_may_keep_runbooks_from_being_offered(
    policy: SitePolicy, changes: Mapping[str, object]
) -> None:
    assert offered(policy, **changes) is None
    assert offered(SitePolicy(), **changes) is False


def test_what_only_a_person_does_is_never_offered() -> None:
    by_person = [each for each in SHIPPED.values() if each.by_person]

    assert by_person
    assert catalogue_of(by_person, SitePolicy()).choices == {}


@pytest.mark.parametrize(
    ("param", "good", "bad"),
    [
        (Param("p", ParamType.STRING, pattern="^[1-9][0-9]?$"), "12", "12\n"),
        (Param("p", ParamType.ENUM, allowed=("4", "5")), "4", 4),
        (Param("p", ParamType.BOOL), True, 1),
    ],
)
def test_params_that_can_say_little_are_filled_without_a_person(
    param: Param, good: JSON, bad: JSON
) -> None:
    assert (judged(param, good), judged(param, bad)) == (Ruling.ACCEPT, Ruling.REJECT)


@pytest.mark.parametrize(
    ("param", "good", "bad"),
    [
        (Param("p", ParamType.STRING), "whom to let in", "two\nlines"),
        (Param("p", ParamType.STRING, pattern="[a-z.]+"), "time.evil.example", "x;y"),
        (Param("p", ParamType.STRING, pattern="[0-9.,]+"), "203.0.113.66", "dc-01"),
        (Param("p", ParamType.MODE), "0777", "640; id"),
        (Param("p", ParamType.PATH, pattern="/etc/[a-z]+"), "/etc/issue", "/etc/../x"),
        (Param("p", ParamType.PATH, pattern="/[a-z./]+"), "/etc/a.b", "/etc/../shadow"),
        (Param("p", ParamType.PATH), "/a", "/etc/./shadow"),
        (Param("p", ParamType.INT), 4, True),
    ],
)
def test_what_could_name_a_machine_a_person_or_a_path_needs_one(
    param: Param, good: JSON, bad: JSON
) -> None:
    assert (judged(param, good), judged(param, bad)) == (Ruling.REVIEW, Ruling.REJECT)


def judged(param: Param, value: JSON) -> Ruling:
    """Judge an answer that fills a param of a runbook that may run by itself."""
    catalogue = catalogue_of([runbook(params=(param,))], SitePolicy())
    output = answer(runbook_id="LIN-DNS-001", params={"p": value})
    return judge(output, LINUX, catalogue).decision


def test_what_the_gate_lets_run_of_the_shipped_catalogue_its_runbook_takes() -> None:
    catalogue = catalogue_of(SHIPPED.values(), SitePolicy())

    for name, each in catalogue.choices.items():
        params = {
            slot: kind.values[0]
            for slot, kind in each.slots.items()
            if kind.type is SlotType.ENUM and isinstance(kind.values[0], str)
        }
        check = min(each.checks)
        output = answer(runbook_id=name, params=params)
        judgement = judge(output, IncidentFacts("h", each.platform, check), catalogue)
        if judgement.decision is Ruling.ACCEPT:
            SHIPPED[name].bind(judgement.params)


def test_the_shipped_catalogue_offers_something_that_runs_by_itself() -> None:
    choices = catalogue_of(SHIPPED.values(), SitePolicy()).choices.values()

    assert sum(each.auto for each in choices) > 10
    assert not all(each.auto for each in choices)
