"""What Slack says on a Socket Mode connection, taken apart.  Pure.

Source: docs.slack.dev, Socket Mode; interaction payloads of type block_actions.
"""

import json
import re
from collections.abc import Mapping
from typing import TypeAlias, cast

import attrs

from actors.escalator.render_slack import ACK, APPROVE, REJECT

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_ACTIONS = frozenset({ACK, APPROVE, REJECT})


@attrs.frozen
class Hello:
    """The connection serves."""


@attrs.frozen
class Disconnect:
    """The connection will end soon: `warning`, `refresh_requested`; or `link_disabled`."""

    reason: str


@attrs.frozen
class Click:
    """A person pressed a button of ours."""

    action: str
    """`aright_ack`, `aright_approve` or `aright_reject`."""
    ticket_id: str
    incident_id: str
    """Empty for `aright_ack`."""
    user_id: str
    user_name: str
    channel_id: str

    @property
    def who(self) -> str:
        """Name the person, as histories do."""
        return f"slack:{self.user_id}" + (f" ({self.user_name})" if self.user_name else "")


@attrs.frozen
class Envelope:
    """Something that must be acknowledged within three seconds, whatever it is."""

    id: str
    clicks: tuple[Click, ...]
    """Empty where it is nothing of ours."""


Said: TypeAlias = Hello | Disconnect | Envelope | None
"""None: nonsense, or nothing that concerns us."""


def said(text: str) -> Said:
    """Take one message apart."""
    try:
        told = _mapping(json.loads(text))
    except (ValueError, RecursionError):
        return None
    match told.get("type"):
        case "hello":
            return Hello()
        case "disconnect":
            return Disconnect(_named(told.get("reason")) or "unknown")
        case kind:
            envelope_id = _named(told.get("envelope_id"))
            if not envelope_id:
                return None
            payload = _mapping(told.get("payload"))
            ours = kind == "interactive" and payload.get("type") == "block_actions"
            return Envelope(envelope_id, tuple(_clicks(payload)) if ours else ())


def _clicks(payload: Mapping[str, object]) -> list[Click]:
    user, channel = _mapping(payload.get("user")), _mapping(payload.get("channel"))
    user_id = _named(user.get("id"))
    actions = payload.get("actions")
    if not user_id or not isinstance(actions, list):
        return []
    clicks: list[Click] = []
    for each in cast("list[object]", actions):
        action = _mapping(each)
        name, value = action.get("action_id"), action.get("value")
        if isinstance(name, str) and name in _ACTIONS and isinstance(value, str):
            ticket_id, _, incident_id = value.partition("/")
            if _named(ticket_id) and (name == ACK or _named(incident_id)):
                person = _NAME.sub("", str(user.get("username") or user.get("name") or ""))[:64]
                click = Click(
                    name, ticket_id, incident_id, user_id, person, _named(channel.get("id"))
                )
                clicks.append(click)
    return clicks


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _named(value: object) -> str:
    """Take what has the form of an id; empty for everything else."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""
