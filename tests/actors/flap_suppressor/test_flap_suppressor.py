"""The flap suppressor: when healing goes in circles, and how people let it go on."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest
import trio
import trio.testing
from hypothesis import given, strategies as st
from trio.testing import MockClock

from actors.catalogue.target import Target
from actors.flap_suppressor import FlapSettings, FlapSuppressorActor, SqliteFlaps
from actors.flap_suppressor.core import within_window
from actors.flap_suppressor.fight import Change, fingerprint
from actors.messages import JSON, Incident, Moment, Observation, Severity, State, Status
from actors.messages.suppression import Suppression, SuppressionKind, drift_key
from actors.requests import (
    ExtendSuppression,
    LiftSuppression,
    Suppress,
    SuppressionOf,
    UnsignedCommandError,
)
from runtime.clock import VirtualClock
from runtime.errors import ArightError, ConflictError, NotFoundError
from runtime.hosts.local_target import LocalTarget
from runtime.hosts.sqlite import InlineStore
from runtime.ids import TimeOrderedIds
from runtime.mailbox import Mailbox
from runtime.store import Query
from runtime.writers import Writer, Writers
from tests.actors.circuit_breaker.ports import (
    EPOCH,
    FakeIncidents,
    an_incident,
    moment,
    store_of,
)

Question = SuppressionOf | Suppress | LiftSuppression | ExtendSuppression


@attrs.define
class Bench:
    """A flap suppressor on a store, and a way to ask it."""

    settings: FlapSettings = FlapSettings()  # noqa: RUF009  frozen
    store: InlineStore = attrs.field(factory=lambda: store_of("flap_suppressor"))
    incidents: FakeIncidents = attrs.field(factory=FakeIncidents)
    clock: VirtualClock = attrs.field(factory=lambda: VirtualClock(EPOCH))
    targets: Mapping[str, Target] = attrs.field(factory=dict[str, Target])
    writers: Writers | None = None

    def actor(self) -> FlapSuppressorActor:
        return FlapSuppressorActor(
            self.store, SqliteFlaps(), self.incidents, self.clock,
            TimeOrderedIds(self.clock), self.settings, self.targets, self.writers,
        )  # fmt: skip

    async def ask(self, question: Question) -> Suppression | None:
        # A new actor each time: nothing it knows may live in memory.
        box = Mailbox[Question]("flaps", capacity=1)
        answers: list[Suppression | ArightError | None] = []

        async def asker() -> None:
            try:
                answers.append(await question.ask(box.post))
            except ArightError as error:
                answers.append(error)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(asker)
            await trio.testing.wait_all_tasks_blocked()
            await self.actor().handle(box.waiting.popleft())
        if isinstance(answers[0], ArightError):
            raise answers[0]
        return answers[0]

    async def recur(self, name: str, **known: object) -> Suppression | None:
        incident = an_incident(name, recurred_from="i-0", **known)
        await self.store.commit(self.incidents.put(incident))
        holding = await self.ask(SuppressionOf(incident))
        if holding is not None:
            held = attrs.evolve(incident, state=State.SUPPRESSED, reason=holding.kind)
            await self.store.commit(self.incidents.put(held))
        return holding

    async def incident(self, name: str) -> Incident:
        found = await self.store.read(self.incidents.get(name))
        assert found is not None
        return found


async def test_the_third_recurrence_within_two_hours_stops_healing(
    autojump_clock: MockClock,
) -> None:
    bench = Bench()

    assert await bench.recur("i-1") is None
    await trio.sleep(3000)
    assert await bench.recur("i-2") is None
    await trio.sleep(3000)
    flap = await bench.recur("i-3")

    assert flap is not None
    assert (flap.kind, flap.key, flap.until) == (SuppressionKind.FLAP, "site/ws-1/firewall", None)
    assert await bench.ask(SuppressionOf(an_incident("i-4"))) == flap


async def test_recurrences_further_apart_than_the_window_are_no_flap(
    autojump_clock: MockClock,
) -> None:
    bench = Bench()
    for number in range(24):  # a day of them
        assert await bench.recur(f"i-{number}") is None
        await trio.sleep(3600)


async def test_an_incident_decided_again_and_again_counts_once(autojump_clock: MockClock) -> None:
    bench = Bench()
    for _ in range(9):
        assert await bench.recur("i-1") is None


async def test_another_host_and_another_check_count_for_themselves(
    autojump_clock: MockClock,
) -> None:
    bench = Bench()
    for number, where in enumerate([("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]):
        for turn in range(2):
            name = f"i-{number}-{turn}"
            assert await bench.recur(name, host=where[0], check=where[1]) is None


async def test_a_clock_set_back_neither_forgets_nor_prolongs(autojump_clock: MockClock) -> None:
    settings = FlapSettings()
    before, back = moment(0), moment(7199, wall_off=-3600)

    assert within_window([before], back, settings) == 1
    assert within_window([before], moment(7200, wall_off=-3600), settings) == 0


async def test_lifting_forgets_the_recurrences_and_has_the_incident_decided_now(
    autojump_clock: MockClock,
) -> None:
    bench = Bench()
    flap = [await bench.recur(f"i-{number}") for number in range(3)][-1]
    assert flap is not None

    await bench.ask(LiftSuppression(flap.id, "kim", "the GPO is gone"))

    incident = await bench.incident("i-2")
    assert incident.state is State.DECIDING
    assert incident.due is not None
    assert incident.due.since(Moment.read(bench.clock)) == 0
    # Neither the incident itself nor the two before count again.
    assert await bench.ask(SuppressionOf(incident)) is None
    assert await bench.recur("i-4") is None
    assert await bench.recur("i-5") is None
    assert await bench.recur("i-6") is not None


async def test_history_says_who_opened_extended_and_lifted_and_why(
    autojump_clock: MockClock,
) -> None:
    bench = Bench()
    held = await bench.ask(Suppress("site", "ws-1", "firewall", 60, "kim", "change 17"))
    assert held is not None
    await bench.ask(ExtendSuppression(held.id, 3600, "lee", "it takes longer"))
    await trio.sleep(100)
    assert await bench.ask(SuppressionOf(an_incident())) is not None
    await bench.ask(LiftSuppression(held.id, "kim", "done"))

    [page] = await bench.store.read(SqliteFlaps().pages(ended=True))
    assert [(line.what, line.who, line.reason) for line in page.history] == [
        ("opened", "kim", "change 17"),
        ("extended", "lee", "it takes longer"),
        ("lifted", "kim", "done"),
    ]
    assert page.history[1].until == EPOCH + dt.timedelta(hours=1)
    assert page.incidents == ("i-1",)
    assert page.ended_at == EPOCH + dt.timedelta(seconds=100)
    assert await bench.store.read(SqliteFlaps().pages()) == []


async def test_a_suppression_with_an_end_ends_by_itself(autojump_clock: MockClock) -> None:
    bench = Bench(FlapSettings(expires_s=600))
    flap = [await bench.recur(f"i-{number}") for number in range(3)][-1]
    assert flap is not None
    await trio.sleep(599)
    assert await bench.ask(SuppressionOf(an_incident("i-9"))) is not None
    await trio.sleep(1)

    assert await bench.ask(SuppressionOf(an_incident("i-9"))) is None

    [page] = await bench.store.read(SqliteFlaps().pages(ended=True))
    assert page.history[-1].what == "expired"


async def test_a_suppressed_host_holds_back_every_check_of_it_and_no_other_host(
    autojump_clock: MockClock,
) -> None:
    bench = Bench()
    await bench.ask(Suppress("site", "ws-1", "", None, "kim", "being rebuilt"))

    assert await bench.ask(SuppressionOf(an_incident(check="updates"))) is not None
    assert await bench.ask(SuppressionOf(an_incident(host="ws-2"))) is None


async def test_a_person_is_told_when_a_command_does_not_fit(autojump_clock: MockClock) -> None:
    bench = Bench()
    held = await bench.ask(Suppress("site", "ws-1", "firewall", 60, "kim", "change 17"))
    assert held is not None
    again = Suppress("site", "ws-1", "firewall", None, "lee", "mine")
    shorter = ExtendSuppression(held.id, 10, "kim", "sooner")
    unknown = LiftSuppression("suppression_none", "kim", "a typo")

    with pytest.raises(ConflictError, match="extend it"):
        await bench.ask(again)
    with pytest.raises(ConflictError, match="lift it"):
        await bench.ask(shorter)
    with pytest.raises(NotFoundError):
        await bench.ask(unknown)
    await bench.ask(LiftSuppression(held.id, "kim", "done"))
    with pytest.raises(ConflictError, match="ended"):
        await bench.ask(LiftSuppression(held.id, "kim", "done"))


@pytest.mark.parametrize(("who", "reason"), [("", "because"), ("kim", " ")])
def test_nobody_lifts_without_a_name_and_a_reason(who: str, reason: str) -> None:
    with pytest.raises(UnsignedCommandError):
        LiftSuppression("suppression_1", who, reason)


parts = st.text(max_size=4)


@given(one=st.tuples(parts, parts, parts), other=st.tuples(parts, parts, parts))
def test_no_two_drifts_share_a_key(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert (drift_key(*one) == drift_key(*other)) == (one == other)


@attrs.define
class Watched(FakeIncidents):
    """Incidents about one file, which another program changes at the epoch."""

    def observation(self, observation_id: str) -> Query[Observation]:
        details: dict[str, JSON] = {"path": "/etc/issue.net", "changed_at": EPOCH.isoformat()}
        return lambda _: Observation(
            observation_id, "site", "ws-1", "firewall", Status.FAIL, Severity.LOW,
            EPOCH, "scanner", actual="Welcome!", details=details,
        )  # fmt: skip


@attrs.define
class KnownWriters:
    """Knows one writer, of one file, at one instant."""

    watched: list[tuple[str, str]] = attrs.field(factory=list[tuple[str, str]])

    async def watch(self, root: str, path: str) -> None:
        self.watched.append((root, path))

    def of(self, root: str, path: str, at: dt.datetime) -> Writer | None:
        assert (root, path) in self.watched
        return Writer("puppet", seen=True) if at == EPOCH else None


async def test_who_was_seen_writing_the_file_is_named_in_the_reason_and_in_the_trace(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    writers, target = KnownWriters(), LocalTarget(tmp_path)
    bench = Bench(incidents=Watched(), targets={"ws-1": target}, writers=writers)
    for number in range(3):
        at = moment(3600 * (number - 3))
        change = Change("", at.wall, 0.5, "/etc/issue.net", fingerprint("Welcome!"))
        before = SqliteFlaps().healed(an_incident(f"i-{number}"), change, at)
        await bench.store.commit(before)

    await bench.actor().started()
    assert writers.watched == [(target.root, "/etc/issue.net")]
    holding = await bench.ask(SuppressionOf(an_incident("i-3")))

    assert holding is not None
    assert holding.reason == (
        "/etc/issue.net is changed every 60 min to the same state; changed by puppet"
    )
    [(_, fact)] = bench.incidents.trace
    assert (fact.kind, fact.body["writer"]) == ("partner_named", "puppet")
