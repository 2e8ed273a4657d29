"""Kits for auditors, from a state directory and back: gathered, signed, and judged offline."""

import sqlite3
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import attrs

from actors.anchorer.guards import ProofError
from actors.anchorer.headers import Header, HeadersFile, read_headers
from actors.anchorer.proof import read_proof
from actors.anchorer.sqlite import SqliteAnchors
from actors.anchorer.verdict import judge
from actors.evidence_log import SqliteEvidenceReads
from actors.evidence_log.envelope import Signer
from actors.evidence_log.files import KeyFiles
from actors.evidence_log.kit.checking import check_kit
from actors.evidence_log.kit.gathering import Selection, Sources, gathered
from actors.evidence_log.kit.making import make_kit
from actors.evidence_log.kit.parts import KitParts
from actors.evidence_log.kit.trust import fingerprint_in
from actors.evidence_log.kit.verdict import AnchorWord, JudgeAnchor, KitVerdict, OpenHeaders
from runtime.clock import Clock
from runtime.errors import EvidenceFormatError, InvalidFileError, StateDirError
from runtime.roles.views import open_journal
from runtime.settings import Settings
from runtime.store import Query

__all__ = ["Made", "Selection", "judged_kit", "made_kit", "opened_headers"]

T = TypeVar("T")


@attrs.frozen
class Made:
    """A kit, and what is in it."""

    data: bytes = attrs.field(repr=False)
    parts: KitParts = attrs.field(repr=False)
    fingerprint: str
    """Of the key that signed it: to be told to auditors by another way."""


def made_kit(settings: Settings, selection: Selection, clock: Clock) -> Made:
    """Make a kit of what an appliance keeps, whether it runs or not.

    Raises:
        StateDirError: there is no journal or no key, or it cannot be read.
        InvalidRequestError, NotFoundError: of the selection; see `gathered`.
        KitTooLargeError: it is more than one file holds.
    """
    state_dir = settings.state_path
    with open_journal(state_dir) as connection:
        connection.execute("BEGIN")  # all of it sees the same commits

        def ask(query: Query[T]) -> T:
            return query(connection)

        sources = Sources(
            ask, SqliteEvidenceReads(), SqliteAnchors().anchor_over, settings.anchor.enabled
        )
        made_at = clock.now().isoformat(timespec="seconds")
        parts = gathered(sources, selection, settings.site_id, made_at, version("aright"))
        signer = _signer(state_dir, connection)
    return Made(make_kit(parts, signer), parts, signer.fingerprint)


def judged_kit(data: bytes, key: str | None, headers: bytes | None) -> KitVerdict:
    """Judge a kit.

    Args:
        data: the file.
        key: of the site, known from elsewhere, as `fingerprint_in` reads it.
        headers: a file of the auditor's own; they stand before those in the kit.

    Raises:
        EvidenceFormatError, InvalidFileError: key or headers are none.
    """
    own = None if headers is None else read_headers("headers", headers)
    known = None if key is None else fingerprint_in(key)
    return check_kit(data, opened_headers(own), known)


def opened_headers(own: HeadersFile | None) -> OpenHeaders:
    """Give what reads the headers in a kit and judges anchors by them."""

    def opened(data: bytes) -> JudgeAnchor:
        try:
            kept = read_headers("headers.json", data)
        except InvalidFileError as error:
            raise EvidenceFormatError("bad_headers", str(error)) from error

        @lru_cache
        def at(height: int) -> Header | None:
            mine = None if own is None else own.at(height)
            return mine or kept.at(height)

        return lambda ots, digest: _word(ots, digest, at)

    return opened


def _word(ots: bytes, digest: bytes, at: Callable[[int], Header | None]) -> AnchorWord:
    try:
        verdict = judge(read_proof(ots), at, digest)
    except ProofError:
        return AnchorWord("refused")
    outcome, header = verdict.outcome.value, verdict.header
    if header is None:
        return AnchorWord(outcome)
    return AnchorWord(outcome, verdict.height, header.id.hex(), header.time.isoformat())


def _signer(state_dir: Path, connection: sqlite3.Connection) -> Signer:
    """Find the private key of the key that signs today."""
    keys, held = SqliteEvidenceReads().keys()(connection), KeyFiles(state_dir).held()
    if not keys or keys[-1].fingerprint not in held:
        raise StateDirError(f"{state_dir}: the key that signs the evidence log is not there")
    return held[keys[-1].fingerprint]
