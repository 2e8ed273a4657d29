"""The endpoint agent: the scanner's eye on its own host, a spool, and a line to the appliance."""

import contextlib
import platform
from collections.abc import Collection
from importlib.metadata import version
from random import Random, SystemRandom

import structlog
import trio

from actors.endpoint_agent import (
    SCHEMA,
    Bounds,
    Credentials,
    Given,
    Healer,
    Invitation,
    News,
    Place,
    Spooler,
    SqliteCommands,
    SqliteSpool,
    Standing,
    Uplink,
)
from actors.requests import RecordObservation
from runtime.actor import actor, service
from runtime.agent_settings import AgentSettings
from runtime.clock import Clock, SystemClock
from runtime.delivery import DeadLetter
from runtime.errors import ArightError, StoreError
from runtime.hosts.device_certificate import DeviceCertificate
from runtime.hosts.grpc_client import Backoff
from runtime.hosts.local_target import LocalTarget
from runtime.hosts.sqlite import Database, open_database
from runtime.hosts.state_dir import held
from runtime.ids import TimeOrderedIds
from runtime.mailbox import Full, Mailbox
from runtime.roles.agent_remedies import CatalogueRemedies
from runtime.roles.agent_scanner import WishedScanner
from runtime.roles.appliance import hosts_of, watches_of
from runtime.roles.catalogue import load_catalogue
from runtime.roles.crew import run_crew
from runtime.shutdown import Shutdown, watch_signals
from runtime.supervisor import ActorDown

log: structlog.stdlib.BoundLogger = structlog.get_logger(role="agent")


class NotEnrolledError(ArightError):
    """This agent has no certificate, and nothing by which it could come to one."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"{host} is not enrolled: run `aright agent invite --host {host}` on the appliance,"
            " and start once with --invitation"
        )
        self.host = host


async def run_agent(settings: AgentSettings, invitation: Invitation | None = None) -> None:
    """Run until SIGTERM; with an invitation, enrol first.

    Raises:
        ArightError: something that the agent needs is not there, or it could not enrol.
    """
    clock, random, shutdown = SystemClock(), SystemRandom(), Shutdown()
    catalogue, as_target = load_catalogue(settings.catalogue), settings.catalogue
    host = hosts_of(as_target)[settings.host]
    remedies = CatalogueRemedies.of(settings.heals, catalogue, host, clock)
    async with contextlib.AsyncExitStack() as stack:
        state_dir = stack.enter_context(held(settings.state_path))
        device = DeviceCertificate(state_dir / "identity")
        credentials = await _credentials(settings, device, clock, invitation)
        schemas = {"endpoint_agent": SCHEMA}
        store = await stack.enter_async_context(open_database(state_dir / "spool.db", schemas))
        ids, bounds = TimeOrderedIds(clock, random), settings.spool
        spool = SqliteSpool(Bounds(bounds.events, bounds.max_bytes))
        await store.commit(spool.begin(ids.new("boot")))

        commands, standing, news = SqliteCommands(), Standing(), News()
        seen = Mailbox[RecordObservation]("seen", capacity=256)
        given = Mailbox[Given]("given", capacity=64, full=Full.REFUSE)
        scanner = WishedScanner(
            watches_of(as_target)[settings.host], catalogue, seen.post, clock, ids
        )
        uplink = Uplink(
            _place(settings), credentials, store, spool, commands, given.post,
            lambda: _processes(host), scanner.heed, standing, news, clock, _backoff(random),
        )  # fmt: skip
        crew = (
            service("scanner", scanner.run, sends=[seen], ingress=True),
            actor("spooler", reads=seen, make=lambda: Spooler(store, spool, news, standing)),
            service("uplink", uplink.run, sends=[given]),
            actor(
                "healer",
                reads=given,
                make=lambda: Healer(store, commands, remedies, standing, news),
            ),
        )
        async with trio.open_nursery() as nursery:
            await nursery.start(watch_signals, shutdown)
            nursery.start_soon(_stop_without_disk, store, shutdown)
            await run_crew(
                *crew,
                on_dead_letter=_bury,
                on_down=_tell_down,
                shutdown=shutdown,
                drain_within=settings.drain_within,
            )
            nursery.cancel_scope.cancel(reason="drained")
        if store.gone.is_set():
            raise StoreError("the disk failed three times in a row; see the log")


def invitation_of(text: str | None) -> Invitation | None:
    """Read what an operator handed out; raises EnrolmentFailedError."""
    return Invitation.parsed(text) if text else None


async def _credentials(
    settings: AgentSettings,
    device: DeviceCertificate,
    clock: Clock,
    invitation: Invitation | None,
) -> Credentials | None:
    if settings.insecure_loopback:
        return None
    credentials = Credentials(device, settings.host, clock)
    if invitation is not None:
        await credentials.enrol(invitation, settings.address, settings.enrol_port)
        log.info("enrolled", host=settings.host, site_id=invitation.site_id)
    if not device.is_there:
        raise NotEnrolledError(settings.host)
    return credentials


def _place(settings: AgentSettings) -> Place:
    return Place(
        settings.address,
        settings.port,
        settings.host,
        f"{platform.system()} {platform.release()}",
        version("aright"),
        settings.heartbeat,
    )


def _backoff(random: Random) -> Backoff:
    return Backoff(random, first_s=1.0, longest_s=60.0)


async def _processes(host: LocalTarget) -> Collection[str]:
    return await host.processes()


async def _stop_without_disk(store: Database, shutdown: Shutdown) -> None:
    """End when nothing can be kept any more: what starts us again opens the file anew."""
    await store.gone.wait()
    shutdown.drain("the disk failed")


async def _bury(letter: DeadLetter) -> None:
    log.error("message_set_aside", mailbox=letter.mailbox, error=str(letter.error))


async def _tell_down(down: ActorDown) -> None:
    log.error("actor_down", actor=down.actor)
