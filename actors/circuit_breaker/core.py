"""May this fix run, here and now?  One question after the other; the first no ends it.  Pure.

Where a person said yes, audit, cooldown, budget and approval are answered by that: they bound what
happens without a person.  A window or a canary gives way only to a yes that was said over its very
refusal, and suppression and breaker never do: they are lifted and reset by commands of their own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import attrs

from actors.circuit_breaker.breaker import Breaker
from actors.circuit_breaker.budget import DAY_S, HOUR_S, Use, host_limit, rule_use, runbook_use
from actors.circuit_breaker.records import Approval, Canary, Recipe, Run, RunbookFacts
from actors.circuit_breaker.settings import GateSettings
from actors.circuit_breaker.window import next_opening
from actors.messages import (
    JSON,
    Decision,
    Fact,
    Incident,
    Mode,
    Moment,
    Refusal,
    State,
    Stop,
    StopKind,
)
from actors.messages.suppression import Suppression, SuppressionKind


@attrs.frozen
class Case:
    """All that the gate knows when it is asked about one fix."""

    incident: Incident
    decision: Decision
    runbook: RunbookFacts
    hosts: int
    """How many the site has."""
    now: Moment
    breaker: Breaker
    suppression: Suppression | None = None
    runbook_runs: Sequence[Run] = ()
    """Of this runbook on this host, from at least a day."""
    rule_runs: Sequence[Run] = ()
    """Of this rule, from at least an hour."""
    canary: Canary | None = None
    """The first host of this recipe, if it had one."""
    approval: Approval | None = None

    @property
    def recipe(self) -> Recipe:
        """Name the rule and the runbook as they are written today."""
        return Recipe.of(self.incident.site, self.decision, self.runbook)

    def stop(self, kind: StopKind, key: str, reason: str, *, text: str = "") -> Stop:
        """Give the stop of this fix."""
        return Stop.of(self.incident, kind, reason, key=key, text=text)


@attrs.frozen
class Held:
    """A question was answered with no."""

    to: State
    reason: str
    fact: Fact
    due: Moment | None = None
    """When it is asked again by itself."""
    stop: Stop | None = None
    """What a person is told; None for a cooldown alone."""
    waits_on: str | None = None
    """What may end it sooner: a breaker, a canary."""


@attrs.frozen
class Allowed:
    """Every question was answered with yes; the fact says how."""

    fact: Fact


Answer = Mapping[str, JSON] | Held
"""Yes, with the numbers behind it, or no."""


def judge(case: Case, settings: GateSettings) -> Allowed | Held:
    """Ask every question in order, until one answers no."""
    passed: dict[str, JSON] = {}
    for name, question in QUESTIONS.items():
        answer = question(case, settings)
        if isinstance(answer, Held):
            body = {"question": name, **answer.fact.body, "passed": passed}
            return attrs.evolve(answer, fact=Fact(answer.fact.kind, body))
        passed[name] = answer
    recipe = case.recipe
    named: dict[str, JSON] = {
        "runbook_id": recipe.runbook_id,
        "runbook_hash": recipe.runbook_hash,
    }
    return Allowed(Fact("fix_allowed", {**named, "passed": passed}))


def no_runbook(incident: Incident, runbook_id: str) -> Held:
    """Answer for a decision whose runbook nobody knows (any more): it goes to a person."""
    return Held(
        State.ESCALATED,
        "no_runbook",
        Fact("runbook_missing", {"runbook_id": runbook_id}),
        stop=Stop.of(incident, StopKind.RULE_ESCALATES, "no_runbook"),
    )


def out_of_reach(incident: Incident, text: str) -> Held:
    """Answer for a host on which nothing can be run: a person gets it, with the runbook's text."""
    return Held(
        State.ESCALATED,
        "host_unreachable",
        Fact("host_unreachable"),
        stop=Stop.of(incident, StopKind.RULE_ESCALATES, "host_unreachable", text=text),
    )


def _suppression(case: Case, _: GateSettings) -> Answer:
    """Does the drift flap, or does a person hold it back?"""
    held = case.suppression
    if held is None:
        return {}
    kind, key = (
        (StopKind.FLAP, held.key)
        if held.kind is SuppressionKind.FLAP
        else (StopKind.SUPPRESSED, held.id)
    )
    return Held(
        State.SUPPRESSED,
        held.kind,
        Fact("suppressed", {"suppression": held.id, "until": _wall(held.until)}),
        due=held.until,
        stop=attrs.evolve(case.stop(kind, key, held.kind), note=held.reason),
    )


def _audit(case: Case, settings: GateSettings) -> Answer:
    """May the rule do more here than say what it would do?"""
    mode = _mode(case, settings)
    if not settings.force_audit and (mode is not Mode.AUDIT or _lifts(case, settings)):
        return {"mode": mode}
    body: dict[str, JSON] = {
        "runbook_id": case.decision.runbook_id,
        "params": case.decision.params,
        "mode_of_rule": case.decision.mode,
        "dry_run": settings.force_audit,
    }
    stop = case.stop(StopKind.AUDIT, case.incident.host, "audit")
    return Held(State.REFUSED, Refusal.AUDIT, Fact("audit_refused", body), stop=stop)


def _cooldown(case: Case, settings: GateSettings) -> Answer:
    """Has the rule rested since it last decided for this host?"""
    left = case.decision.cooldown_s
    if left <= 0 or _lifts(case, settings):
        return {"left_s": left}
    due = case.now.after(left)
    body = {"left_s": left, "retry_at": _wall(due)}
    return Held(State.SUPPRESSED, "cooldown", Fact("cooldown_held", body), due=due)


