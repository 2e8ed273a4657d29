"""The port of endpoint agents."""

import structlog
import trio

from actors.drift_receiver.core import ReceiverSettings
from actors.drift_receiver.door import Door
from actors.drift_receiver.servicer import AgentServicer
from runtime.hosts.grpc import Limits
from runtime.hosts.grpc.server import listen, serve_grpc
from runtime.hosts.listening import ListenError
from runtime.setting_kinds import is_loopback

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="drift_receiver")


async def serve_agents(
    servicer: AgentServicer,
    *,
    limits: Limits | None = None,
    door: Door | None = None,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled; then ack what was read, and hang up.

    Args:
        servicer: answers; it is loaded here.
        limits: what agents may have; the server's own where it is None.
        door: None serves without certificates, on a loopback address that the settings allow.
        task_status: as of `nursery.start`; called with the port once agents may connect.

    Raises:
        ListenError: the address is in use, or may not be served without certificates.
    """
    settings = servicer.settings
    if door is None:
        _check_safe(settings)
    listener = listen(settings.host, settings.port)
    with listener:
        await servicer.load()
        port: int = listener.getsockname()[1]
        log.info("agents_served", address=settings.host, port=port)
        await serve_grpc(
            servicer,
            listener,
            limits=limits,
            doorman=None if door is None else door.doorman,
            tls=None if door is None else door.tls,
            task_status=task_status,
        )


def _check_safe(settings: ReceiverSettings) -> None:
    """Refuse what a stranger could reach without a certificate.

    Raises:
        ListenError: the settings do not ask for it, or not for a loopback address.
    """
    address = f"{settings.host}:{settings.port}"
    if not settings.insecure_loopback:
        raise ListenError(address, "there are no certificates, and insecure_loopback is not set")
    if not is_loopback(settings.host):
        raise ListenError(address, "insecure_loopback serves a loopback address only")
