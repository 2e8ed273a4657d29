"""The site CA of an appliance, as its settings want it, and the services around it."""

import contextlib
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from random import Random

from actors.site_ca import LIMITS, SiteCa, open_site_ca
from runtime.actor import Actor, service
from runtime.clock import Clock
from runtime.hosts.http_server import serve_http
from runtime.hosts.listening import TlsListener, tcp_listener
from runtime.roles.line import Line
from runtime.settings import Settings
from runtime.store import Store


async def identity_of(
    settings: Settings, state_dir: Path, store: Store, clock: Clock, random: Random
) -> SiteCa | None:
    """Open the site CA; None where agents are served without certificates, or not at all.

    Raises:
        InvalidFileError: a file of keys in the state directory is damaged.
    """
    if not settings.listen.needs_certificates:
        return None
    at = settings.listen
    return await open_site_ca(
        settings.site_id, at.names, at.host, state_dir, store=store, clock=clock, random=random
    )


@contextlib.contextmanager
def identity_edges(
    settings: Settings, site_ca: SiteCa | None
) -> Generator[list[Callable[[Line], Actor]]]:
    """Take the enrolment port, and give the services; none where there is no site CA.

    Raises:
        ListenError: the port is in use.
    """
    if site_ca is None:
        yield []
        return
    edges: list[Callable[[Line], Actor]] = [partial(_site_ca_service, site_ca)]
    if settings.listen.enrol_port:
        plain = tcp_listener(settings.listen.host, settings.listen.enrol_port)
        listener = TlsListener(plain, site_ca.port.enrolment_tls)
        edges.append(partial(_enrolment_service, site_ca, listener))
    yield edges


def _site_ca_service(site_ca: SiteCa, _line: Line) -> Actor:
    return service("site_ca", site_ca.run)


def _enrolment_service(site_ca: SiteCa, listener: TlsListener, _line: Line) -> Actor:
    return service(
        "enrolment",
        lambda: serve_http([listener], site_ca.enrolment.handle, LIMITS),
        ingress=True,
    )
