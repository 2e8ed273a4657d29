"""A host of the simulated world, and the wire on which one life of the appliance speaks to it."""

import enum
import json
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import TypeVar

import attrs
import trio

from runtime.errors import UnansweredError
from runtime.hosts.confined import Facts
from runtime.hosts.kernel import ListeningSocket
from runtime.hosts.processes import Completed
from tests.fakes.target import FakeTarget
from tests.faults import scripts
from tests.faults.drifts import healthy
from tests.faults.power import End, Power

T = TypeVar("T")


class Mood(enum.Enum):
    """How a change goes."""

    WELL = "well"
    NOTHING = "nothing"
    """It says that all went well, and nothing changed."""
    FAILS = "fails"
    HANGS = "hangs"
    """It does nothing until its deadline."""
    LATE = "late"
    """It is done, and then hangs."""


@attrs.define(eq=False)
class SimHost:
    """What lasts of a host, whatever becomes of the appliance."""

    name: str
    random: Random
    moods: Callable[[], Mood] = lambda: Mood.WELL
    """Asked for each change."""
    silent: Callable[[], bool] = lambda: False
    """Asked for each question: whether it stays without an answer."""
    changed: Callable[[], None] = lambda: None
    """Called after each change."""
    target: FakeTarget = attrs.field(factory=FakeTarget, init=False)
    working: int = attrs.field(default=0, init=False)
    """Changes that are on their way; one that came about is over, however long it lingers."""
    acts: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        healthy(self.target)
        self.target.delay_s = 0.02


@attrs.define
class _Deed:
    """A change on its way; it outlives the appliance that began it, but not its machine."""

    host: SimHost
    effect: Callable[[], tuple[int, str]]
    mood: Mood
    lasts: float
    timeout_s: float

    async def work(self) -> Completed:
        """Take the time that it takes; whoever waits for it waits no longer than its timeout."""
        with trio.move_on_after(self.timeout_s):
            done = await self._come_about()
            self.host.changed()
            if self.mood is Mood.LATE:
                await trio.sleep_forever()
            return done
        return Completed(-9, "", "", timed_out=True)

    async def _come_about(self) -> Completed:
        self.host.working += 1
        try:
            await trio.sleep(self.timeout_s if self.mood is Mood.HANGS else self.lasts)
            match self.mood:
                case Mood.FAILS:
                    return Completed(1, json.dumps({"error": "refused"}), "")
                case Mood.NOTHING:
                    return Completed(0, "{}", "")
                case _:
                    return Completed(*self.effect(), "")
        finally:
            self.host.working -= 1


@attrs.define(eq=False)
class Wire:
    """The port to one host, in one life, of one room."""

    host: SimHost
    power: Power
    orphanage: trio.Nursery
    """Where a script goes on whose appliance was killed."""
    before_change: Callable[["Wire"], None] = lambda _: None
    looked: bool = False
    """Whether the host was asked since the last change, in this life, by this room."""

    @property
    def root(self) -> str:
        """Be a machine."""
        return "/"

    async def stat(self, path: str) -> Facts | None:
        """See `Target`, as for all that follow."""
        return await self._ask(lambda: self.host.target.stat(path), "stat", path)

    async def read_text(self, path: str, cap_bytes: int) -> str | None:
        return await self._ask(lambda: self.host.target.read_text(path, cap_bytes), "read", path)

    async def glob(self, pattern: str) -> Sequence[str]:
        return await self._ask(lambda: self.host.target.glob(pattern), "glob", pattern)

    async def sysctl(self, name: str) -> str | None:
        return await self._ask(lambda: self.host.target.sysctl(name), "sysctl", name)

    async def service(self, name: str) -> bool | None:
        return await self._ask(lambda: self.host.target.service(name), "service", name)

    async def processes(self) -> Sequence[str]:
        return await self._ask(self.host.target.processes, "processes")

    async def package(self, name: str) -> str | None:
        return await self._ask(lambda: self.host.target.package(name), "package", name)

    async def security_updates(self) -> Sequence[str]:
        return await self._ask(self.host.target.security_updates, "security_updates")

    async def listeners(self) -> Sequence[ListeningSocket]:
        return await self._ask(self.host.target.listeners, "listeners")

    async def mount_options(self, path: str) -> Sequence[str] | None:
        return await self._ask(lambda: self.host.target.mount_options(path), "mount", path)

    async def disk_usage(self, path: str) -> float | None:
        return await self._ask(lambda: self.host.target.disk_usage(path), "disk", path)

    async def time_synchronised(self) -> bool:
        return await self._ask(self.host.target.time_synchronised, "time")

    async def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float) -> Completed:
        asked = json.loads(stdin)

        def script() -> tuple[int, str]:
            return scripts.answer(self.host.target, argv[-1], asked)

        async def capture() -> Completed:
            await trio.sleep(self.host.random.uniform(0.01, 0.1))
            return Completed(*script(), "")

        if asked["phase"] == "capture":
            return await self.power.call(capture, "capture", self.host.name)
        return await self._change(script, timeout_s, asked["phase"])

    async def start_service(self, name: str) -> None:
        await self._set_service(name, running=True)

    async def stop_service(self, name: str) -> None:
        await self._set_service(name, running=False)

    async def _set_service(self, name: str, *, running: bool) -> None:
        def switch() -> tuple[int, str]:
            self.host.target.services[name] = running
            return 0, "{}"

        done = await self._change(switch, 25.0, "start" if running else "stop")
        if done.code:
            raise UnansweredError("refused", name)

    async def _ask(self, question: Callable[[], Awaitable[T]], what: str, *about: str) -> T:
        async def answered() -> T:
            if self.host.silent():
                raise UnansweredError("disk", what)
            return await question()

        answer = await self.power.call(answered, what, self.host.name, *about)
        self.looked = True
        return answer

    async def _change(
        self, effect: Callable[[], tuple[int, str]], timeout_s: float, what: str
    ) -> Completed:
        async def change() -> Completed:
            self.before_change(self)
            self.looked = False
            host = self.host
            lasts = host.random.uniform(0.1, min(8.0, timeout_s))
            deed = _Deed(host, effect, host.moods(), lasts, timeout_s)
            return await self._worked(deed)

        return await self.power.call(change, what, self.host.name)

    async def _worked(self, deed: _Deed) -> Completed:
        """Do a deed, in a scope of its own: it goes on where only the process was killed."""
        result: list[Completed] = []
        done = trio.Event()

        async def work() -> None:
            with scope:
                result.append(await deed.work())
            done.set()

        scope = trio.CancelScope()
        deed.host.acts += 1
        self.orphanage.start_soon(work)
        try:
            await done.wait()
        except trio.Cancelled:
            # Whoever is still there kills the script; the dark kills all that ran.
            if self.power.gone is not End.KILLED:
                scope.cancel()
            raise
        return result[0]
