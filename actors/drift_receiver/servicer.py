"""The service `ComplianceAgent`: the five calls of the contract, on whatever server.

What becomes of events says `intake`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import attrs
from google.protobuf.message import Message

from actors.drift_receiver.calls import Calls
from actors.drift_receiver.core import ReceiverSettings, Vocabulary
from actors.drift_receiver.fleet import Fleet
from actors.drift_receiver.heal_orders import HealOrders
from actors.drift_receiver.intake import DriftIntake
from actors.ports import Certificates
from actors.requests import RecordObservations
from protos.compliance_grpc import ComplianceAgentBase
from protos.compliance_pb2 import (
    DriftAck,
    DriftEvent,
    HealingAck,
    HealingResult,
    HeartbeatRequest,
    HeartbeatResponse,
    RegisterRequest,
    RegisterResponse,
    RMMAck,
    RMMStatusReport,
)
from runtime.clock import Clock
from runtime.hosts.grpc import Caller, Code, RefusedCallError
from runtime.hosts.grpc.service import Answer, caller_of
from runtime.ids import Ids
from runtime.mailbox import Post

_SERVICE = "/compliance.ComplianceAgent"
In = TypeVar("In", bound=Message)
Out = TypeVar("Out", bound=Message)
Takes_co = TypeVar("Takes_co", bound=Message, covariant=True)
Gives_contra = TypeVar("Gives_contra", bound=Message, contravariant=True)


class Stream(Protocol[Takes_co, Gives_contra]):
    """What a method needs of a call, whatever serves it."""

    async def recv_message(self) -> Takes_co | None:
        """Give the next message; None where the caller sends no more."""
        ...

    async def send_message(self, message: Gives_contra) -> None:
        """Send an answer."""
        ...

    def __aiter__(self) -> AsyncIterator[Takes_co]:
        """Give the messages until the caller sends no more."""
        ...


@attrs.define
class AgentServicer(ComplianceAgentBase):
    """The service, one object for all agents; `load` before it serves."""

    fleet: Fleet
    vocabulary: Vocabulary
    journal: Post[RecordObservations]
    clock: Clock
    ids: Ids
    orders: HealOrders
    certificates: Certificates | None = None
    calls: Calls = attrs.field(init=False)
    intake: DriftIntake = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Wire the calls."""
        self.calls = Calls(self.fleet, self.orders, self.certificates, self.clock, self.ids)
        self.intake = DriftIntake(
            self.fleet, self.vocabulary, self.journal, self.clock, self.ids, self.orders
        )

    @property
    def settings(self) -> ReceiverSettings:
        """Give where agents are served."""
        return self.fleet.settings

    async def load(self) -> None:
        """Recall the agents that registered in an earlier life."""
        await self.fleet.load()

    # The methods of the contract; their names are its own.
    # ruff: noqa: N802

    async def Register(self, stream: Stream[RegisterRequest, RegisterResponse]) -> None:
        """Answer with the id of the agent and its terms."""
        await _answer(stream, self.calls.register)

    async def Heartbeat(self, stream: Stream[HeartbeatRequest, HeartbeatResponse]) -> None:
        """Answer with what is to be done."""
        await _answer(stream, self.calls.heartbeat)

    async def ReportHealing(self, stream: Stream[HealingResult, HealingAck]) -> None:
        """Take what came of an order."""
        await _answer(stream, self.calls.report_healing)

    async def ReportRMMStatus(self, stream: Stream[RMMStatusReport, RMMAck]) -> None:
        """Take which tools for remote management there are."""
        await _answer(stream, self.calls.report_rmm)

    async def ReportDrift(self, stream: Stream[DriftEvent, DriftAck]) -> None:
        """Ack events one by one, on a server that does not know batches."""
        caller = caller_of(stream)
        async for event in stream:
            [ack] = await self.report_drift([caller], [event])
            await stream.send_message(ack)

    def __batches__(self) -> Mapping[str, Answer]:
        """Name what is answered batch by batch."""
        return {f"{_SERVICE}/ReportDrift": self.report_drift}

    async def report_drift(
        self, callers: Sequence[Caller], events: Sequence[DriftEvent]
    ) -> Sequence[DriftAck]:
        """Ack each event once it is durable, or say why it is not."""
        return await self.intake.answer(callers, events)


async def _answer(stream: Stream[In, Out], answer: Callable[[In, Caller], Awaitable[Out]]) -> None:
    request = await stream.recv_message()
    if request is None:
        raise RefusedCallError(Code.INVALID_ARGUMENT, "the call holds no message")
    await stream.send_message(await answer(request, caller_of(stream)))
