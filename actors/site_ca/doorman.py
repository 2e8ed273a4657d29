"""Who may come in by the agent port: by certificate, or while an enrolment window is open."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import NoReturn

import attrs
from typing_extensions import override

from actors.messages import Moment
from actors.ports import EnrolmentRefusedError
from actors.site_ca.core import Reason, Shown, caller_problem, host_of, window_problem, words
from actors.site_ca.refusals import Refusals
from actors.site_ca.standing import Standing
from actors.site_ca.x509 import Authority
from runtime.clock import Clock
from runtime.hosts.grpc import Caller, Code, Doorman, RefusedCallError

REGISTER = "/compliance.ComplianceAgent/Register"
"""The one call that an agent without a certificate may make."""

_KNOWN = 4096
_FORBIDDEN: Mapping[str, Code] = dict.fromkeys(
    (Reason.CERTIFICATE_REVOKED.value, Reason.WINDOW_ELSEWHERE.value), Code.PERMISSION_DENIED
)
"""Reasons that no better certificate would mend; the others are UNAUTHENTICATED."""


@attrs.define
class SiteDoorman(Doorman):
    """Knows the certificates of a site, and which of them were revoked."""

    site: str
    authority: Authority
    standing: Standing
    clock: Clock
    refusals: Refusals
    _known: OrderedDict[bytes, Shown] = attrs.field(factory=OrderedDict[bytes, Shown], init=False)
    """By the certificate's digest: reading one takes longer than all else at the door."""

    @override
    def identify(self, address: str, certificate: bytes) -> str:
        """Name the host of a certificate.

        Raises:
            RefusedCallError: it is of another site or authority, expired, or revoked.
        """
        shown = self._read(address, certificate)
        self._check(address, shown)
        return shown.host

    @override
    def admit(self, caller: Caller, path: str) -> None:
        """Let a call begin, or go on.

        Raises:
            RefusedCallError: without a certificate, unless it is Register and a window is open for
                that address; with one that has expired or was revoked meanwhile.
        """
        if caller.certificate is not None:
            self._check(caller.address, self._read(caller.address, caller.certificate))
        elif path != REGISTER:
            self._refuse(Reason.CERTIFICATE_NEEDED, caller.address)
        else:
            address, now = host_of(caller.address), Moment.read(self.clock)
            if problem := window_problem(self.standing.window, address, now):
                self._refuse(problem, caller.address)

    def shown(self, certificate: bytes) -> Shown:
        """Read a certificate; raises EnrolmentRefusedError where it is no agent's of this site."""
        key = hashlib.sha256(certificate).digest()
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self.authority.reads(certificate)
            if len(self._known) > _KNOWN:
                self._known.popitem(last=False)
        return found

    def problem(self, shown: Shown) -> Reason | None:
        """Say why who shows this certificate is not let in; None if it is."""
        revoked = shown.serial in self.standing.revoked
        return caller_problem(shown, site=self.site, now=self.clock.now(), revoked=revoked)

    def _read(self, address: str, certificate: bytes) -> Shown:
        try:
            return self.shown(certificate)
        except EnrolmentRefusedError as error:
            self._refuse(Reason(error.reason), address)

    def _check(self, address: str, shown: Shown) -> None:
        if problem := self.problem(shown):
            self._refuse(problem, address, shown)

    def _refuse(self, reason: Reason, address: str, shown: Shown | None = None) -> NoReturn:
        self.refusals.tell(
            reason.value,
            address=host_of(address),
            host=shown.host if shown else "",
            serial=shown.serial if shown else "",
        )
        raise RefusedCallError(_FORBIDDEN.get(reason.value, Code.UNAUTHENTICATED), words(reason))
