"""One verified fix, from a look at the host to what became of it: the core's steps, done."""

import hashlib
from typing import Protocol, assert_never

import attrs
import trio

from actors.catalogue.checks import Answer, Check
from actors.messages import JSON, Incident, Intent, Moment, State
from actors.runbook_runner.commands import Order
from actors.runbook_runner.core import Captured, Conclusion, Fix, Next, NoOutcome, Ran, Step
from actors.runbook_runner.record import Record
from runtime.codec import to_json
from runtime.ids import Ids

_ORPHAN_MARGIN_S = 2.0
"""Between an intent and the start of its script; a script ends itself at its deadline."""

_STALLED_S = 600.0
"""After which the journal brings an incident again that nobody seems to verify."""

_CLOCKS_AGREE_S = 0.01
"""Microseconds of the wall against those of the monotonic clock must not cost another round."""


class Acting(Protocol):
    """Eyes and hands: `Hands` on a host that we reach, `AgentHands` where an agent lends them."""

    @property
    def order(self) -> Order:
        """Give what is to be done."""
        ...

    @property
    def check(self) -> Check:
        """Give the check whose drift is healed."""
        ...

    @property
    def may_run_on(self) -> bool:
        """Say whether an act that an earlier life began may run on beside a second one."""
        ...

    async def detect(self) -> Answer:
        """Say whether there is still drift."""
        ...

    async def verify(self) -> Answer:
        """Say whether the fix holds."""
        ...

    async def capture(self) -> Captured | NoOutcome:
        """Read what undo needs."""
        ...

    async def act(self) -> Ran | NoOutcome:
        """Change the host."""
        ...

    async def undo(self, pre_state: str) -> Ran | NoOutcome:
        """Put back what capture found."""
        ...


