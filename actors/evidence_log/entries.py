"""What the log says of itself: that it was begun, and which key signs from where on.  Pure."""

import base64
import json
from collections.abc import Mapping
from urllib.parse import quote

from actors.messages import JSON
from actors.messages.evidence import FactSource, Log, OwedFact, ProofKind, SigningKey

ARIGHT = "aright"
"""Who acted when no person did."""


def origin_of(site: str, number: int) -> str:
    """Name a log of a site; checkpoints and their signatures bear the name."""
    return f"aright/{quote(site, safe='')}/{number}"


def number_of(origin: str) -> int:
    """Read back the number of a log; 0 where the name is none of ours."""
    number = origin.rpartition("/")[2]
    return int(number) if number.isascii() and number.isdigit() else 0


def entry(site: str, kind: str, at: str, who: str, reason: str) -> OwedFact:
    """Give the fact of an entry of the log about itself."""
    return OwedFact(
        source=FactSource.OWED,
        seq=0,
        after=0,
        at=at,
        kind=kind,
        body=json.dumps({"who": who, "reason": reason}),
        site=site,
        proves=ProofKind.LOG,
    )


def begun(log: Log, key: SigningKey, before: Mapping[str, JSON] | None) -> Mapping[str, JSON]:
    """Say which log begins, with which key, and what stood before it."""
    told: dict[str, JSON] = {"origin": log.origin, "key": _key(key)}
    return told if before is None else {**told, "before": before}


def rotated(log: Log, old: SigningKey, new: SigningKey) -> Mapping[str, JSON]:
    """Say which key signs after which; the entry is signed by both."""
    return {"origin": log.origin, "old_key": _key(old), "key": _key(new)}


def _key(key: SigningKey) -> Mapping[str, JSON]:
    return {"fingerprint": key.fingerprint, "public": base64.b64encode(key.public).decode()}
