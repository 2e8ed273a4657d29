"""How an agent comes by its certificate, and when it needs the next."""

import datetime as dt
import json
import re
from typing import cast
from urllib.parse import unquote

import attrs
import trio

from runtime.clock import Clock
from runtime.errors import ArightError
from runtime.hosts.device_certificate import DeviceCertificate, NewKey
from runtime.hosts.pinned_https import pinned_authority, post_json

_INVITATION = re.compile(r"aright-1:([^:\s]+):([a-zA-Z0-9]{26}):([0-9a-fA-F]{64})")

_LOOK_S = 3600.0
"""The wall clock may be set: how long to sleep before another look at it."""


class EnrolmentFailedError(ArightError):
    """The appliance gave no certificate; the reason is its own."""

    def __init__(self, address: str, reason: str, detail: str = "") -> None:
        super().__init__(f"{address}: not enrolled: {reason}{': ' if detail else ''}{detail}")
        self.address, self.reason = address, reason


@attrs.frozen
class Invitation:
    """What an operator handed out, for one host and once."""

    site_id: str
    token: str = attrs.field(repr=False)
    authority_sha256: str

    @classmethod
    def parsed(cls, text: str) -> "Invitation":
        """Read it; raises EnrolmentFailedError, which does not repeat it."""
        if matched := _INVITATION.fullmatch(text.strip()):
            return cls(unquote(matched[1]), matched[2], matched[3].lower())
        raise EnrolmentFailedError(
            "invitation", "malformed", "see `aright agent invite` on the appliance"
        )


@attrs.frozen
class Credentials:
    """The certificate of this agent."""

    device: DeviceCertificate
    host: str
    clock: Clock

    async def enrol(self, invitation: Invitation, address: str, port: int) -> None:
        """Have a key that is made here certified.

        Raises:
            EnrolmentFailedError: the appliance refuses; the reason is a code.
            HttpError: it cannot be reached, or is not the one that invited.
        """
        key = NewKey.made(self.host)
        asked = {
            "site": invitation.site_id,
            "token": invitation.token,
            "hostname": self.host,
            "csr": key.csr_pem.decode(),
            "time": self.clock.now().isoformat(),
        }
        in_thread = trio.to_thread.run_sync
        authority = await in_thread(pinned_authority, address, port, invitation.authority_sha256)
        reply = await in_thread(
            post_json, address, port, "/v1/enrol", json.dumps(asked).encode(), authority
        )
        told = _told(reply.body)
        if reply.status != 200:  # noqa: PLR2004
            reason = told.get("reason") or f"status {reply.status}"
            raise EnrolmentFailedError(f"{address}:{port}", reason, told.get("detail", ""))
        # The authority is the pinned one, whatever the answer says.
        self.device.keep(key, told.get("certificate", "").encode(), authority.encode())

    def renewed(self, key: NewKey, certificate: bytes) -> None:
        """Use the next certificate; raises CertificateError, and the old one stays."""
        self.device.keep(key, certificate)

    async def until_due(self) -> None:
        """Wait until two thirds of the certificate's life are over, by the wall clock."""
        begins, ends = self.device.life()
        due = begins + (ends - begins) * 2 / 3
        while (left := (due - self.clock.now()) / dt.timedelta(seconds=1)) > 0:  # noqa: ASYNC110  a time
            await trio.sleep(min(left, _LOOK_S))


def _told(body: bytes) -> dict[str, str]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(said, dict):
        return {}
    known = cast("dict[str, object]", said)
    return {name: value for name, value in known.items() if isinstance(value, str)}
