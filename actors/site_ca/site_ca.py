"""The site CA of an appliance, opened: one object for all who need a part of it."""

import datetime as dt
import ssl
from collections.abc import Sequence
from pathlib import Path
from random import Random

import attrs
import structlog
import trio

from actors.messages import Moment
from actors.site_ca.core import AUTHORITY_LIFE, term
from actors.site_ca.doorman import SiteDoorman
from actors.site_ca.enrolment import EnrolmentPort
from actors.site_ca.files import kept_authority, write_authority
from actors.site_ca.issuing import SERIAL_BITS, Issuing
from actors.site_ca.office import Office
from actors.site_ca.port_certificate import PortCertificate, called
from actors.site_ca.refusals import Refusals
from actors.site_ca.sqlite import SqliteRegister
from actors.site_ca.standing import Standing
from actors.site_ca.x509 import Authority
from runtime.alarm import Alarm
from runtime.clock import Clock
from runtime.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="site_ca")


@attrs.define
class SiteCa:
    """What the agent port, the enrolment port and operators ask."""

    doorman: SiteDoorman
    certificates: Issuing
    office: Office
    port: PortCertificate
    enrolment: EnrolmentPort
    clock: Clock
    _alarm: Alarm = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._alarm = Alarm(self._next_due, self._ring, self.clock)
        self.office.changed = self._alarm.changed

    def tls(self) -> ssl.SSLContext:
        """Give the context for the next connection of the agent port.

        A client certificate is required, but for a time in which an enrolment window is open.
        """
        window = self.doorman.standing.window
        strangers = window is not None and window.is_open(Moment.read(self.clock))
        return self.port.tls(strangers=strangers)

    async def run(self) -> None:
        """Close windows whose time is over, renew the port's certificate, write the audit."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._alarm.run)
            nursery.start_soon(self.doorman.refusals.run)

    async def _next_due(self) -> dt.datetime | None:
        window, now = self.doorman.standing.window, Moment.read(self.clock)
        if window is None:
            return self.port.due
        left = dt.timedelta(seconds=window.until.since(now))
        return min(self.port.due, now.wall + left)

    async def _ring(self, _due: dt.datetime) -> None:
        await self.office.close_when_over()
        if self.clock.now() >= self.port.due:
            self.port.refresh()


async def open_site_ca(  # noqa: PLR0913  # the world, and who is asked for
    site: str,
    names: Sequence[str],
    listens_on: str,
    folder: Path,
    *,
    store: Store,
    clock: Clock,
    random: Random,
) -> SiteCa:
    """Open the site CA, which is made where there is none.

    Args:
        site: whose agents it certifies.
        names: what agents call the appliance by.
        listens_on: the address of the port, one more name where it is a concrete one.
        folder: the state directory, where the keys are kept.
        store: remembers invitations, certificates, windows and the audit.
        clock: the time.
        random: makes tokens and serials; keys are made by the library.

    Raises:
        InvalidFileError: a file of keys is damaged, or cannot be written.
        StoreError: the memory cannot be read.
    """
    register = SqliteRegister()
    authority = _authority(folder, site, clock, random)
    standing = Standing(
        set(await store.read(register.revoked())),
        await store.read(register.standing()),
    )
    refusals = Refusals(store, register, clock)
    doorman = SiteDoorman(site, authority, standing, clock, refusals)
    issuing = Issuing(site, authority, store, register, doorman, clock, random)
    return SiteCa(
        doorman,
        issuing,
        Office(site, authority.sha256, store, register, standing, clock, random),
        PortCertificate(folder, authority, called(names, listens_on), clock, random),
        EnrolmentPort(issuing),
        clock,
    )


def _authority(folder: Path, site: str, clock: Clock, random: Random) -> Authority:
    found = kept_authority(folder)
    if found is None:
        serial = random.getrandbits(SERIAL_BITS) + 1
        found = Authority.made(site, term(serial, clock.now(), AUTHORITY_LIFE))
        write_authority(folder, found)
        log.warning("site_ca_made", site_id=site, sha256=found.sha256)
    return found
