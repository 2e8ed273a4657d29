"""The exact action whose attempts are counted together: nothing of it may differ.  Pure."""

import hashlib
from collections.abc import Mapping
from typing import Final

import attrs

from actors.messages import JSON
from runtime.codec import to_json

RULE_PREFIX: Final = "FLY-"
"""With it begins the id of every rule that the flywheel writes."""


@attrs.frozen
class Pattern:
    """A drift of one kind and what was done about it, to the last param."""

    signature: str
    """Of the drift, as the planner named it."""
    check: str
    platform: str
    kind: str
    """Of the answer, as `drift_kind` names it."""
    runbook_id: str
    params: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])

    @property
    def spelled_params(self) -> str:
        """Spell the params in their one spelling."""
        return to_json(self.params)

    @property
    def id(self) -> str:
        """Name it shortly; params in another order are the same params."""
        text = to_json(self).encode("utf-8", "surrogatepass")
        return hashlib.sha256(text).hexdigest()[:16]

    @property
    def rule_id(self) -> str:
        """Name the rule that it becomes; the same one each time."""
        return f"{RULE_PREFIX}{self.id}"


def pattern_id_of(name: str) -> str:
    """Give the id of a pattern from what a person typed: its id, or that of its rule."""
    return name.removeprefix(RULE_PREFIX)
