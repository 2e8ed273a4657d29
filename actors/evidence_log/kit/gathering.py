"""Gathering a kit: what was asked for out of the log, each statement under the head that says most.

That is the smallest head of those whose anchors came furthest; where none is anchored, the newest.
"""

import datetime as dt
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar, cast

import attrs

from actors.evidence_log.envelope import Envelope
from actors.evidence_log.kit.parts import KitHead, KitKey, KitParts, KitStatement
from actors.evidence_log.kit.trust import vouched
from actors.messages import JSON
from actors.messages.anchor import Anchor
from actors.messages.evidence import Head, Logged, SigningKey
from actors.ports import EvidenceReads
from runtime.errors import EvidenceFormatError, InvalidRequestError, NotFoundError
from runtime.store import Query

T = TypeVar("T")


class Ask(Protocol):
    """Answers a question to the store; all of one kit see the same commits."""

    def __call__(self, query: Query[T], /) -> T:
        """Answer it."""
        ...


@attrs.frozen
class Selection:
    """What a kit is to hold."""

    incident: str = ""
    control: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None

    @property
    def told(self) -> Mapping[str, JSON]:
        """Give it as the manifest says it."""
        given: dict[str, JSON] = {"incident": self.incident, "control": self.control}
        given |= {"since": _spelled(self.since), "until": _spelled(self.until)}
        return {name: value for name, value in given.items() if value}


@attrs.frozen
class Sources:
    """Where a kit comes from."""

    ask: Ask
    reads: EvidenceReads
    anchor_over: Callable[[int, int], Query[Anchor | None]]
    """The furthest anchor of a head that is over a leaf of a log."""
    anchoring: bool


def gathered(
    sources: Sources, selection: Selection, site: str, made_at: str, version: str
) -> KitParts:
    """Gather a kit.

    Raises:
        InvalidRequestError: nothing is selected by.
        NotFoundError: nothing that is selected is in the log, or under a head yet.
    """
    if not selection.told:
        raise InvalidRequestError("say which: --incident, --control or --since")
    return _Gathering(sources).whole(selection, site, made_at, version)


@attrs.define
class _Gathering:
    sources: Sources
    newest: dict[int, Head | None] = attrs.field(factory=dict[int, Head | None])
    over: dict[int, Anchor | None] = attrs.field(factory=dict[int, Anchor | None])
    """The last anchor that was found in each log: it is over many leaves in a row."""
    heads: dict[tuple[int, int], KitHead] = attrs.field(factory=dict[tuple[int, int], KitHead])
    headers: dict[int, bytes] = attrs.field(factory=dict[int, bytes])

    def whole(self, selection: Selection, site: str, made_at: str, version: str) -> KitParts:
        ask, reads = self.sources.ask, self.sources.reads
        found = ask(
            reads.statements(
                incident_id=selection.incident,
                control=selection.control,
                since=selection.since,
                until=selection.until,
            )
        )
        keys = ask(reads.keys())
        linked = _linked(keys)
        changed = [ask(reads.statement(key.log, key.since_leaf - 1)) for key in _changed(keys)]
        changes = [each for each in changed if each.log in linked and _is_of(site, each)]
        logs = {log.number: log.origin for log in ask(reads.logs())}
        ours = [each for each in found if each.log in linked and _is_of(site, each)]
        wanted = {(each.log, each.leaf): each for each in ours}
        kept = {place: each for place, each in wanted.items() if each.envelope is not None}
        shown = {**kept, **{(each.log, each.leaf): each for each in changes}}
        statements = list(self._shown(shown[place] for place in sorted(shown)))
        if kept.keys().isdisjoint((each.log, each.leaf) for each in statements):
            _nothing(selection, found, ours)
        heads = tuple(self._with_growth())
        return KitParts(
            site=site,
            made_at=made_at,
            version=version,
            selection=selection.told,
            anchoring=self.sources.anchoring,
            keys=_told(key for key in keys if key.log in linked),
            origins={log: logs[log] for log in {head.log for head in heads}},
            heads=heads,
            statements=tuple(statements),
            purged=tuple(sorted(wanted.keys() - kept.keys())),
            waiting=len(shown) - len(statements),
            left_out=len(found) - len(wanted),
            headers=_headers(self.headers),
        )

    def _shown(self, logged: Iterable[Logged]) -> Iterator[KitStatement]:
        for each in logged:
            head = self._head_over(each.log, each.leaf)
            if head is not None and each.envelope is not None:
                inclusion = self.sources.reads.inclusion(each.log, each.leaf, head.size)
                path = tuple(self.sources.ask(inclusion))
                yield KitStatement(each.log, each.leaf, each.envelope, head.size, path)

    def _head_over(self, log: int, leaf: int) -> KitHead | None:
        anchor = self.over.get(log)
        if anchor is None or anchor.size <= leaf:
            anchor = self.sources.ask(self.sources.anchor_over(log, leaf))
            self.over[log] = anchor
        if anchor is not None and anchor.proof is not None:
            if anchor.height is not None and anchor.header is not None:
                self.headers[anchor.height] = anchor.header
            return self._kept(KitHead(log, anchor.size, anchor.note, anchor.proof))
        if log not in self.newest:
            self.newest[log] = self.sources.ask(self.sources.reads.last_head(log))
        head = self.newest[log]
        if head is None or head.size <= leaf:
            return None
        return self._kept(KitHead(log, head.size, head.note))

    def _kept(self, head: KitHead) -> KitHead:
        return self.heads.setdefault((head.log, head.size), head)

    def _with_growth(self) -> Iterator[KitHead]:
        before: KitHead | None = None
        for _, head in sorted(self.heads.items()):
            if before is not None and before.log == head.log:
                grew = self.sources.reads.consistency(head.log, before.size, head.size)
                yield attrs.evolve(head, grew=tuple(self.sources.ask(grew)))
            else:
                yield head
            before = head


