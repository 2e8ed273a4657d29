"""The writes of the safety gate: read, judge and move in one transaction.

Everything that one decision reads and keeps stands in one `Write` on the writing connection, so
two fixes in flight cannot both take the last place of a budget.
"""

import sqlite3
from collections.abc import Callable

import attrs

from actors.circuit_breaker.budget import host_limit
from actors.circuit_breaker.core import (
    Allowed,
    Case,
    Held,
    judge,
    no_runbook,
    out_of_reach,
)
from actors.circuit_breaker.records import Approval, Canary, Recipe, Run, RunbookFacts
from actors.circuit_breaker.release import release
from actors.circuit_breaker.settings import GateSettings
from actors.circuit_breaker.store import Desk, GateMemory, Suppressions
from actors.messages import Decision, Fact, Incident, Moment, Move, Refusal, State, Stop, StopKind
from actors.messages.evidence import ProofKind
from actors.messages.suppression import Suppression
from actors.ports import Incidents, Proofs
from actors.requests import ApproveFix, RejectFix, ResetBreaker
from runtime.errors import ConflictError, NotFoundError
from runtime.store import Query, Write


@attrs.frozen
class Gate:
    """What the gate can do to incidents; each method gives one commit."""

    memory: GateMemory
    incidents: Incidents
    tickets: Desk
    suppressions: Suppressions
    runbook_of: Callable[[str], RunbookFacts | None]
    """Looks a runbook up; None: nobody knows it."""
    hosts: Query[int]
    """Counts the hosts of the site."""
    reaches: Callable[[str, str], Query[bool]]
    """Says whether a runbook, the second, can be run on a host, the first."""
    settings: GateSettings
    proofs: Proofs | None = None
    """Proves what is done beside incidents; None where nothing is proved."""
    rules_in_force: Callable[[], str] | None = None
    """Gives the version of the rules that decide now; None where they never change."""

    def decide(
        self, incident_id: str, suppression: Suppression | None, now: Moment
    ) -> Write[Incident | None]:
        """Let the fix of an incident run, or say why not.

        Gives the incident as it then stands, or None when it is not to be decided (any more, or
        yet): then another message was faster.
        """

        def write(connection: sqlite3.Connection) -> Incident | None:
            incident = self.incidents.get(incident_id)(connection)
            if incident is None or incident.state is not State.DECIDING:
                return None
            if suppression is None and self._held_back(connection, incident, now) is not None:
                # Since it was answered.  It is due again, and the suppressor then knows whom it
                # holds back.
                return None
            return self._judged(connection, incident, suppression, now)

        return write

    def approve(
        self, command: ApproveFix, suppression: Suppression | None, now: Moment
    ) -> Write[Incident]:
        """Keep a person's yes and ask all questions again with it.

        The yes holds for `grant_s`: where the fix still has to wait, say for a window, it runs
        then without another question.  The write raises NotFoundError or ConflictError.
        """

        def write(connection: sqlite3.Connection) -> Incident:
            incident = self._incident(connection, command.incident_id)
            standing = suppression or self._held_back(connection, incident, now)
            self._grant(connection, incident, command, standing, now)
            self._answered(connection, StopKind.APPROVAL, incident.id, command, now)
            body = {"who": command.who, "why": command.reason, "over": incident.reason}
            approved = Fact("fix_approved", body)
            if incident.state is State.REFUSED:
                again = Move(State.DECIDING, (State.REFUSED,), approved, reason="approved", due=now)
                incident = self.incidents.move(incident.id, again, now)(connection)
            else:
                self.incidents.note(incident.id, approved, now)(connection)
            return self._judged(connection, incident, None, now)

        return write

    def reject(self, command: RejectFix, now: Moment) -> Write[Incident]:
        """Keep a person's no.  The write raises NotFoundError or ConflictError."""

        def write(connection: sqlite3.Connection) -> Incident:
            incident = self._incident(connection, command.incident_id)
            if incident.state is not State.AWAITING_APPROVAL:
                raise ConflictError(f"incident {incident.id} is {incident.state}, not asked about")
            self.memory.drop_approval(incident.id)(connection)
            self._answered(connection, StopKind.APPROVAL, incident.id, command, now)
            held = Held(
                State.REFUSED,
                Refusal.REJECTED,
                Fact("fix_rejected", {"who": command.who, "why": command.reason}),
                stop=Stop.of(incident, StopKind.REJECTED, Refusal.REJECTED),
            )
            return self._hold(connection, incident, held, now)

        return write

    def reset(self, command: ResetBreaker, now: Moment) -> Write[None]:
        """Close a breaker for a person, and have what it stopped decided again.

        The write raises NotFoundError.
        """

        def write(connection: sqlite3.Connection) -> None:
            breaker = self.memory.breaker_named(command.key)(connection)
            self.memory.keep_breaker(breaker.healed())(connection)
            self.memory.tell_breaker(breaker, "reset", command.who, command.reason, now)(connection)
            self._answered(connection, StopKind.BREAKER, command.key, command, now)
            fact = Fact("breaker_reset", {"breaker": command.key, "who": command.who})
            release(self.memory, self.incidents, command.key, fact, now)(connection)
            if self.proofs is not None:
                body = {**fact.body, "reason": command.reason}
                where = {"site": breaker.site, "host": breaker.host}
                owed = Fact(fact.kind, body)
                self.proofs.owe(ProofKind.OPERATION, owed, now, **where)(connection)

        return write

    def _answered(
        self,
        connection: sqlite3.Connection,
        kind: StopKind,
        key: str,
        command: ApproveFix | RejectFix | ResetBreaker,
        now: Moment,
    ) -> None:
        self.tickets.answered(kind, key, command.who, command.reason, now)(connection)

    def _held_back(
        self, connection: sqlite3.Connection, incident: Incident, now: Moment
    ) -> Suppression | None:
        """Look up what holds a fix back as of this commit: the drift's own, else its host's."""
        site, host = incident.site, incident.host
        both = [
            self.suppressions.standing(site, host, check)(connection)
            for check in (incident.check, "")
        ]
        return next((each for each in both if each and each.remaining(now) != 0), None)

    def _incident(self, connection: sqlite3.Connection, incident_id: str) -> Incident:
        incident = self.incidents.get(incident_id)(connection)
        if incident is None:
            raise NotFoundError("incident", incident_id)
        return incident

    def _grant(
        self,
        connection: sqlite3.Connection,
        incident: Incident,
        command: ApproveFix,
        suppression: Suppression | None,
        now: Moment,
    ) -> None:
        """Keep the yes, unless nothing was asked or a yes is not what is missing."""
        decision = incident.decision
        runbook = None if decision is None else self.runbook_of(decision.runbook_id)
        if incident.state not in (State.AWAITING_APPROVAL, State.REFUSED):
            raise ConflictError(f"incident {incident.id} is {incident.state}: nothing to approve")
        if decision is None or runbook is None:
            raise ConflictError(f"incident {incident.id} names no runbook that is known")
        if not self.reaches(incident.host, decision.runbook_id)(connection):
            raise ConflictError(f"host {incident.host} cannot be reached now: nothing can be run")
        if suppression is not None:
            raise ConflictError(f"suppression {suppression.id} holds it back; lift that first")
        if self.settings.force_audit:
            raise ConflictError("this is a dry run: nothing is healed, approved or not")
        over = Refusal(incident.reason) if incident.state is State.REFUSED else None
        if over is Refusal.BREAKER:
            raise ConflictError(f"the breaker of {decision.runbook_id} is open; reset that first")
        asked = self.memory.approval(incident.id)(connection)
        plan = Recipe.of(incident.site, decision, runbook).plan(decision)
        if over is None and asked is not None and asked.plan != plan:
            raise ConflictError(f"{decision.runbook_id} or its rule changed since this was asked")
        asked_at = now.wall if asked is None else asked.asked_at
        yes = Approval(incident.id, plan, asked_at, now, command.who, command.reason, over)
        self.memory.keep_approval(yes)(connection)

    def _judged(
        self,
        connection: sqlite3.Connection,
        incident: Incident,
        suppression: Suppression | None,
        now: Moment,
    ) -> Incident:
        decision = incident.decision
        runbook = None if decision is None else self.runbook_of(decision.runbook_id)
        if decision is None or runbook is None:
            name = "" if decision is None else decision.runbook_id
            return self._hold(connection, incident, no_runbook(incident, name), now)
        if not self.reaches(incident.host, decision.runbook_id)(connection):
            return self._hold(connection, incident, out_of_reach(incident, runbook.text), now)
        if suppression is not None:
            # It may have been lifted since it was answered; nothing would wake the incident then.
            key = (suppression.site, suppression.host, suppression.check)
            suppression = self.suppressions.standing(*key)(connection)
        runbook_id, host = decision.runbook_id, incident.host
        case = Case(
            incident,
            decision,
            runbook,
            self.hosts(connection),
            now,
            self.memory.breaker(incident.site, host, runbook_id)(connection),
            suppression,
            self.memory.runs(runbook_id=runbook_id, host=host)(connection),
            self.memory.runs(rule_id=decision.made_by)(connection),
            self.memory.canary(Recipe.of(incident.site, decision, runbook))(connection),
            self.memory.approval(incident.id)(connection),
        )
        ruling = judge(case, self.settings)
        if isinstance(ruling, Allowed):
            return self._let_through(connection, case, ruling)
        if ruling.to is State.AWAITING_APPROVAL:
            question = Approval(incident.id, case.recipe.plan(decision), now.wall)
            self.memory.keep_approval(question)(connection)
        if ruling.reason is Refusal.AUDIT and self._is_outdated(decision):
            # Decided before a reload, which asked only what was audited by then: ask L1 anew.
            ruling = attrs.evolve(ruling, due=now, stop=None)
        return self._hold(connection, incident, ruling, now)

    def _is_outdated(self, decision: Decision) -> bool:
        """Say whether rules decided that are no longer in force."""
        if self.rules_in_force is None or decision.plan is not None:
            return False
        return decision.rule_version != self.rules_in_force()

    def _hold(
        self, connection: sqlite3.Connection, incident: Incident, held: Held, now: Moment
    ) -> Incident:
        move = Move(held.to, (incident.state,), held.fact, reason=held.reason, due=held.due)
        moved = self.incidents.move(incident.id, move, now)(connection)
        self.memory.wait(incident.id, held.waits_on, now)(connection)
        if held.stop is not None:
            self.tickets.open(held.stop, now)(connection)
        return moved

    def _let_through(
        self, connection: sqlite3.Connection, case: Case, allowed: Allowed
    ) -> Incident:
        incident, now = case.incident, case.now
        move = Move(
            State.ACTING,
            (incident.state,),
            allowed.fact,
            due=now.after(self.settings.stall_s),
            begins_attempt=True,
        )
        moved = self.incidents.move(incident.id, move, now)(connection)
        self.memory.wait(incident.id, None, now)(connection)
        self._reserve(connection, case, moved)
        return moved

    def _reserve(self, connection: sqlite3.Connection, case: Case, moved: Incident) -> None:
        """Take the places of this run: in the budgets, as a probe, as a canary."""
        own, share = case.decision.max_per_hour, self.settings.hosts_share
        approved = case.approval is not None and case.approval.granted_at is not None
        run = Run(
            moved.id,
            moved.attempt,
            moved.host,
            case.recipe,
            case.now,
            host_limit(case.hosts, share, own),
            case.approval.who if approved and case.approval else "",
        )
        self.memory.begin(run)(connection)
        # A yes is for one run.
        self.memory.drop_approval(moved.id)(connection)
        probing = case.breaker.probing(moved.id, case.now)
        if probing != case.breaker:
            self.memory.keep_breaker(probing)(connection)
        stale = case.canary is None or (
            not case.canary.proven
            and case.now.since(case.canary.begun_at) >= self.settings.canary_s
        )
        if stale:
            first = Canary(moved.id, moved.host, case.now)
            self.memory.keep_canary(case.recipe, first)(connection)
