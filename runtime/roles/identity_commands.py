"""What an operator may change of identities: each verb of the control socket."""

import datetime as dt
from collections.abc import Mapping

import attrs

from actors.site_ca import TOKEN_LIFE, Office
from runtime.errors import ConflictError
from runtime.roles.control import Body, Change, MissingArgumentError, seconds, text, words

Told = dict[str, object]

_LONGEST_INVITATION_S = 30 * 24 * 3600.0


@attrs.frozen
class IdentityCommands:
    """Obeys operators who invite, revoke, and open the door for a while."""

    office: Office | None
    """None where agents are served without certificates, or not at all."""

    def changes(self) -> Mapping[tuple[str, str], Change]:
        """Map noun and verb to what they do."""
        return {
            ("agent", "invite"): self._invite,
            ("agent", "revoke"): self._revoke,
            ("agent", "open"): self._open,
            ("agent", "close"): self._close,
        }

    async def _invite(self, body: Body) -> Told:
        life = seconds(body, "seconds") or TOKEN_LIFE.total_seconds()
        if life > _LONGEST_INVITATION_S:
            raise MissingArgumentError("seconds", "30 days at most")
        host = text(body, "host")
        invitation = await self._office().invite(
            host, dt.timedelta(seconds=life), text(body, "who"), text(body, "reason", "")
        )
        return {"host": host, "invitation": invitation}

    async def _revoke(self, body: Body) -> Told:
        what = text(body, "what")
        revoked = await self._office().revoke(what, text(body, "who"), words(body, "reason"))
        return {
            "host": revoked[0].host if revoked else what.casefold(),
            "serials": [each.serial for each in revoked],
        }

    async def _open(self, body: Body) -> Told:
        length = seconds(body, "seconds")
        if length is None:
            raise MissingArgumentError("seconds", "a number")
        window = await self._office().open(
            length,
            places=_count(body),
            network="" if body.get("from") is None else words(body, "from"),
            who=text(body, "who"),
            reason=text(body, "reason", ""),
        )
        return {"until": window.until.wall.isoformat(timespec="seconds")}

    async def _close(self, body: Body) -> Told:
        await self._office().close(text(body, "who"), text(body, "reason", ""))
        return {"open": False}

    def _office(self) -> Office:
        if self.office is None:
            raise ConflictError(
                "agents are served without certificates here, or not at all:"
                " set listen.enabled, and not listen.insecure_loopback"
            )
        return self.office


def _count(body: Body) -> int | None:
    value = body.get("count")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise MissingArgumentError("count", "a whole number")
    return value