@attrs.define
class Transaction:
    """Works one incident, after a crash from what the journal holds of it."""

    record: Record
    hands: Acting
    ids: Ids
    fix: Fix
    pre_state: str = "{}"
    """What capture found before the act."""

    @classmethod
    def taken_up(cls, record: Record, hands: Acting, ids: Ids) -> "Transaction":
        """Begin a fix, or go on with one that is begun."""
        runbook, now = hands.order.runbook, record.now()
        intent, incident = record.intent, record.incident
        verifying = incident.state is State.VERIFYING
        soaked = verifying and (intent is None or _soak_of(intent, incident, now) >= runbook.soak_s)
        fix = Fix(
            idempotent=runbook.idempotent,
            # What was not captured cannot be put back.
            undoable=not runbook.irreversible and (intent is not None or not verifying),
            soaked=soaked or not runbook.soak_s,
            begun=intent is not None,
            retried=intent is not None and intent.retried,
            orphan=hands.may_run_on and intent is not None and may_run(intent, now),
        )
        return cls(record, hands, ids, fix, "{}" if intent is None else intent.pre_state)

    async def run(self) -> Conclusion | None:
        """Go on to the end; None where a soak has begun, after which the journal asks again."""
        verifying = self.record.incident.state is State.VERIFYING
        if verifying and self.fix.orphan:  # an undo, of which nothing that is seen now is left
            await self._wait_for_orphan()
        step: Next = Step.VERIFY if verifying else Step.DETECT
        while isinstance(step, Step):
            if step is Step.SOAK:
                self.record.tell("soak_started", seconds=self.hands.order.runbook.soak_s)
                await self.record.flush()
                return None
            step = await self._do(step)
        return step

    async def _do(self, step: Step) -> Next:  # noqa: PLR0911  # one branch for each step
        match step:
            case Step.DETECT:
                answer = await self.hands.detect()
                self._tell_answer("detect", answer)
                return self.fix.after_detect(answer)
            case Step.CAPTURE:
                return self.fix.after_capture(await self._capture())
            case Step.BEGIN:
                await self._begin()
                return self.fix.after_act(await self._act())
            case Step.WAIT:
                await self._wait_for_orphan()
                return self.fix.after_wait()
            case Step.RETRY:
                await self._use_retry()
                return self.fix.after_act(await self._act())
            case Step.VERIFY:
                return self.fix.after_verify(await self._verify())
            case Step.UNDO:
                await self._undo()
                return Step.CHECK_UNDO
            case Step.CHECK_UNDO:
                return self.fix.after_check_undo(self.pre_state, await self.hands.capture())
            case Step.SOAK:
                raise ValueError("a soak is waited for outside")
            case _:
                assert_never(step)

    async def _capture(self) -> Captured | NoOutcome:
        outcome = await self.hands.capture()
        match outcome:
            case Captured(state):
                self.pre_state = state
            case NoOutcome(reason):
                self.record.tell("capture_failed", reason=reason)
        return outcome

    async def _begin(self) -> None:
        incident, order = self.record.incident, self.hands.order
        intent = Intent(
            id=self.ids.new("intent"),
            incident_id=incident.id,
            runbook_id=order.runbook.id,
            attempt=incident.attempt,
            host=incident.host,
            params_hash=_hash_of(order.params),
            deadline=self.record.now().after(order.runbook.timeout_s),
            pre_state=self.pre_state,
        )
        self.record.tell(
            "fix_started",
            runbook_id=intent.runbook_id,
            attempt=intent.attempt,
            intent_id=intent.id,
            params_hash=intent.params_hash,
        )
        await self.record.begin(intent)

    async def _wait_for_orphan(self) -> None:
        if self.record.intent is None:
            return
        seconds = self.record.intent.deadline.since(self.record.now()) + _ORPHAN_MARGIN_S
        self.record.tell("orphan_waited_for", seconds=round(seconds, 3))
        await trio.sleep(seconds)

    async def _use_retry(self) -> None:
        self.record.tell("fix_retried")
        await self.record.use_retry(self.hands.order.runbook.timeout_s)

    async def _act(self) -> Ran | NoOutcome:
        began = self.record.now()
        outcome = await self.hands.act()
        self._tell_outcome("act", outcome, began)
        return outcome

    async def _verify(self) -> Answer:
        await self.record.verifying(self.hands.order.runbook.soak_s or _STALLED_S)
        answer = await self.hands.verify()
        self._tell_answer("verify", answer)
        return answer

    async def _undo(self) -> None:
        self.record.tell("undo_started")
        await self.record.begin_undo(self.hands.order.runbook.timeout_s)
        began = self.record.now()
        self._tell_outcome("undo", await self.hands.undo(self.pre_state), began)

    def _tell_answer(self, step: str, answer: Answer) -> None:
        kind = {"pass": "passed", "fail": "failed"}.get(answer.status, "unknown")
        why: dict[str, JSON] = {"reason": answer.reason} if answer.reason else {}
        self.record.tell(f"{step}_{kind}", check=answer.check, **why)

    def _tell_outcome(self, step: str, outcome: Ran | NoOutcome, began: Moment) -> None:
        took_ms = round(self.record.now().since(began) * 1000, 1)
        match outcome:
            case Ran(exit_code, error):
                why: dict[str, JSON] = {"error": error} if error else {}
                self.record.tell(f"{step}_finished", took_ms=took_ms, exit_code=exit_code, **why)
            case NoOutcome(reason):
                self.record.tell(f"{step}_unknown", took_ms=took_ms, reason=reason)


def may_run(intent: Intent, now: Moment) -> bool:
    """Say whether what an earlier life began may still be running; no boot leaves it behind."""
    return intent.deadline.boot == now.boot and intent.deadline.since(now) > 0


def _soak_of(intent: Intent, incident: Incident, now: Moment) -> float:
    """Count the seconds since the incident began to be verified.

    Its due instant does not say so: whoever hands the incident out again moves that.  The intent
    knows the monotonic clock, the incident how much sooner or later by the wall its verify began.
    """
    known = intent.deadline
    since = known.after((incident.moved_at - known.wall).total_seconds())
    return now.since(since) + _CLOCKS_AGREE_S


def _hash_of(params: object) -> str:
    return hashlib.sha256(to_json(params).encode()).hexdigest()[:16]