def _breaker(case: Case, settings: GateSettings) -> Answer:
    """Did the runbook fail too often on this host?"""
    breaker = case.breaker
    body: dict[str, JSON] = {
        "breaker": breaker.key,
        "state": breaker.state,
        "failures": breaker.failures,
        "limit": settings.failures,
    }
    wait_s = breaker.wait_s(case.now, settings.pause_s)
    if wait_s == 0:
        return body
    return _retried(case, Refusal.BREAKER, wait_s, body, breaker.key, waits_on=breaker.key)


def _window(case: Case, settings: GateSettings) -> Answer:
    """Is one of the windows open that bind this fix?"""
    host, disruptive = case.incident.host, case.runbook.disruptive
    binding = [each for each in settings.windows if each.binds(host, disruptive=disruptive)]
    if not binding or _lifts(case, settings, Refusal.WINDOW):
        return {"windows": [each.name for each in binding]}
    at = case.now.wall
    opens, _, window = min(
        (next_opening(at, each), number, each) for number, each in enumerate(binding)
    )
    wait_s = (opens - at).total_seconds()
    if wait_s <= 0:
        return {"window": window.name}
    return _retried(case, Refusal.WINDOW, wait_s, {"window": window.name}, window.name)


def _budget(case: Case, settings: GateSettings) -> Answer:
    """Is there room for one more run, and for one more host?"""
    decision, host, now = case.decision, case.incident.host, case.now
    limit = host_limit(case.hosts, settings.hosts_share, decision.max_per_hour)
    runbook_id, hour = decision.runbook_id, f"{now.wall:%Y-%m-%dT%H}"
    asked = (
        (
            runbook_use(case.runbook_runs, runbook_id, host, now, settings.runs_per_day),
            f"{runbook_id}/{host}",
            DAY_S,
        ),
        (
            rule_use(case.rule_runs, decision.made_by, now, limit, host=host),
            f"{decision.made_by}/{hour}",
            HOUR_S,
        ),
    )
    for use, key, window_s in asked:
        if use.wait_s > 0 and not _lifts(case, settings):
            body = {**_shown(use), "window_s": window_s}
            return _retried(case, Refusal.BUDGET, use.wait_s, body, key)
    return {use.kind: _shown(use) for use, *_ in asked}


def _canary(case: Case, settings: GateSettings) -> Answer:
    """Is the recipe proven, or is this its first host?"""
    first, recipe = case.canary, case.recipe
    if first is None:
        return {"first": True}
    left = settings.canary_s - case.now.since(first.begun_at)
    body: dict[str, JSON] = {
        "recipe": recipe.key,
        "first_host": first.host,
        "first_incident": first.incident_id,
        "proven": first.proven,
    }
    if first.proven or left <= 0 or first.host == case.incident.host:
        return body
    if _lifts(case, settings, Refusal.CANARY):
        return body
    return _retried(case, Refusal.CANARY, left, body, recipe.key, waits_on=recipe.key)


def _approval(case: Case, settings: GateSettings) -> Answer:
    """Has a person to say yes, and did one?"""
    mode, irreversible = _mode(case, settings), case.runbook.irreversible
    body: dict[str, JSON] = {"mode": mode, "irreversible": irreversible}
    if case.approval is not None and _lifts(case, settings):
        return {**body, "approved_by": case.approval.who}
    if mode is Mode.AUTO and not irreversible:
        return body
    due = case.now.after(settings.approval_s)
    return Held(
        State.AWAITING_APPROVAL,
        "approval",
        Fact("approval_asked", {**body, "expires_at": _wall(due)}),
        due=due,
        stop=case.stop(StopKind.APPROVAL, case.incident.id, "approval", text=case.runbook.text),
    )


QUESTIONS: Final[Mapping[str, Callable[[Case, GateSettings], Answer]]] = {
    "suppression": _suppression,
    "audit": _audit,
    "cooldown": _cooldown,
    "breaker": _breaker,
    "window": _window,
    "budget": _budget,
    "canary": _canary,
    "approval": _approval,
}
"""In the order in which they are asked."""


def _mode(case: Case, settings: GateSettings) -> Mode:
    """Give the stricter of what the rule wants and what the host admits."""
    admitted = settings.host_modes.get(case.incident.host, Mode.AUTO)
    return min(case.decision.mode, admitted, key=list(Mode).index)


def _lifts(case: Case, settings: GateSettings, over: Refusal | None = None) -> bool:
    """Say whether a person's yes holds for this fix, and was said over that refusal."""
    given = case.approval
    return (
        given is not None
        and given.granted_at is not None
        and case.now.since(given.granted_at) < settings.grant_s
        and given.plan == case.recipe.plan(case.decision)
        and (over is None or given.over is over)
    )


def _retried(  # noqa: PLR0913  # a refusal with all that explains it
    case: Case,
    refusal: Refusal,
    wait_s: float,
    body: Mapping[str, JSON],
    key: str,
    *,
    waits_on: str | None = None,
) -> Held:
    """Refuse until a time that is known."""
    due = case.now.after(wait_s)
    fact = Fact(f"{refusal}_refused", {**body, "retry_at": _wall(due)})
    stop = case.stop(StopKind(refusal), key, refusal)
    return Held(State.REFUSED, refusal, fact, due=due, stop=stop, waits_on=waits_on)


def _shown(use: Use) -> dict[str, JSON]:
    return {"budget": use.kind, "name": use.name, "used": use.used, "limit": use.limit}


def _wall(moment: Moment | None) -> str | None:
    return None if moment is None else moment.wall.isoformat()
