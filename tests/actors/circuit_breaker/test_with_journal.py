"""The gate on the real journal and ticket book: one commit, on the tables of four rooms."""

import attrs
from trio.testing import MockClock

from actors.circuit_breaker import Gate, GateAccounts, GateSettings, SqliteGate
from actors.escalator import SqliteTickets, Ticket
from actors.flap_suppressor import SqliteFlaps
from actors.journal import SqliteJournal, trace_of
from actors.messages import Decision, Fact, Incident, Mode, Move, State, StopKind, Verdict
from actors.requests import ApproveFix, RejectFix, ResetBreaker
from runtime.clock import VirtualClock
from runtime.hosts.sqlite import InlineStore
from runtime.ids import TimeOrderedIds
from tests.actors.circuit_breaker.bench import OBSERVATION
from tests.actors.circuit_breaker.ports import EPOCH, FakeRunbook, a_decision, moment
from tests.fakes.store import inline_store

CLOCK = VirtualClock(EPOCH)


@attrs.define
class House:
    """Four rooms in one store."""

    settings: GateSettings = attrs.field(factory=GateSettings)
    store: InlineStore = attrs.field(
        factory=lambda: inline_store("journal", "escalator", "flap_suppressor", "circuit_breaker")
    )
    ids: TimeOrderedIds = attrs.field(factory=lambda: TimeOrderedIds(CLOCK))

    @property
    def book(self) -> SqliteTickets:
        return SqliteTickets(self.ids, ())

    @property
    def journal(self) -> SqliteJournal:
        return SqliteJournal(self.book)

    @property
    def gate(self) -> Gate:
        return Gate(
            SqliteGate(), self.journal, self.book, SqliteFlaps(),
            {"rb-1": FakeRunbook()}.get, lambda _: 100, lambda _, __: lambda _: True,
            self.settings,
        )  # fmt: skip

    async def decided(
        self, name: str, host: str, decision: Decision, check: str = "firewall"
    ) -> str:
        """Have drift observed on a host, and a rule decide about it."""
        seen = attrs.evolve(OBSERVATION, id=name, host=host, check=check)
        fresh = self.ids.new("incident")
        await self.store.commit(self.journal.record([seen], lambda: fresh, moment()))
        move = Move(State.DECIDING, (State.OBSERVED,), Fact("rule_matched"), decision=decision)
        [incident] = await self.store.commit(self.journal.move(fresh, move, moment()))
        return incident.id

    async def gated(self, incident_id: str) -> Incident:
        [incident] = await self.store.commit(self.gate.decide(incident_id, None, moment()))
        assert incident is not None
        return incident

    async def tickets(self) -> list[Ticket]:
        return list(await self.store.read(self.book.listed()))


async def test_a_refusal_stands_in_the_trace_and_on_one_ticket(autojump_clock: MockClock) -> None:
    house = House()
    incident_id = await house.decided("o-1", "ws-1", a_decision(mode=Mode.AUDIT))

    refused = await house.gated(incident_id)

    assert (refused.state, refused.reason) == (State.REFUSED, "audit")
    trace = await house.store.read(trace_of(incident_id))
    assert "audit_refused" in str(trace[-1])
    assert [(ticket.kind, ticket.key) for ticket in await house.tickets()] == [
        (StopKind.AUDIT, "ws-1")
    ]


async def test_yes_runs_it_and_its_verified_fix_sets_the_next_host_free(
    autojump_clock: MockClock,
) -> None:
    house = House()
    asked = await house.decided("o-1", "ws-1", a_decision(mode=Mode.APPROVE))
    other = await house.decided("o-2", "ws-2", a_decision())
    assert (await house.gated(asked)).state is State.AWAITING_APPROVAL
    yes = ApproveFix(asked, "kim", "looks right")
    [acting] = await house.store.commit(house.gate.approve(yes, None, moment()))
    assert acting.state is State.ACTING
    assert (await house.gated(other)).reason == "canary"

    accounts = GateAccounts(SqliteGate(), house.journal, house.settings)
    await house.store.commit(accounts.finished(acting, Verdict.HEALED, moment(60)))

    due = await house.store.read(house.journal.due(moment(60), 9))
    assert [(each.id, each.state) for each in due] == [(other, State.DECIDING)]


async def test_a_yes_or_no_does_not_leave_its_question_on_the_desk(
    autojump_clock: MockClock,
) -> None:
    house = House()
    asked = await house.decided("o-1", "ws-1", a_decision(mode=Mode.APPROVE))
    await house.gated(asked)
    await house.store.commit(house.gate.reject(RejectFix(asked, "kim", "not today"), moment()))
    assert [ticket.kind for ticket in await house.tickets()] == [StopKind.REJECTED]

    yes = ApproveFix(asked, "kim", "today")
    [acting] = await house.store.commit(house.gate.approve(yes, None, moment()))
    assert acting.state is State.ACTING


async def test_a_breaker_that_opens_again_after_a_reset_is_not_told_to_nobody(
    autojump_clock: MockClock,
) -> None:
    house = House(GateSettings(failures=1))
    accounts = GateAccounts(SqliteGate(), house.journal, house.settings)
    told: list[str] = []
    for number in range(2):
        drifted = await house.decided(f"o-{number}", "ws-1", a_decision(), f"check-{number}")
        acting = await house.gated(drifted)
        [stops] = await house.store.commit(accounts.finished(acting, Verdict.FAILED, moment()))
        for stop in stops:
            [ticket_id] = await house.store.commit(house.book.open(stop, moment()))
            told.append(ticket_id)
        reset = ResetBreaker(stops[0].key, "kim", "mended")
        await house.store.commit(house.gate.reset(reset, moment()))

    assert len(set(told)) == 2
    assert [t for t in await house.tickets() if t.kind is StopKind.BREAKER] == []
