"""The manifest of a kit: an in-toto statement whose subjects are the members."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Final, cast

import attrs

from actors.evidence_log.canonical import canonical
from actors.evidence_log.envelope import fingerprint_of
from actors.evidence_log.kit import parts as names
from actors.evidence_log.kit.parts import KitKey, KitParts
from actors.messages import JSON
from runtime.errors import EvidenceFormatError

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:aright:evidence:kit:v1"


@attrs.frozen
class Manifest:
    """What a kit says of itself."""

    site: str
    made_at: str
    selection: JSON
    anchoring: JSON
    """False: its heads need no anchors."""
    keys: Mapping[str, bytes]
    """Fingerprint -> public key."""
    origins: Mapping[int, str]
    purged: int
    subjects: Sequence[tuple[str, str]]
    """Name and SHA-256 of each member, in hexadecimal."""

    @classmethod
    def parse(cls, payload: bytes) -> "Manifest":
        """Read the payload of a manifest's envelope.

        Raises:
            EvidenceFormatError: it is none.
        """
        try:
            return cls._of(cast("Mapping[str, JSON]", json.loads(payload)))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise EvidenceFormatError("bad_manifest", "the kit's manifest is none") from error

    @classmethod
    def _of(cls, told: Mapping[str, JSON]) -> "Manifest":
        if (told["_type"], told["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
            raise ValueError("another type")
        predicate = _mapping(told["predicate"])
        keys = [_key(_mapping(key)) for key in _list(predicate["keys"])]
        logs = [_mapping(log) for log in _list(predicate["logs"])]
        subjects = [_mapping(subject) for subject in _list(told["subject"])]
        return cls(
            site=_word(predicate["site"]),
            made_at=_word(predicate["made_at"]),
            selection=predicate["selection"],
            anchoring=predicate["anchoring"],
            keys={key.fingerprint: key.public for key in keys},
            origins={_number(log["number"]): _text(log["origin"]) for log in logs},
            purged=len(_list(predicate["purged"])),
            subjects=[
                (_text(each["name"]), _text(_mapping(each["digest"])["sha256"]))
                for each in subjects
            ],
        )


def manifest_of(parts: KitParts, members: Mapping[str, bytes]) -> bytes:
    """State a kit."""
    predicate: dict[str, JSON] = {
        "anchoring": parts.anchoring,
        "aright": parts.version,
        "keys": [
            {"fingerprint": key.fingerprint, "public": base64.b64encode(key.public).decode()}
            for key in parts.keys
        ],
        "logs": [
            {"number": number, "origin": origin} for number, origin in sorted(parts.origins.items())
        ],
        "left_out": parts.left_out,
        "made_at": parts.made_at,
        "purged": [[log, leaf] for log, leaf in parts.purged],
        "selection": parts.selection,
        "site": parts.site,
        "waiting": parts.waiting,
    }
    subjects: list[JSON] = [
        {"name": name, "digest": {"sha256": digest}} for name, digest in digests_of(members)
    ]
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "predicateType": PREDICATE_TYPE,
            "predicate": predicate,
            "subject": subjects,
        }
    )


def digests_of(members: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Give name and SHA-256 of each member but the manifest, in the order of their names."""
    return [
        (name, hashlib.sha256(data).hexdigest())
        for name, data in sorted(members.items())
        if name != names.MANIFEST
    ]


def _key(told: Mapping[str, JSON]) -> KitKey:
    public = base64.b64decode(_text(told["public"]), validate=True)
    key = KitKey(fingerprint_of(public), public)
    if len(public) != 32 or told["fingerprint"] != key.fingerprint:  # noqa: PLR2004  Ed25519
        raise ValueError("a key that is not the one its fingerprint says")
    return key


def _mapping(value: JSON) -> Mapping[str, JSON]:
    if not isinstance(value, dict):
        raise TypeError("not a mapping")
    return cast("Mapping[str, JSON]", value)


def _list(value: JSON) -> list[JSON]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _text(value: JSON) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _word(value: JSON) -> str:
    """Read what is shown to people: it begins no line of its own, and moves no cursor."""
    word = _text(value)
    if not word.isprintable():
        raise ValueError("not a word")
    return word


def _number(value: JSON) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("not a number")
    return value
