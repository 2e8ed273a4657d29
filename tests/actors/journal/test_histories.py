"""Whatever happens in whatever order: no illegal transition, and a trace that says it all."""

from collections.abc import Sequence

import trio
from hypothesis import given, settings, strategies as st

from actors.journal import TRANSITIONS, DueWork, trace_of
from actors.messages import ExecuteRunbook, Fact, IncidentToDecide, Move, State, Status
from runtime.mailbox import Mailbox
from tests.actors.journal.world import World

HOSTS = ("ws-1", "ws-2")

HEARD = st.tuples(st.just("heard"), st.sampled_from(HOSTS), st.sampled_from(Status))
MOVED = st.tuples(st.just("moved"), st.sampled_from(HOSTS), st.sampled_from(State))
WAITED = st.tuples(st.just("waited"), st.sampled_from((1.0, 61.0, 7201.0)), st.none())
STARTED = st.tuples(st.just("started"), st.none(), st.none())
HISTORY = st.lists(st.one_of(HEARD, MOVED, WAITED, STARTED), max_size=40)


def settled(state: State) -> bool:
    return not TRANSITIONS[state]


class Play:
    """Plays a history: agents report, rooms move what they may, time passes, the machine starts."""

    def __init__(self) -> None:
        self.world = World()
        self.to_l1 = Mailbox[IncidentToDecide]("l1", capacity=2)
        self.to_runner = Mailbox[ExecuteRunbook]("runner", capacity=2)

    @property
    def due_work(self) -> DueWork:
        world = self.world
        return DueWork(
            self.to_l1.post,
            self.to_runner.post,
            world.store,
            world.journal,
            world.tickets,
            world.clock,
        )

    async def run(self, history: Sequence[tuple[str, object, object]]) -> None:
        for what, one, two in history:
            match what, one, two:
                case "heard", str(host), Status() as status:
                    await self.world.record(self.world.heard(status, host=host))
                case "moved", str(host), State() as state:
                    await self.move(host, state)
                case "waited", float(seconds), _:
                    self.world.clock.wait(seconds)
                    await self.due_work.ring(self.world.clock.now())
                case _:
                    self.world.clock.restart(off=30)
                    await self.due_work.recover()

    async def move(self, host: str, state: State) -> None:
        """Move the open incident of a host, as gate, runner and people do: within the table."""
        for incident_id, before in self.incidents(host):
            if state in TRANSITIONS[before]:
                due = self.world.now.after(600) if state is not State.CLOSED else None
                move = Move(state, (before,), Fact("moved"), due=due)
                journal, now = self.world.journal, self.world.now
                await self.world.store.commit(journal.move(incident_id, move, now))

    def incidents(self, host: str) -> list[tuple[str, State]]:
        rows = self.world.store.connection.execute(
            "SELECT id, state FROM incidents WHERE host = ? ORDER BY id", (host,)
        )
        return [(incident_id, State(state)) for incident_id, state in rows]

    async def check(self) -> None:
        for host in HOSTS:
            incidents = self.incidents(host)
            assert sum(not settled(state) for _, state in incidents) <= 1
            for incident_id, state in incidents:
                assert await self.replayed(incident_id) is state

    async def replayed(self, incident_id: str) -> State | None:
        """Give the state that the trace tells, transition by transition."""
        state: State | None = None
        for line in await self.world.store.read(trace_of(incident_id)):
            if line["to"] is None:
                continue
            after = State(str(line["to"]))
            if state is None:
                assert (line["from"], after) == (None, State.OBSERVED)
            else:
                assert line["from"] == state
                assert after in TRANSITIONS[state]
            state = after
        return state


@given(history=HISTORY)
@settings(max_examples=150, deadline=None)
def test_any_history_keeps_to_the_table_and_is_told_by_its_trace(
    history: list[tuple[str, object, object]],
) -> None:
    async def main() -> None:
        play = Play()
        for step in history:
            await play.run([step])
            await play.check()

    trio.run(main)


@given(history=HISTORY)
@settings(max_examples=50, deadline=None)
def test_what_is_unfinished_is_always_due(history: list[tuple[str, object, object]]) -> None:
    async def main() -> None:
        play = Play()
        await play.run(history)
        forgotten = play.world.store.connection.execute(
            "SELECT id FROM incidents WHERE due_wall IS NULL"
            " AND state IN ('observed', 'deciding', 'acting', 'verifying')"
        ).fetchall()
        assert forgotten == []

    trio.run(main)
