"""The evidence log at work: proves what is owed, signs heads, stops when it must not sign."""

import contextlib
import datetime as dt
from collections.abc import Callable, Sequence
from typing import assert_never

import attrs
import structlog
import trio

from actors.evidence_log.appender import Appender, Desk, InconsistentHeadError
from actors.evidence_log.core import AT_ONCE, LATE_S, rest_s
from actors.evidence_log.opening import Fault, begun_anew, opened
from actors.evidence_log.statement import Statement
from actors.messages import Moment, Severity, Stop, StopKind
from actors.messages.evidence import FactSource, OwedFact
from actors.ports import Tickets
from actors.requests import BeginEvidenceLog, RotateEvidenceKey
from runtime.errors import ConflictError, EvidenceFormatError, InvalidFileError, StoreError
from runtime.store import Write

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="evidence_log")

_GATHER_S = 0.005
"""Between being woken and looking: what is committed meanwhile is proved in one batch."""

_TRIED_AGAIN = (StoreError, OSError, InvalidFileError, ConflictError, EvidenceFormatError)
"""Database, key or heads could not be read or written, or the log grew behind one's back."""

Wish = RotateEvidenceKey | BeginEvidenceLog


@attrs.define(eq=False)
class EvidenceLog:
    """Proves in batches, off the way of any ack; and obeys what people wish of the log."""

    desk: Desk
    tickets: Tickets
    head_every_s: float
    busy: Callable[[], bool] = lambda: False
    """Whether somebody waits for an ack."""
    again_s: float = 5.0
    """Until what could not be kept is tried again."""
    _open: Appender | Fault | None = attrs.field(default=None, init=False)
    """None: to be opened, and so to be looked at."""
    _lock: trio.Lock = attrs.field(factory=trio.Lock, init=False)
    _woken: trio.Event = attrs.field(factory=trio.Event, init=False)
    _since: dt.datetime | None = attrs.field(default=None, init=False)
    _signed_at: float = attrs.field(default=-float("inf"), init=False)
    _failing_since: float = attrs.field(default=float("inf"), init=False)
    _told: set[str] = attrs.field(factory=set[str], init=False)
    """What a person was told of since it was last well."""

    def committed(self) -> None:
        """Say that something may be owed."""
        self._woken.set()

    async def run(self) -> None:
        """Prove until cancelled."""
        self._since = self._since or self.desk.clock.now()
        while True:
            self._woken = trio.Event()
            began = trio.current_time()
            try:
                async with self._lock:
                    waited_s = await self._turn()
            except _TRIED_AGAIN as error:
                log.warning("evidence_not_logged", error=str(error))
                self._open = None
                await self._judge_failing()
                await trio.sleep(self.again_s)
            else:
                self._failing_since = float("inf")
                self._told.discard("unsigned")
                await self._rest(trio.current_time() - began, waited_s)

    async def handle(self, wish: Wish) -> None:
        """Obey a person."""
        async with self._lock:
            try:
                match wish:
                    case RotateEvidenceKey():
                        appender = await self._writing()
                        wish.reply(await appender.rotate(wish.who, wish.reason))
                        log.info("evidence_key_rotated", sha256=appender.key.fingerprint)
                    case BeginEvidenceLog():
                        await self._begin(wish)
                    case _:
                        assert_never(wish)
            except (ConflictError, InvalidFileError, EvidenceFormatError, StoreError) as error:
                self._open = None
                wish.fail(error)
            except OSError as error:
                self._open = None
                wish.fail(StoreError(f"a file of the evidence log: {error.strerror}"))
        self._woken.set()

    async def _begin(self, wish: BeginEvidenceLog) -> None:
        if isinstance(self._open or await self._opened(), Appender):
            raise ConflictError("the evidence log can be continued: no other is begun")
        self._open = appender = await begun_anew(self.desk, wish.who, wish.reason)
        self._told.clear()
        log.info("evidence_log_begun", origin=appender.log.origin)
        wish.reply(appender.log)

    async def _writing(self) -> Appender:
        found = self._open or await self._opened()
        if isinstance(found, Fault):
            raise ConflictError(f"nothing is signed: {found.reason}")
        return found

    async def _opened(self) -> Appender | Fault:
        self._open = found = await opened(self.desk)
        if isinstance(found, Fault):
            await self._stopped(found)
        else:
            log.info("evidence_log_open", origin=found.log.origin, count=found.tree.size)
        return found

    async def _turn(self) -> float | None:
        """Prove a batch, and sign a head where one is due; give how long the oldest waited.

        None: nothing was owed.
        """
        found = self._open or await self._opened()
        if isinstance(found, Fault):
            return None
        owed = await self.desk.store.read(self.desk.memory.owed(AT_ONCE))
        waited_s = None
        if owed.facts:
            waited_s = self._waited_s(owed.facts)
            await self._judge(waited_s)
            told = await found.append(owed, self._telling)
            if any(statement.withheld for statement in told):
                self._told.add("withheld")
        if found.has_unsigned and self._until_head_s() <= 0:
            await self._sign(found)
        return waited_s

    async def _sign(self, appender: Appender) -> None:
        try:
            await appender.sign_head()
        except InconsistentHeadError:
            self._open = fault = Fault("inconsistent_head")
            await self._stopped(fault)
        self._signed_at = trio.current_time()

    def _until_head_s(self) -> float:
        return max(0.0, self._signed_at + self.head_every_s - trio.current_time())

    async def _rest(self, took_s: float, waited_s: float | None) -> None:
        if waited_s is not None:  # there may be more
            await trio.sleep(rest_s(took_s, waited_s, busy=self.busy()))
            return
        unsigned = isinstance(self._open, Appender) and self._open.has_unsigned
        with trio.move_on_after(self._until_head_s() if unsigned else float("inf")):
            await self._woken.wait()
            await trio.sleep(_GATHER_S)

    def _waited_s(self, facts: Sequence[OwedFact]) -> float:
        """Count the seconds for which the oldest fact waits while we are up."""
        now, since = self.desk.clock.now(), self._since
        told = next((fact for fact in facts if fact.source is FactSource.TRACE), None)
        if told is None or since is None:
            return 0.0
        return (now - max(since, dt.datetime.fromisoformat(told.at))).total_seconds()

    async def _judge(self, waited_s: float) -> None:
        if waited_s > LATE_S:
            await self._tell("late", Severity.HIGH, "evidence_late")
        else:
            self._told.discard("late")

    async def _judge_failing(self) -> None:
        now = trio.current_time()
        self._failing_since = min(self._failing_since, now)
        if now - self._failing_since > LATE_S:
            # What hinders the log may hinder that as well; then it is told the next time.
            with contextlib.suppress(StoreError):
                await self._tell("unsigned", Severity.HIGH, "evidence_unsigned")

    def _telling(self, statements: Sequence[Statement]) -> Sequence[Write[str]]:
        """Tell a person, in the commit that keeps them, if words were withheld."""
        if "withheld" in self._told or not any(each.withheld for each in statements):
            return ()
        stop = Stop(StopKind.EVIDENCE, "withheld", Severity.MEDIUM, "statement_withheld")
        return (self.tickets.open(stop, Moment.read(self.desk.clock)),)

    async def _stopped(self, fault: Fault) -> None:
        log.error("evidence_log_stopped", reason=fault.reason)
        await self._tell("stopped", Severity.CRITICAL, fault.reason)
        await self.desk.store.commit(self.desk.memory.stop(fault.reason))

    async def _tell(self, what: str, severity: Severity, reason: str) -> None:
        """Open a ticket, once until it is well again."""
        if what in self._told:
            return
        stop = Stop(StopKind.EVIDENCE, what, severity, reason)
        await self.desk.store.commit(self.tickets.open(stop, Moment.read(self.desk.clock)))
        self._told.add(what)
