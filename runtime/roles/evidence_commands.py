"""What an operator may change of the evidence log: each verb of the control socket."""

import base64
from collections.abc import Mapping

import attrs

from actors.evidence_log.actor import Wish
from actors.requests import BeginEvidenceLog, RotateEvidenceKey
from runtime.mailbox import Mailbox
from runtime.roles.control import Body, Change, text

Told = dict[str, object]


@attrs.frozen
class EvidenceCommands:
    """Obeys operators who change the key, or begin another log."""

    wishes: Mailbox[Wish]

    def changes(self) -> Mapping[tuple[str, str], Change]:
        """Map noun and verb to what they do."""
        return {
            ("evidence", "rotate"): self._rotate,
            ("evidence", "begin"): self._begin,
        }

    async def _rotate(self, body: Body) -> Told:
        wish = RotateEvidenceKey(text(body, "who"), text(body, "reason"))
        key = await wish.ask(self.wishes.post)
        return {
            "fingerprint": key.fingerprint,
            "public": base64.b64encode(key.public).decode(),
            "log": key.log,
            "since_leaf": key.since_leaf,
        }

    async def _begin(self, body: Body) -> Told:
        wish = BeginEvidenceLog(text(body, "who"), text(body, "reason"))
        log = await wish.ask(self.wishes.post)
        return {"log": log.number, "origin": log.origin}
