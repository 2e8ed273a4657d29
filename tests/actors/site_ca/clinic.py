"""A site with its CA, in memory but for its keys."""

import contextlib
import datetime as dt
from collections.abc import AsyncGenerator
from pathlib import Path
from random import Random

import attrs
import trio
import trio.testing
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from actors.ports import Issued
from actors.site_ca import audit
from actors.site_ca.issuing import Enrolment
from actors.site_ca.site_ca import SiteCa, open_site_ca
from runtime.hosts.device_certificate import NewKey
from runtime.hosts.sqlite import InlineStore
from runtime.roles.line import SCHEMAS
from tests.actors.journal.world import SetClock

REGISTER = "/compliance.ComplianceAgent/Register"
DRIFT = "/compliance.ComplianceAgent/ReportDrift"
ADDRESS = "192.0.2.7"


@attrs.define
class Clinic:
    """A site with its CA."""

    ca: SiteCa
    store: InlineStore
    clock: SetClock

    async def invited(self, host: str = "ws-7", **life: float) -> str:
        """Invite a host; give the token."""
        text = await self.ca.office.invite(
            host, dt.timedelta(**(life or {"hours": 24})), "ann", "new"
        )
        return text.split(":")[2]

    async def enrol(
        self, token: str, *, host: str = "ws-7", named: str = "", off: float = 0.0, site: str = ""
    ) -> Issued:
        """Enrol as a device does whose clock is off by so many seconds."""
        csr = NewKey.made(named or host).csr_pem
        at = self.clock.now() + dt.timedelta(seconds=off)
        issued, _ = await self.ca.certificates.enrol(Enrolment(token, host, csr, at, ADDRESS, site))
        return issued

    async def register(
        self,
        host: str,
        *,
        address: str = ADDRESS,
        certificate: bytes | None = None,
        csr_pem: bytes = b"",
    ) -> Issued:
        """Register as an agent does that needs a certificate; one in the field sends no request."""
        return await self.ca.certificates.issue(
            host=host,
            agent_id=f"go-{host}",
            address=f"{address}:1",
            certificate=certificate,
            csr_pem=csr_pem,
        )

    async def acts(self) -> list[str]:
        """Give what the audit has, the oldest first."""
        await trio.testing.wait_all_tasks_blocked()
        return [row.what for row in await self.store.read(audit("", 100))][::-1]

    async def refusals(self) -> list[str]:
        """Give the reasons that the audit has."""
        await trio.testing.wait_all_tasks_blocked()
        rows = await self.store.read(audit("", 100))
        return [row.reason for row in rows if row.what == "refused"]


@contextlib.asynccontextmanager
async def clinic(
    folder: Path,
    site: str = "clinic",
    *,
    names: tuple[str, ...] = ("appliance.lan",),
    store: InlineStore | None = None,
    clock: SetClock | None = None,
) -> AsyncGenerator[Clinic]:
    """Open it; `store` and `clock` are those of an earlier life."""
    store = store or InlineStore.with_schemas({"site_ca": SCHEMAS["site_ca"]})
    clock = clock or SetClock()
    ca = await open_site_ca(
        site,
        names,
        "127.0.0.1",
        folder,
        store=store,
        clock=clock,
        random=Random(7),  # noqa: S311  # tokens of a test
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ca.doorman.refusals.run)
        yield Clinic(ca, store, clock)
        nursery.cancel_scope.cancel()


def der(issued: Issued) -> bytes:
    """Give the certificate as a connection shows it."""
    loaded = x509.load_pem_x509_certificate(issued.certificate_pem)
    return loaded.public_bytes(serialization.Encoding.DER)
