"""The site CA of an appliance, as its settings want it: what others need of it, and services."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random

import attrs

from actors.drift_receiver import Door
from actors.ports import Certificates
from actors.site_ca import Office
from runtime.actor import Actor, service
from runtime.clock import Clock
from runtime.hosts.http_server import serve_http
from runtime.hosts.listening import TlsListener, tcp_listener
from runtime.roles.line import Line
from runtime.settings import Settings
from runtime.store import Store


@attrs.frozen
class Identity:
    """How agents show who they are, who gives certificates, and who obeys operators."""

    door: Door
    certificates: Certificates
    office: Office
    edges: Sequence[Callable[[Line], Actor]]
    """Its services."""


async def identity_of(
    settings: Settings, state_dir: Path, store: Store, clock: Clock, random: Random
) -> Identity | None:
    """Open the site CA; None where agents are served without certificates, or not at all.

    Raises:
        InvalidFileError: a file of keys in the state directory is damaged.
        ListenError: the enrolment port is in use.
    """
    if not settings.listen.needs_certificates:
        return None
    # Late: see the room's `__init__`.
    from actors.site_ca.enrolment import LIMITS
    from actors.site_ca.site_ca import open_site_ca

    at = settings.listen
    site_ca = await open_site_ca(
        settings.site_id, at.names, at.host, state_dir, store=store, clock=clock, random=random
    )
    edges = [partial(_service, "site_ca", site_ca.run)]
    if at.enrol_port:
        plain = tcp_listener(at.host, at.enrol_port)
        listener = TlsListener(plain, site_ca.port.enrolment_tls)
        serve = partial(serve_http, [listener], site_ca.enrolment.handle, LIMITS)
        edges.append(partial(_service, "enrolment", serve, ingress=True))
    return Identity(Door(site_ca.doorman, site_ca.tls), site_ca.certificates, site_ca.office, edges)


def _service(
    name: str, run: Callable[[], Awaitable[None]], _line: Line, *, ingress: bool = False
) -> Actor:
    return service(name, run, ingress=ingress)
