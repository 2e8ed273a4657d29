"""The central server: supervision, /health and an ordered stop.  Its rooms are not there yet."""

import contextlib

import attrs
import structlog
import trio

from runtime.actor import Actor, service
from runtime.delivery import DeadLetter
from runtime.health import snapshot
from runtime.hosts.http_server import serve_http
from runtime.hosts.listening import loopback_listener, unix_listener
from runtime.hosts.state_dir import held
from runtime.metrics import exposition
from runtime.roles.control import Args, Control, Probes, UnknownVerbError
from runtime.roles.crew import run_crew
from runtime.settings import Settings
from runtime.shutdown import Shutdown, watch_signals
from runtime.supervisor import ActorDown

log: structlog.stdlib.BoundLogger = structlog.get_logger(role="central")


async def run_central(settings: Settings) -> None:
    """Run until SIGTERM; raises ArightError when an address or the state dir cannot be had."""
    shutdown = Shutdown()
    crew: list[Actor] = []
    probes = Probes(
        health=lambda: attrs.asdict(snapshot(crew, now=trio.current_time())),
        ready=lambda: snapshot(crew, now=trio.current_time()).ready,
        metrics=lambda: exposition(snapshot(crew, now=trio.current_time())).decode(),
    )
    with contextlib.ExitStack() as stack:
        state_dir = stack.enter_context(held(settings.state_path))
        socket = stack.enter_context(unix_listener(state_dir / "control.sock"))
        control = Control(probes, _nothing_to_read, {})
        crew.append(service("control", lambda: serve_http([socket], control.handle), ingress=True))
        if settings.health.port:
            port = loopback_listener(settings.health.port)
            crew.append(service("probes", lambda: serve_http([port], probes.handle), ingress=True))
        log.warning("no_rooms_yet", reason="the central server's rooms are not there yet")
        async with trio.open_nursery() as nursery:
            await nursery.start(watch_signals, shutdown)
            await run_crew(
                *crew,
                on_dead_letter=_log_dead_letter,
                on_down=_log_down,
                shutdown=shutdown,
                drain_within=settings.drain_within,
            )
            nursery.cancel_scope.cancel(reason="drained")


async def _nothing_to_read(noun: str, verb: str, _args: Args) -> object:
    raise UnknownVerbError(noun, verb)


async def _log_dead_letter(letter: DeadLetter) -> None:
    log.error("dead_letter", mailbox=letter.mailbox, actor=letter.actor)


async def _log_down(down: ActorDown) -> None:
    log.error("room_down", actor=down.actor, error=down.error)
