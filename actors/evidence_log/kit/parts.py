"""What a kit consists of, and under which names."""

import re
from collections.abc import Mapping
from typing import Final

import attrs

from actors.messages import JSON
from runtime.errors import EvidenceFormatError

MANIFEST: Final = "manifest.dsse.json"
README: Final = "README.txt"
SCRIPT: Final = "verify.py"
HEADERS: Final = "headers.json"
LOOSE: Final = frozenset({MANIFEST, README, SCRIPT, HEADERS})
"""The members that are no statement, head or growth."""

_DIGITS: Final = 12
"""Of a leaf and of a size in a name: so they sort as numbers."""
_MEMBER: Final = re.compile(
    r"(?:statements/(?P<log>[1-9][0-9]{0,5})/(?P<leaf>[0-9]{12})\.(?P<what>dsse\.json|tlog-proof)"
    r"|logs/(?P<of>[1-9][0-9]{0,5})/(?P<size>[0-9]{12})\.(?P<head>checkpoint(?:\.ots)?)"
    r"|logs/(?P<in>[1-9][0-9]{0,5})/(?P<old>[0-9]{12})-(?P<new>[0-9]{12})\.consistency\.json)",
    re.ASCII,
)


@attrs.frozen
class KitStatement:
    """A leaf of a log, with the way to a head."""

    log: int
    leaf: int
    envelope: bytes
    """The leaf itself."""
    head: int
    """The size of the head under which it is shown."""
    path: tuple[bytes, ...]


@attrs.frozen
class KitHead:
    """A signed head of a log."""

    log: int
    size: int
    note: bytes
    ots: bytes | None = None
    """An OpenTimestamps proof over the note."""
    grew: tuple[bytes, ...] | None = None
    """The consistency proof from the kit's next smaller head of this log; the first has none."""


@attrs.frozen
class KitKey:
    """A public key that signed something in the kit."""

    fingerprint: str
    public: bytes


@attrs.frozen
class KitParts:
    """Everything in a kit but what follows from it."""

    site: str
    made_at: str
    version: str
    selection: Mapping[str, JSON]
    """What was asked for."""
    anchoring: bool
    """Whether the site anchors its heads: one without an anchor is then pending."""
    keys: tuple[KitKey, ...]
    origins: Mapping[int, str]
    """Log -> its name in checkpoints."""
    heads: tuple[KitHead, ...]
    statements: tuple[KitStatement, ...]
    purged: tuple[tuple[int, int], ...] = ()
    """Log and leaf of what was selected and is no more kept."""
    waiting: int = 0
    """Statements of the selection that no head was signed over yet: they are not in the kit."""
    left_out: int = 0
    """Statements of logs whose key no entry links with the one that signs today, and those that
    name the site otherwise than it is named today."""
    headers: bytes = b"{}"
    """Bitcoin headers by height: JSON in the form that `aright ots verify --headers` reads."""


@attrs.frozen
class Name:
    """A member's name, taken apart."""

    kind: str
    """`dsse.json`, `tlog-proof`, `checkpoint`, `checkpoint.ots` or `consistency`."""
    log: int
    number: int
    """A leaf, or a size."""
    before: int = 0
    """The older size of a growth."""

    @classmethod
    def parse(cls, name: str) -> "Name":
        """Read a member's name.

        Raises:
            EvidenceFormatError: no kit has a member of this name.
        """
        found = _MEMBER.fullmatch(name)
        if found is None:
            raise EvidenceFormatError("bad_layout", f"a kit has no member {name[:60]!r}")
        if found["log"]:
            return cls(found["what"], int(found["log"]), int(found["leaf"]))
        if found["of"]:
            return cls(found["head"], int(found["of"]), int(found["size"]))
        return cls("consistency", int(found["in"]), int(found["new"]), int(found["old"]))


def statement_name(log: int, leaf: int, kind: str = "dsse.json") -> str:
    """Spell where a statement stands, or its proof (`tlog-proof`)."""
    return f"statements/{log}/{leaf:0{_DIGITS}}.{kind}"


def head_name(log: int, size: int) -> str:
    """Spell where a head stands; its anchor has `.ots` behind it, as its tools want it."""
    return f"logs/{log}/{size:0{_DIGITS}}.checkpoint"


def growth_name(log: int, old: int, new: int) -> str:
    """Spell where the proof stands that a log only grew."""
    return f"logs/{log}/{old:0{_DIGITS}}-{new:0{_DIGITS}}.consistency.json"
