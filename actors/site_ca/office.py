"""What operators say of identities: invite, revoke, open and close; and what closes by itself."""

import base64
import datetime as dt
from collections.abc import Callable
from random import Random
from urllib.parse import quote

import attrs
import structlog

from actors.messages import Moment
from actors.site_ca.core import (
    LONGEST_WINDOW_S,
    MOST_PLACES,
    Certificate,
    Invitation,
    Window,
    folded,
    network_problem,
    token_digest,
)
from actors.site_ca.standing import Standing
from actors.site_ca.store import Act, Line, Register
from runtime.by_heart import commit_and_learn
from runtime.clock import Clock
from runtime.errors import ConflictError, InvalidRequestError
from runtime.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="site_ca")

_TOKEN_BITS = 128


@attrs.define
class Office:
    """Obeys operators; each word of theirs is a line of the audit, in the same commit."""

    site: str
    authority_sha256: str
    store: Store
    register: Register
    standing: Standing
    clock: Clock
    random: Random
    changed: Callable[[], None] = lambda: None
    """Is called when a window was opened."""

    async def invite(self, host: str, life: dt.timedelta, who: str, reason: str) -> str:
        """Make an invitation for the agent of a host; give its text, which is kept nowhere.

        Raises:
            InvalidRequestError: the host cannot be called so.
        """
        name, now = folded(host), self.clock.now()
        if name is None:
            raise InvalidRequestError(f"{host!r} is no host name: letters, digits, '-', '_', '.'")
        token = _spelled(self.random.getrandbits(_TOKEN_BITS))
        invitation = Invitation(token_digest(token), self.site, name, now, now + life, who)
        line = Line(now, Act.INVITED, who, name, reason=reason)
        await self.store.commit(self.register.invite(invitation, line))
        log.info("invited", host=name, until=invitation.expires_at.isoformat())
        return f"aright-1:{quote(self.site, safe='')}:{token}:{self.authority_sha256}"

    async def revoke(self, what: str, who: str, reason: str) -> list[Certificate]:
        """Revoke a certificate by its serial, or all valid ones of a host, and its invitations.

        Raises:
            NotFoundError: there is none that is valid.
        """
        line = Line(self.clock.now(), Act.REVOKED, who, reason=reason)
        revoked = await commit_and_learn(
            self.store,
            self.register.revoke(what, line),
            lambda them: self.standing.revoked.update(each.serial for each in them),
        )
        for each in revoked:
            log.info("certificate_revoked", host=each.host, serial=each.serial)
        return list(revoked)

    async def open(
        self, seconds: float, *, places: int | None, network: str, who: str, reason: str
    ) -> Window:
        """Open an enrolment window, in place of one that is open.

        Raises:
            InvalidRequestError: it would be too long, let in nobody, or for no CIDR block.
        """
        if not 0 < seconds <= LONGEST_WINDOW_S:
            raise InvalidRequestError("a window is open for 24 hours at most")
        if places is not None and not 1 <= places <= MOST_PLACES:
            raise InvalidRequestError(f"a window lets in one at least, and {MOST_PLACES:,} at most")
        if network and (problem := network_problem(network)):
            raise InvalidRequestError(f"no CIDR block: {problem}")
        now = Moment.read(self.clock)
        wish = Window(0, now, now.after(seconds), who, places, network)
        line = Line(now.wall, Act.OPENED, who, address=network, reason=reason)

        def learn(window: Window) -> None:
            self.standing.window = window
            self.changed()

        window = await commit_and_learn(self.store, self.register.open(wish, line), learn)
        log.info("enrolment_opened", seconds=seconds, places=places, network=network)
        return window

    async def close(self, who: str, reason: str) -> Window:
        """Close the enrolment window; raises ConflictError where none is open."""
        line = Line(self.clock.now(), Act.CLOSED, who, reason=reason)

        def learn(_: Window | None) -> None:
            self.standing.window = None

        closed = await commit_and_learn(self.store, self.register.close(line), learn)
        if closed is None:
            raise ConflictError("no enrolment window is open")
        log.info("enrolment_closed", reason=reason)
        return closed

    async def close_when_over(self) -> None:
        """Close the window if its time is over; until then it lets nobody in already."""
        window, now = self.standing.window, Moment.read(self.clock)
        if window is None or window.is_open(now):
            return
        line = Line(now.wall, Act.CLOSED, reason="its time was over")
        [closed] = await self.store.commit(self.register.close(line, window.id))
        if self.standing.window == window:
            self.standing.window = None
        if closed is not None:
            log.info("enrolment_closed", reason=line.reason)


def _spelled(token: int) -> str:
    return base64.b32encode(token.to_bytes(_TOKEN_BITS // 8)).decode().rstrip("=")
