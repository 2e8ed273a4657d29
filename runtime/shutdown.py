"""The end of a process: the first signal drains, the second cuts."""

import signal

import attrs
import structlog
import trio

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@attrs.frozen(eq=False)
class Shutdown:
    """What was asked for.  Rooms that wait long may watch `draining`."""

    draining: trio.Event = attrs.field(factory=trio.Event, init=False)
    cutting: trio.Event = attrs.field(factory=trio.Event, init=False)

    def drain(self, reason: str) -> None:
        """Ask for an end in order: the ingress first, then what is queued, within a deadline."""
        if not self.draining.is_set():
            log.info("drain_asked", reason=reason)
            self.draining.set()

    def cut(self, reason: str) -> None:
        """Ask for an end now; what is queued is left over."""
        self.drain(reason)
        if not self.cutting.is_set():
            log.warning("cut_asked", reason=reason)
            self.cutting.set()


async def watch_signals(
    shutdown: Shutdown, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Turn SIGTERM and SIGINT into a drain, and the second one into a cut."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for number in signals:
            name = signal.Signals(number).name
            if shutdown.draining.is_set():
                shutdown.cut(f"{name} once more")
            else:
                shutdown.drain(name)
