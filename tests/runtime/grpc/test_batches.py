"""How messages of many calls become batches."""

from collections.abc import Sequence

import trio
import trio.testing

from protos.compliance_pb2 import DriftAck, DriftEvent
from runtime.hosts.grpc import Caller
from runtime.hosts.grpc.batches import Batches
from tests.hostile import frames as f
from tests.hostile.sans_io import World

EVENT = f.data(1, f.message(DriftEvent(hostname="ws-7").SerializeToString()))


async def test_what_comes_while_a_batch_is_answered_goes_along_with_the_next(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world, sizes = World(), list[int]()
    world.receive(f.PREFACE + f.settings() + f.headers(1, f.request(b"ReportDrift")))
    socket = [EVENT]

    def hear() -> None:
        while socket:
            world.receive(socket.pop())
        while world.queue:
            batches.arrived(world.queue.popleft())

    async def answer(callers: Sequence[Caller], events: Sequence[DriftEvent]) -> Sequence[DriftAck]:
        assert len(callers) == len(events)
        sizes.append(len(events))
        if len(sizes) == 1:
            for _ in range(3):
                await trio.sleep(1)
                socket.append(EVENT)
        return [DriftAck()] * len(events)

    batches = Batches(answer, world.limits, hear)
    with trio.move_on_after(60):
        await batches.run()

    assert sizes == [1, 3]


async def test_who_waits_for_a_rest_waits_until_all_is_answered_but_no_longer_than_it_wants(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.receive(f.PREFACE + f.settings() + f.headers(1, f.request(b"ReportDrift")) + EVENT)

    async def answer(callers: Sequence[Caller], events: Sequence[DriftEvent]) -> Sequence[DriftAck]:
        assert len(callers) == len(events)
        await trio.sleep(5)
        return [DriftAck()] * len(events)

    batches = Batches(answer, world.limits, lambda: None)
    batches.arrived(world.queue.popleft())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(batches.run)
        await trio.testing.wait_all_tasks_blocked()
        began = trio.current_time()
        for longest, ends in ((3, 3), (10, 5), (10, 5)):
            await batches.rest(longest)
            assert trio.current_time() - began == ends
        nursery.cancel_scope.cancel()
