"""The safety gate on its store: rulings, tickets, people's answers, and what survives a restart."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import trio
from trio.testing import MockClock

from actors.circuit_breaker import (
    BreakerState,
    GateSettings,
    SqliteGate,
    Window,
    budgets_in_use,
    pending_approvals,
)
from actors.messages import Decision, Incident, Mode, Plan, Refusal, State, StopKind, Verdict
from actors.requests import (
    ApproveFix,
    LiftSuppression,
    RejectFix,
    ResetBreaker,
    Suppress,
)
from runtime.errors import ConflictError, NotFoundError
from tests.actors.circuit_breaker.bench import Bench
from tests.actors.circuit_breaker.ports import EPOCH, FakeRunbook, a_decision, an_incident, moment

NIGHT = Window(
    "night", ZoneInfo("Europe/Berlin"), frozenset(range(7)), dt.time(2), dt.time(4),
    disruptive_only=False,
)  # fmt: skip
APPROVE = a_decision(mode=Mode.APPROVE)


def due_in(incident: Incident) -> float:
    """Count the seconds from noon of the first day to when it is due."""
    assert incident.due is not None
    return incident.due.since(moment())


async def proven(bench: Bench, **known: object) -> None:
    """Have the recipe proven by a fix on a host of its own."""
    await bench.fix("i-00", host="first", **known)
    assert await bench.end("i-00", Verdict.HEALED) == []


async def test_a_fix_that_may_run_is_given_to_the_runner_once(autojump_clock: MockClock) -> None:
    bench = Bench()

    incident = await bench.fix("i-1")
    await bench.redeliver("i-1")

    assert (incident.state, incident.attempt) == (State.ACTING, 1)
    assert incident.due is not None  # a stall is noticed
    assert bench.ran == ["i-1"]
    assert bench.tickets.stops == []


async def test_of_two_fixes_in_flight_only_one_takes_the_last_place(
    autojump_clock: MockClock,
) -> None:
    bench = Bench(hosts=1)
    await proven(bench)
    bench.hosts = 40  # two hosts an hour, one is taken

    states = [(await bench.fix(f"i-{n}", host=f"ws-{n}")).state for n in range(2)]

    assert states == [State.ACTING, State.REFUSED]
    assert (await bench.incident("i-1")).reason == Refusal.BUDGET
    assert bench.tickets.identities == [(StopKind.BUDGET, "r-1/2026-03-02T12")]


async def test_every_refusal_opens_one_ticket_however_often_it_is_repeated(
    autojump_clock: MockClock,
) -> None:
    bench = Bench()
    await bench.fix("i-1", decision=a_decision(mode=Mode.AUDIT))
    await bench.fix("i-2", decision=a_decision(mode=Mode.AUDIT), check="updates")
    for _ in range(3):
        await bench.again("i-1")
    assert bench.tickets.identities == [(StopKind.AUDIT, "ws-1")]
    assert bench.ran == []


async def test_a_cooldown_opens_no_ticket(autojump_clock: MockClock) -> None:
    bench = Bench()
    incident = await bench.fix("i-1", decision=a_decision(cooldown_s=300))
    assert (incident.state, incident.reason, due_in(incident)) == (
        State.SUPPRESSED, "cooldown", 300,
    )  # fmt: skip
    assert bench.tickets.stops == []


async def test_nothing_is_tried_or_counted_on_a_host_that_cannot_be_reached(
    autojump_clock: MockClock,
) -> None:
    bench = Bench(unreachable=frozenset({"elsewhere"}))

    incident = await bench.fix("i-1", host="elsewhere")

    assert (incident.state, incident.reason) == (State.ESCALATED, "host_unreachable")
    assert bench.tickets.identities == [(StopKind.RULE_ESCALATES, "i-1")]
    assert (incident.attempt, bench.ran) == (0, [])


async def test_a_rule_whose_runbook_nobody_knows_goes_to_a_person(
    autojump_clock: MockClock,
) -> None:
    bench = Bench(runbooks={})
    incident = await bench.fix("i-1")
    assert (incident.state, incident.reason) == (State.ESCALATED, "no_runbook")
    assert bench.tickets.identities == [(StopKind.RULE_ESCALATES, "i-1")]


async def test_nothing_runs_while_nobody_can_say_what_is_held_back(
    autojump_clock: MockClock,
) -> None:
    bench = Bench(suppressor_down=True)
    incident = await bench.fix("i-1")
    assert incident.state is State.DECIDING
    assert bench.ran == []


# The breaker.


async def failing(bench: Bench, *names: str) -> list[StopKind]:
    kinds: list[StopKind] = []
    for name in names:
        assert (await bench.fix(name)).state is State.ACTING
        kinds += [stop.kind for stop in await bench.end(name, Verdict.FAILED)]
    return kinds


LIBERAL = GateSettings(runs_per_day=99)


async def test_three_failures_open_the_breaker_a_pause_later_one_probes_and_its_fix_closes_it(
    autojump_clock: MockClock,
) -> None:
    bench = Bench(LIBERAL)
    assert await failing(bench, "i-1", "i-2") == []
    assert await failing(bench, "i-3") == [StopKind.BREAKER]

    stopped = await bench.fix("i-4")
    assert (stopped.state, stopped.reason, due_in(stopped)) == (
        State.REFUSED, Refusal.BREAKER, 1800,
    )  # fmt: skip
    await trio.sleep(1800)
    assert (await bench.again("i-4")).state is State.ACTING  # the probe
    assert (await bench.fix("i-5")).reason == Refusal.BREAKER
    assert bench.tickets.identities == [(StopKind.BREAKER, "site/ws-1/rb-1")]

    assert await bench.end("i-4", Verdict.HEALED) == []

    waiting = await bench.incident("i-5")
    assert (waiting.state, waiting.due) == (State.DECIDING, bench.now)
    assert (await bench.again("i-5")).state is State.ACTING
    [(breaker, history)] = await bench.store.read(SqliteGate().breakers())
    assert breaker.state is BreakerState.CLOSED
    assert [line.what for line in history] == ["opened", "closed"]


async def test_another_host_and_another_runbook_have_breakers_of_their_own(
    autojump_clock: MockClock,
) -> None:
    bench = Bench(LIBERAL, runbooks={"rb-1": FakeRunbook(), "rb-2": FakeRunbook()})
    await failing(bench, "i-1", "i-2", "i-3")
    assert (await bench.fix("i-4", host="ws-2")).state is State.ACTING
    other = a_decision(rule_id="r-2", runbook_id="rb-2")
    assert (await bench.fix("i-5", decision=other)).state is State.ACTING


async def test_a_verdict_that_is_told_twice_counts_once(autojump_clock: MockClock) -> None:
    bench = Bench(LIBERAL)
    await failing(bench, "i-1", "i-2")
    for _ in range(5):
        assert await bench.end("i-2", Verdict.FAILED) == []
    [(breaker, _)] = await bench.store.read(SqliteGate().breakers())
    assert breaker.failures == 2


async def test_a_person_resets_a_breaker_and_what_it_stopped_is_decided_at_once(
    autojump_clock: MockClock,
) -> None:
    bench = Bench(LIBERAL)
    await failing(bench, "i-1", "i-2", "i-3")
    await bench.fix("i-4")

    await bench.reset(ResetBreaker("site/ws-1/rb-1", "kim", "the disk was full"))

    assert (await bench.incident("i-4")).due == bench.now
    assert (await bench.again("i-4")).state is State.ACTING
    [(_, history)] = await bench.store.read(SqliteGate().breakers())
    assert (history[-1].what, history[-1].who, history[-1].reason) == (
        "reset", "kim", "the disk was full",
    )  # fmt: skip
    with pytest.raises(NotFoundError):
        await bench.reset(ResetBreaker("site/ws-1/rb-9", "kim", "a typo"))


# Windows, budgets, canary.


async def test_outside_its_window_a_fix_waits_until_it_opens(autojump_clock: MockClock) -> None:
    bench = Bench(GateSettings(windows=(NIGHT,)))
    incident = await bench.fix("i-1")
    assert (incident.reason, due_in(incident)) == (Refusal.WINDOW, 13 * 3600)  # 02:00 in Berlin
    assert bench.tickets.identities == [(StopKind.WINDOW, "night")]
    await trio.sleep(13 * 3600)
    assert (await bench.again("i-1")).state is State.ACTING


async def test_a_day_of_fixes_sees_three_runs_and_waits_for_the_first_to_age(
    autojump_clock: MockClock,
) -> None:
    bench = Bench()
    for number in range(24):
        incident = await bench.fix(f"i-{number:02}")
        if number < 3:
            await bench.end(incident.id, Verdict.HEALED)
        else:
            assert (incident.reason, due_in(incident)) == (Refusal.BUDGET, 24 * 3600)
        await trio.sleep(3600)
    assert len(bench.ran) == 3
    assert bench.tickets.identities == [(StopKind.BUDGET, "rb-1/ws-1")]
    assert (await bench.again("i-23")).state is State.ACTING


async def test_a_run_that_found_nothing_to_do_gives_its_place_back(
    autojump_clock: MockClock,
) -> None:
    bench = Bench(GateSettings(runs_per_day=1))
    await bench.fix("i-1")
    await bench.end("i-1", Verdict.NO_DRIFT)
    assert (await bench.fix("i-2")).state is State.ACTING


async def test_the_first_host_of_a_changed_rule_goes_alone_until_its_fix_is_verified(
    autojump_clock: MockClock,
) -> None:
    bench = Bench()
    assert (await bench.fix("i-1", host="ws-1")).state is State.ACTING
    second = await bench.fix("i-2", host="ws-2")
    assert (second.reason, due_in(second)) == (Refusal.CANARY, 3600)

    await bench.end("i-1", Verdict.HEALED)

    released = await bench.incident("i-2")
    assert (released.state, released.due) == (State.DECIDING, bench.now)
    assert (await bench.again("i-2")).state is State.ACTING
    changed = a_decision(rule_hash="hash-2")
    assert (await bench.fix("i-3", host="ws-3", decision=changed)).state is State.ACTING
    assert (await bench.fix("i-4", host="ws-4", decision=changed)).reason == Refusal.CANARY


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.ROLLED_BACK, Verdict.NO_DRIFT])
async def test_a_first_host_that_proves_nothing_lets_another_go_first(
    verdict: Verdict, autojump_clock: MockClock
) -> None:
    bench = Bench()
    await bench.fix("i-1", host="ws-1")
    await bench.end("i-1", verdict)
    assert (await bench.fix("i-2", host="ws-2")).state is State.ACTING
    assert (await bench.fix("i-3", host="ws-3")).reason == Refusal.CANARY


async def test_an_incident_closed_while_it_waited_stays_closed(autojump_clock: MockClock) -> None:
    bench = Bench()
    await bench.fix("i-1", host="ws-1")
    await bench.fix("i-2", host="ws-2")
    closed = an_incident("i-2", host="ws-2", state=State.CLOSED, reason="passed")
    await bench.store.commit(bench.incidents.put(closed))
    await bench.end("i-1", Verdict.HEALED)
    assert await bench.incident("i-2") == closed


async def test_people_see_what_of_the_budgets_is_used(autojump_clock: MockClock) -> None:
    bench = Bench()
    await bench.fix("i-1")
    listed = await bench.store.read(budgets_in_use(SqliteGate(), bench.settings, bench.now))
    assert [(use.kind, use.name, use.used, use.limit) for use in listed] == [
        ("runbook", "rb-1", 1, 3),
        ("rule", "r-1", 1, 5),
    ]


# People.


async def test_a_fix_that_needs_a_yes_waits_is_listed_and_runs_with_it(
    autojump_clock: MockClock,
) -> None:
    bench = Bench()
    asked = await bench.fix("i-1", decision=APPROVE)
    assert (asked.state, due_in(asked)) == (State.AWAITING_APPROVAL, 4 * 3600)
    assert bench.tickets.identities == [(StopKind.APPROVAL, "i-1")]
    [pending] = await bench.store.read(pending_approvals(SqliteGate(), bench.incidents))
    assert (pending.incident.id, pending.approval.asked_at) == ("i-1", EPOCH)

    approved = await bench.ask(ApproveFix("i-1", "kim", "looks right"))

    assert approved.state is State.ACTING
    assert bench.ran == ["i-1"]
    kinds = [(fact.kind, fact.body.get("who")) for _, fact in bench.incidents.trace]
    assert ("fix_approved", "kim") in kinds
    assert await bench.store.read(pending_approvals(SqliteGate(), bench.incidents)) == []
    run = await bench.store.read(SqliteGate().run("i-1", 1))
    assert run is not None
    assert run.approved_by == "kim"


async def test_a_yes_is_for_one_run(autojump_clock: MockClock) -> None:
    bench = Bench()
    await bench.fix("i-1", decision=APPROVE)
    await bench.ask(ApproveFix("i-1", "kim", "looks right"))
    await bench.end("i-1", Verdict.FAILED)
    retried = an_incident("i-1", decision=APPROVE, attempt=1)
    assert (await bench.propose(retried)).state is State.AWAITING_APPROVAL


async def test_a_no_refuses_with_its_reason_and_a_ticket(autojump_clock: MockClock) -> None:
    bench = Bench()
    await bench.fix("i-1", decision=APPROVE)
    rejected = await bench.ask(RejectFix("i-1", "kim", "not on a Monday"))
    assert (rejected.state, rejected.reason, rejected.due) == (
        State.REFUSED, Refusal.REJECTED, None,
    )  # fmt: skip
    assert bench.tickets.identities[1:] == [(StopKind.REJECTED, "i-1")]
    assert bench.incidents.trace[-1][1].body["why"] == "not on a Monday"
    assert bench.ran == []


async def test_an_approved_fix_waits_for_its_window_and_is_not_asked_about_again(
    autojump_clock: MockClock,
) -> None:
    bench = Bench(GateSettings(windows=(NIGHT,)))
    await trio.sleep(14.9 * 3600)  # 02:54 UTC, six minutes before the window closes
    await bench.fix("i-1", decision=APPROVE)
    await trio.sleep(600)

    late = await bench.ask(ApproveFix("i-1", "kim", "looks right"))
    assert (late.state, late.reason) == (State.REFUSED, Refusal.WINDOW)
    await trio.sleep(22 * 3600)

    assert (await bench.again("i-1")).state is State.ACTING


async def test_a_person_may_overrule_a_refusal_of_every_kind_but_breaker_and_dry_run(
    autojump_clock: MockClock,
) -> None:
    bench = Bench(GateSettings(windows=(NIGHT,)))
    await bench.fix("i-1")
    assert (await bench.ask(ApproveFix("i-1", "kim", "it burns"))).state is State.ACTING
    await bench.fix("i-2", decision=a_decision(mode=Mode.AUDIT))
    bench.settings = GateSettings()
    assert (await bench.ask(ApproveFix("i-2", "kim", "just this one"))).state is State.ACTING

    bench.settings = GateSettings(force_audit=True)
    await bench.fix("i-3")
    with pytest.raises(ConflictError, match="dry run"):
        await bench.ask(ApproveFix("i-3", "kim", "do it"))


async def test_what_rules_of_before_a_reload_only_audit_is_decided_anew_at_once(
    autojump_clock: MockClock,
) -> None:
    decision = a_decision(mode=Mode.AUDIT)
    bench = Bench(rules_in_force="after the reload")

    outdated = await bench.fix("i-1", decision=decision)
    bench.rules_in_force = decision.rule_version
    current = await bench.fix("i-2", decision=decision)

    assert (outdated.state, outdated.reason, outdated.due) == (State.REFUSED, "audit", bench.now)
    assert (current.state, current.reason, current.due) == (State.REFUSED, "audit", None)
    assert [stop.kind for stop in bench.tickets.stops] == [StopKind.AUDIT]


async def test_a_yes_that_cannot_be_followed_changes_nothing_and_says_why(
    autojump_clock: MockClock,
) -> None:
    bench = Bench(LIBERAL)
    await failing(bench, "i-1", "i-2", "i-3")
    broken = await bench.fix("i-4")
    await bench.fix("i-5", decision=APPROVE, host="ws-2")
    await bench.ask_suppressor(Suppress("site", "ws-2", "", None, "lee", "being rebuilt"))

    with pytest.raises(ConflictError, match="reset"):
        await bench.ask(ApproveFix("i-4", "kim", "please"))
    with pytest.raises(ConflictError, match="lift"):
        await bench.ask(ApproveFix("i-5", "kim", "please"))
    with pytest.raises(ConflictError, match="nothing to approve"):
        await bench.ask(ApproveFix("i-1", "kim", "please"))
    with pytest.raises(ConflictError, match="not asked about"):
        await bench.ask(RejectFix("i-4", "kim", "no"))
    with pytest.raises(NotFoundError):
        await bench.ask(ApproveFix("i-9", "kim", "please"))

    assert await bench.incident("i-4") == broken
    assert (await bench.incident("i-5")).state is State.AWAITING_APPROVAL


async def test_a_yes_for_a_host_that_is_out_of_reach_by_now_says_so(
    autojump_clock: MockClock,
) -> None:
    bench = Bench()
    await bench.fix("i-1", decision=APPROVE)
    bench.unreachable = frozenset({"ws-1"})

    with pytest.raises(ConflictError, match="ws-1 cannot be reached"):
        await bench.ask(ApproveFix("i-1", "kim", "please"))

    assert (await bench.incident("i-1")).state is State.AWAITING_APPROVAL


async def test_a_yes_to_a_runbook_that_changed_meanwhile_does_not_count(
    autojump_clock: MockClock,
) -> None:
    bench = Bench()
    await bench.fix("i-1", decision=APPROVE)
    bench.runbooks["rb-1"] = FakeRunbook(content_hash="content-2")
    with pytest.raises(ConflictError, match="changed"):
        await bench.ask(ApproveFix("i-1", "kim", "looks right"))
    assert bench.ran == []


# Flaps.


async def test_a_flap_suppresses_opens_one_ticket_and_heals_again_when_it_is_lifted(
    autojump_clock: MockClock,
) -> None:
    bench = Bench(LIBERAL)
    healed: str | None = None
    for number in range(9):  # something reverts the fix every ten minutes
        incident = await bench.fix(f"i-{number}", recurred_from=healed)
        if incident.state is not State.ACTING:
            break
        await bench.end(incident.id, Verdict.HEALED)
        healed = incident.id
        await trio.sleep(600)

    assert bench.ran == ["i-0", "i-1", "i-2"]
    flapping = await bench.incident("i-3")
    assert (flapping.state, flapping.reason, flapping.due) == (State.SUPPRESSED, "flap", None)
    assert bench.tickets.identities == [(StopKind.FLAP, "site/ws-1/firewall")]
    suppression = str(bench.incidents.trace[-1][1].body["suppression"])

    await bench.ask_suppressor(LiftSuppression(suppression, "kim", "the GPO is gone"))

    assert (await bench.incident("i-3")).due == bench.now
    assert (await bench.again("i-3")).state is State.ACTING


async def test_a_suppression_lifted_between_answer_and_commit_holds_nothing_back(
    autojump_clock: MockClock,
) -> None:
    bench = Bench()
    held = await bench.ask_suppressor(Suppress("site", "ws-1", "firewall", None, "kim", "x"))
    await bench.store.commit(bench.incidents.put(an_incident("i-1")))
    await bench.ask_suppressor(LiftSuppression(held.id, "kim", "x"))

    [ruled] = await bench.store.commit(bench.gate().decide("i-1", held, bench.now))

    assert ruled is not None
    assert ruled.state is State.ACTING


@pytest.mark.parametrize("check", ["firewall", ""])
async def test_no_fix_begins_after_a_person_was_told_that_it_is_held_back(
    autojump_clock: MockClock, check: str
) -> None:
    bench = Bench()
    await bench.store.commit(bench.incidents.put(an_incident("i-1")))
    # Nothing held it back when the gate asked.
    held = await bench.ask_suppressor(Suppress("site", "ws-1", check, None, "kim", "rebuilt"))

    [ruled] = await bench.store.commit(bench.gate().decide("i-1", None, bench.now))

    assert ruled is None
    assert (await bench.incident("i-1")).state is State.DECIDING  # so it is asked about again
    assert (await bench.redeliver("i-1")).state is State.SUPPRESSED
    await bench.ask_suppressor(LiftSuppression(held.id, "kim", "done"))
    assert (await bench.incident("i-1")).state is State.DECIDING


async def test_a_yes_that_a_suppression_overtook_does_not_count(autojump_clock: MockClock) -> None:
    bench = Bench()
    await bench.fix("i-1", decision=APPROVE)
    await bench.ask_suppressor(Suppress("site", "ws-1", "firewall", None, "lee", "rebuilt"))

    with pytest.raises(ConflictError, match="lift"):
        await bench.store.commit(
            bench.gate().approve(ApproveFix("i-1", "kim", "please"), None, bench.now)
        )

    assert (await bench.incident("i-1")).state is State.AWAITING_APPROVAL


async def test_a_suppression_whose_time_is_over_holds_nothing_back(
    autojump_clock: MockClock,
) -> None:
    bench = Bench()
    await bench.store.commit(bench.incidents.put(an_incident("i-1")))
    await bench.ask_suppressor(Suppress("site", "ws-1", "firewall", 60, "kim", "rebuilt"))
    await trio.sleep(60)

    [ruled] = await bench.store.commit(bench.gate().decide("i-1", None, bench.now))

    assert ruled is not None
    assert ruled.state is State.ACTING


# Plans: no rule made them, so they are counted by the kind of their drift.


def a_plan(kind: str, rule_hash: str = "hash-1") -> Decision:
    plan = Plan("plan_1", kind, 0.9, "gpt-4o", "cloud")
    return a_decision(rule_id="", rule_hash=rule_hash, plan=plan)


async def test_plans_for_one_kind_of_drift_share_a_budget_and_those_for_another_do_not(
    autojump_clock: MockClock,
) -> None:
    bench = Bench(hosts=1)
    await proven(bench, decision=a_plan("p1-a"))

    same = await bench.fix("i-1", host="ws-1", decision=a_plan("p1-a"))
    other = await bench.fix("i-2", host="ws-2", decision=a_plan("p1-b"))

    assert (same.state, same.reason) == (State.REFUSED, Refusal.BUDGET)
    assert other.state is State.ACTING
    assert bench.tickets.identities == [(StopKind.BUDGET, "p1-a/2026-03-02T12")]


async def test_a_plan_with_other_params_has_a_first_host_of_its_own(
    autojump_clock: MockClock,
) -> None:
    bench = Bench(hosts=100)
    await proven(bench, decision=a_plan("p1-a"))

    first = await bench.fix("i-1", host="ws-1", decision=a_plan("p1-a", "hash-2"))
    second = await bench.fix("i-2", host="ws-2", decision=a_plan("p1-a", "hash-2"))
    proved = await bench.fix("i-3", host="ws-3", decision=a_plan("p1-a"))

    assert (first.state, proved.state) == (State.ACTING, State.ACTING)
    assert (second.state, second.reason) == (State.REFUSED, Refusal.CANARY)
