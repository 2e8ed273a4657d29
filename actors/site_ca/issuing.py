"""Issues certificates: for a token, in an enrolment window, or to a host that renews.

A certificate is handed out when it is durable, in one commit with what it was issued for: a token
is spent once, and a window counts down, whatever falls in between.
"""

import contextlib
import datetime as dt
from collections.abc import Generator
from random import Random

import attrs
import structlog
from typing_extensions import override

from actors.messages import Moment
from actors.ports import Certificates, EnrolmentRefusedError, Issued
from actors.site_ca.core import (
    FIELD_LIFE,
    OWN_KEY_LIFE,
    Certificate,
    Reason,
    Term,
    clock_problem,
    folded,
    host_of,
    term,
    token_digest,
    token_problem,
    window_problem,
)
from actors.site_ca.doorman import SiteDoorman
from actors.site_ca.refusals import refused
from actors.site_ca.store import Act, Line, Register
from actors.site_ca.x509 import Authority, PublicKey, certified_key, key_pem, new_key
from runtime.clock import Clock
from runtime.store import Store, Write

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="site_ca")

SERIAL_BITS = 120


@attrs.frozen
class Enrolment:
    """What a device with a token asks."""

    token: str
    host: str
    csr_pem: bytes
    time: dt.datetime
    """By its own clock."""
    address: str
    site: str = ""
    """Whose invitation it is; empty where it does not say."""


@attrs.define
class Issuing(Certificates):
    """The one place where certificates of agents are made."""

    site: str
    authority: Authority
    store: Store
    register: Register
    doorman: SiteDoorman
    clock: Clock
    random: Random

    async def enrol(self, asked: Enrolment) -> tuple[Issued, Term]:
        """Issue a certificate for a token; spends it.

        Raises:
            EnrolmentRefusedError: it is not issued, and why; the token is as it was.
            StoreError: it could not be kept, so it was not issued.
        """
        with self._told(asked.address, asked.host):
            host, now = _host(asked.host), self.clock.now()
            if asked.site not in ("", self.site):
                raise refused(Reason.TOKEN_OF_ANOTHER_SITE)
            digest = token_digest(asked.token)
            found = await self.store.read(self.register.invitation(digest))
            _stop(token_problem(found, site=self.site, host=host, now=now))
            _stop(clock_problem(asked.time, now))
            key = certified_key(asked.csr_pem, host)
            made = term(self._serial(), now, OWN_KEY_LIFE)
            certificate = self._certificate(made, host, "", asked.address)
            line = self._line(Act.ISSUED, certificate)
            issued = self._signed(key, host, made)
            await self._kept(self.register.spend(digest, self.site, certificate, line), certificate)
            return issued, made

    @override
    async def issue(
        self,
        *,
        host: str,
        agent_id: str,
        address: str,
        certificate: bytes | None,
        csr_pem: bytes = b"",
    ) -> Issued:
        """Issue a certificate for an agent that calls Register; see `actors.ports.Certificates`."""
        address = host_of(address)
        with self._told(address, host):
            name = _host(host)
            if certificate is None:
                now = Moment.read(self.clock)
                _stop(window_problem(self.doorman.standing.window, address, now))
            issued, made = self._made(name, csr_pem)
            row = self._certificate(made, name, agent_id, address)
            if certificate is None:
                await self._admitted(row)
            else:
                await self._renewed(row, certificate)
            return issued

    async def _admitted(self, row: Certificate) -> None:
        line = self._line(Act.ISSUED, row)
        write = self.register.admit(row, Moment.read(self.clock), line)
        try:
            await self._kept(write, row)
        finally:
            standing = self.doorman.standing
            standing.window = await self.store.read(self.register.standing())

    async def _renewed(self, row: Certificate, old: bytes) -> None:
        shown = self.doorman.shown(old)
        if shown.host != row.host:
            raise refused(Reason.CERTIFICATE_OF_ANOTHER_HOST)
        _stop(self.doorman.problem(shown))
        if row.not_after - row.not_before > shown.not_after - shown.not_before:
            raise refused(
                Reason.CSR_INVALID, "it is renewed for as long as it was issued for: send a request"
            )
        await self._kept(self.register.renew(shown.serial, row, self._line(Act.RENEWED, row)), row)

    def _made(self, host: str, csr_pem: bytes) -> tuple[Issued, Term]:
        now = self.clock.now()
        if csr_pem:
            made = term(self._serial(), now, OWN_KEY_LIFE)
            return self._signed(certified_key(csr_pem, host), host, made), made
        key, made = new_key(), term(self._serial(), now, FIELD_LIFE)
        return attrs.evolve(self._signed(key.public_key(), host, made), key_pem=key_pem(key)), made

    def _signed(self, key: PublicKey, host: str, made: Term) -> Issued:
        pem = self.authority.for_agent(key, self.site, host, made)
        return Issued(self.authority.pem, pem)

    async def _kept(self, write: Write[Reason | None], row: Certificate) -> None:
        [problem] = await self.store.commit(write)
        _stop(problem)
        log.info(
            "certificate_issued", host=row.host, agent_id=row.agent_id, address=row.address,
            serial=row.serial, until=row.not_after.isoformat(),
        )  # fmt: skip

    def _certificate(self, made: Term, host: str, agent_id: str, address: str) -> Certificate:
        return Certificate(
            made.name, host, agent_id, made.not_before, made.not_after, self.clock.now(),
            address=address,
        )  # fmt: skip

    def _line(self, act: Act, row: Certificate) -> Line:
        return Line(self.clock.now(), act, host=row.host, address=row.address, serial=row.serial)

    def _serial(self) -> int:
        return self.random.getrandbits(SERIAL_BITS) + 1

    @contextlib.contextmanager
    def _told(self, address: str, host: str) -> Generator[None]:
        """Note a refusal, and let it go on to who is refused."""
        try:
            yield
        except EnrolmentRefusedError as error:
            shown = folded(host) or ""
            self.doorman.refusals.tell(error.reason, address=address, host=shown)
            raise


def _host(name: str) -> str:
    host = folded(name)
    if host is None:
        raise refused(Reason.HOSTNAME_INVALID)
    return host


def _stop(problem: Reason | None) -> None:
    if problem is not None:
        raise refused(problem)
