"""The port of endpoint agents."""

import ipaddress

import structlog
import trio

from actors.drift_receiver.core import ReceiverSettings
from actors.drift_receiver.servicer import AgentServicer
from runtime.hosts.grpc_server import listen, serve_grpc
from runtime.hosts.listening import ListenError

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="drift_receiver")


async def serve_agents(
    servicer: AgentServicer, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
) -> None:
    """Serve until cancelled; then ack what was read, and hang up.

    `task_status.started` is called with the port once agents may connect.

    Raises:
        ListenError: the address is in use, or may not be served without certificates.
    """
    settings = servicer.settings
    _check_safe(settings)
    listener = listen(settings.host, settings.port)
    with listener:
        await servicer.load()
        port: int = listener.getsockname()[1]
        log.info("agents_served", address=settings.host, port=port)
        await serve_grpc(servicer.routes, listener, name="drift_receiver", task_status=task_status)


def _check_safe(settings: ReceiverSettings) -> None:
    """Refuse what a stranger could reach: there are no certificates yet.

    Raises:
        ListenError: the settings do not ask for it, or not for a loopback address.
    """
    address = f"{settings.host}:{settings.port}"
    if not settings.insecure_loopback:
        raise ListenError(
            address, "agents cannot show certificates yet, and insecure_loopback is not set"
        )
    if not _is_loopback(settings.host):
        raise ListenError(address, "insecure_loopback serves a loopback address only")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
