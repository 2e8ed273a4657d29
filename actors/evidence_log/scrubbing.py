"""How a fact's own words go through the scrubber: each text once, for most say the same."""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Final, cast

from actors.evidence_log.canonical import canonical, whole
from actors.evidence_log.statement import Scrub
from actors.messages import JSON
from runtime.scrub import Json, Scrubbed

_REMEMBERED: Final = 2048


def scrub_with(document: Callable[[Json], Scrubbed]) -> Scrub:
    """Scrub JSON by what scrubs structured data; what that raises, this raises."""

    @lru_cache(_REMEMBERED)
    def scrub(text: str) -> bytes:
        clean = document(cast("Json", json.loads(text)))
        return canonical(whole(cast("JSON", json.loads(clean.text))))

    return scrub