def _is_of(site: str, logged: Logged) -> bool:
    """Say whether a statement is of the site as it is named now: a kit is of one site.

    What was purged is counted with the rest.
    """
    if logged.envelope is None:
        return True
    try:
        stated = cast("Mapping[str, JSON]", json.loads(Envelope.parse(logged.envelope).payload))
        return cast("Mapping[str, JSON]", stated["predicate"])["site"] == site
    except (ValueError, LookupError, TypeError, EvidenceFormatError):
        return True  # that it was overwritten is for whoever checks the kit to find


def _changed(keys: Sequence[SigningKey]) -> list[SigningKey]:
    """Give the keys that an entry of their log made the one that signs."""
    return [key for key in keys if key.since_leaf > 0]


def _linked(keys: Sequence[SigningKey]) -> frozenset[int]:
    """Give the logs all of whose keys are linked with the one that signs today.

    A log that began anew after its key was lost is not: nobody could tell it from a forged one.
    """
    if not keys:
        return frozenset()
    changes = [
        frozenset((old.fingerprint, new.fingerprint))
        for old, new in itertools.pairwise(keys)
        if new.since_leaf > 0
    ]
    trusted = vouched(keys[-1].fingerprint, changes)
    strangers = {key.log for key in keys if key.fingerprint not in trusted}
    return frozenset({key.log for key in keys} - strangers)


def _told(keys: Iterable[SigningKey]) -> tuple[KitKey, ...]:
    by_fingerprint = {key.fingerprint: KitKey(key.fingerprint, key.public) for key in keys}
    return tuple(by_fingerprint.values())


def _headers(headers: Mapping[int, bytes]) -> bytes:
    told = {str(height): {"header": raw.hex()} for height, raw in sorted(headers.items())}
    return json.dumps(told).encode()


def _nothing(selection: Selection, found: Sequence[Logged], ours: Sequence[Logged]) -> None:
    asked = ", ".join(f"{name} {value}" for name, value in selection.told.items())
    if not found:
        raise NotFoundError("statement", f"of {asked}")
    if not ours:
        raise NotFoundError("statement", f"of {asked}: all are of another key, or site_id")
    if all(each.envelope is None for each in ours):
        raise NotFoundError("statement", f"of {asked}: all were purged after retention")
    raise NotFoundError("statement", f"of {asked} that can be shown yet: wait for the next head")


def _spelled(instant: dt.datetime | None) -> str:
    return "" if instant is None else instant.isoformat()
