"""Judging a kit: nothing is believed that was not signed, logged and, in the end, anchored.

What contradicts is told before what is missing.  A kit in which one bit is not as it was written is
found out by its archive or its manifest; all further steps are for kits that somebody wrote anew.
The verifier that goes into each kit takes the same steps in the same order, by code of its own.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Final, cast

import attrs

from actors.evidence_log.envelope import Envelope
from actors.evidence_log.kit import parts as names
from actors.evidence_log.kit.archive import unpacked
from actors.evidence_log.kit.layout import Layout
from actors.evidence_log.kit.manifest import STATEMENT_TYPE, Manifest, digests_of
from actors.evidence_log.kit.trust import vouched
from actors.evidence_log.kit.verdict import (
    Anchored,
    AnchorWord,
    JudgeAnchor,
    KitMismatchError,
    KitVerdict,
    OpenHeaders,
    Outcome,
)
from actors.evidence_log.tlog import rfc6962
from actors.evidence_log.tlog.checking import verify_consistency
from actors.evidence_log.tlog.checkpoint import Checkpoint
from actors.evidence_log.tlog.hashing import leaf_hash
from actors.evidence_log.tlog.notes import Note, NoteKey, SignatureError
from actors.evidence_log.tlog.proof_text import ProofText
from runtime.errors import EvidenceFormatError

_BEGIN: Final = b'{"_type":"%b","predicate":' % STATEMENT_TYPE.encode()
_AFTER: Final = b',"predicateType":'
_CHANGE: Final = "urn:aright:evidence:log:v1"
"""The type of statements about the log itself: also of a change of its key."""
_SHA256: Final = 0x08
_AT_DIGEST_KIND: Final = 32
"""Where an OpenTimestamps file says by which function its digest was made."""


def check_kit(data: bytes, headers: OpenHeaders, fingerprint: str | None = None) -> KitVerdict:
    """Judge a kit's file.

    Args:
        data: the file.
        headers: opens those of the kit, and judges anchors by them.
        fingerprint: of a key of the site, known from outside the kit.  None: the best outcome is
            `unchecked`.
    """
    check = _Check(headers, fingerprint)
    try:
        return check.whole(data)
    except EvidenceFormatError as error:
        return check.ended(Outcome.UNUSABLE, error.reason)
    except KitMismatchError as error:
        return check.ended(Outcome.MISMATCH, error.reason)


@attrs.define
class _Check:
    """One kit on its way to a verdict; what was found so far, and where one stands."""

    headers: OpenHeaders
    known: str | None
    where: str | None = None
    manifest: Manifest | None = None
    signer: str | None = None
    members: Mapping[str, bytes] = attrs.field(factory=dict[str, bytes])
    sizes: dict[tuple[int, bytes], int] = attrs.field(factory=dict[tuple[int, bytes], int])
    """Log and head, byte for byte: most proofs lead to few heads."""
    heads: dict[tuple[int, int], Checkpoint] = attrs.field(
        factory=dict[tuple[int, int], Checkpoint]
    )
    signers: set[str] = attrs.field(factory=set[str])
    changes: list[frozenset[str]] = attrs.field(factory=list[frozenset[str]])
    under: Counter[tuple[int, int]] = attrs.field(factory=Counter[tuple[int, int]])
    statements: int = 0
    anchors: list[Anchored] = attrs.field(factory=list[Anchored])

    def whole(self, data: bytes) -> KitVerdict:
        members = unpacked(data)
        if members is None:
            raise KitMismatchError("not_canonical")
        self.members = members
        manifest = self._manifest()
        layout = self._all_there(manifest)
        judge = self.headers(members[names.HEADERS])
        self.statements = len(layout.statements)
        for log, size in layout.heads:
            self._head(manifest, log, size)
        for log, old, new in layout.growths:
            self._growth(log, old, new)
        for log, leaf in layout.statements:
            self._statement(manifest, log, leaf)
        self.where = None
        self._trusted()
        for log, size in layout.heads:
            self._anchor(judge, log, size)
        self.where = None
        return self._judged(manifest)

    def ended(self, outcome: Outcome, reason: str | None) -> KitVerdict:
        said = self.manifest
        return KitVerdict(
            outcome,
            reason,
            where=self.where,
            fingerprint=self.signer,
            site=said.site if said else None,
            made_at=said.made_at if said else None,
            selection=said.selection if said else None,
            anchoring=said.anchoring if said else None,
            statements=self.statements,
            purged=said.purged if said else 0,
            anchors=tuple(self.anchors),
        )

    def _manifest(self) -> Manifest:
        self.where = names.MANIFEST
        envelope = self._envelope(names.MANIFEST, "bad_manifest")
        manifest = Manifest.parse(envelope.payload)
        self._signed(envelope, manifest, "manifest_signature")
        self.manifest, self.signer = manifest, envelope.signatures[0][0]
        return manifest

    def _all_there(self, manifest: Manifest) -> Layout:
        given, said = digests_of(self.members), list(manifest.subjects)
        if given != said:
            odd = sorted(set(given) ^ set(said)) or said
            self.where = odd[0][0]
            raise KitMismatchError("other_members")
        self.where = None
        return Layout.of(self.members)

    def _head(self, manifest: Manifest, log: int, size: int) -> None:
        self.where = names.head_name(log, size)
        try:
            note = Note.parse(self.members[self.where])
            head = Checkpoint.parse(note.text)
        except EvidenceFormatError as error:
            raise EvidenceFormatError("bad_checkpoint", str(error)) from error
        if head.extensions:
            raise EvidenceFormatError("bad_checkpoint", "a head of a site has three lines")
        if (head.origin, head.size) != (manifest.origins.get(log), size):
            raise KitMismatchError("other_head")
        keys = {NoteKey(head.origin, raw): each for each, raw in manifest.keys.items()}
        try:
            signed = {keys[each.key] for each in note.signed_by(keys)}
        except SignatureError as error:
            raise KitMismatchError("head_signature") from error
        if not signed:
            raise KitMismatchError("head_signature")
        self.signers |= signed
        self.heads[log, size] = head
        self.sizes[log, self.members[self.where]] = size

    def _growth(self, log: int, old: int, new: int) -> None:
        self.where = names.growth_name(log, old, new)
        try:
            path = rfc6962.consistency_in(json.loads(self.members[self.where]))
        except (ValueError, RecursionError, EvidenceFormatError) as error:
            raise EvidenceFormatError("bad_growth", str(error)) from error
        before, after = self.heads[log, old], self.heads[log, new]
        grew = verify_consistency(
            old_size=old, new_size=new, old_root=before.root, new_root=after.root, path=path
        )
        if not grew:
            raise KitMismatchError("not_consistent")

    def _statement(self, manifest: Manifest, log: int, leaf: int) -> None:
        self.where = name = names.statement_name(log, leaf)
        envelope = self._envelope(name, "bad_statement")
        kind = _stated(envelope.payload, manifest.site)
        self._signed(envelope, manifest, "statement_signature")
        if kind == _CHANGE and len(envelope.signatures) > 1:
            self.changes.append(frozenset(keyid for keyid, _ in envelope.signatures))
        self.where = names.statement_name(log, leaf, "tlog-proof")
        self._proved(leaf_hash(self.members[name]), self.where, log, leaf)

    def _proved(self, entry: bytes, name: str, log: int, leaf: int) -> None:
        try:
            proof = ProofText.parse(self.members[name])
            size = self.sizes.get((log, proof.checkpoint))
            if size is None:
                size = Checkpoint.parse(Note.parse(proof.checkpoint).text).size
        except EvidenceFormatError as error:
            raise EvidenceFormatError("bad_proof", str(error)) from error
        if proof.extra is not None:  # nobody signed it, and no kit has it
            raise EvidenceFormatError("bad_proof", "the proof has extra data")
        if proof.index != leaf:
            raise KitMismatchError("other_leaf")
        head = self.heads.get((log, size))
        if head is None or self.members[names.head_name(log, size)] != proof.checkpoint:
            raise KitMismatchError("other_head")
        if not proof.proves(entry, head):
            raise KitMismatchError("not_included")
        self.under[log, size] += 1

    def _trusted(self) -> None:
        known = self.known or self.signer or ""
        if not self.signers <= vouched(known, self.changes):
            raise KitMismatchError("other_key")

    def _anchor(self, judge: JudgeAnchor, log: int, size: int) -> None:
        note = names.head_name(log, size)
        self.where = f"{note}.ots"
        word: AnchorWord | None = None
        if (ots := self.members.get(self.where)) is not None:
            digest = hashlib.sha256(self.members[note]).digest()
            word = judge(ots, digest)
            if word.outcome == "refused" or ots[_AT_DIGEST_KIND] != _SHA256:
                raise EvidenceFormatError("anchor_refused", f"{self.where} proves nothing")
            if word.outcome == "mismatch":
                raise KitMismatchError("anchor_mismatch")
        self.anchors.append(Anchored(log, size, self.under[log, size], word))

    def _judged(self, manifest: Manifest) -> KitVerdict:
        words = {each.word.outcome if each.word else "none" for each in self.anchors}
        if self.known is None:
            return self.ended(Outcome.UNCHECKED, "no_key")
        if "anchored" in words:
            return self.ended(Outcome.UNCHECKED, "anchor_unchecked")
        if "pending" in words or ("none" in words and manifest.anchoring is not False):
            return self.ended(Outcome.PENDING, "anchor_pending")
        return self.ended(Outcome.VERIFIED, None)

    def _envelope(self, name: str, reason: str) -> Envelope:
        try:
            return Envelope.parse(self.members.get(name, b""))
        except EvidenceFormatError as error:
            raise EvidenceFormatError(reason, str(error)) from error

    def _signed(self, envelope: Envelope, manifest: Manifest, reason: str) -> None:
        if not envelope.holds(manifest.keys):
            raise KitMismatchError(reason)
        self.signers |= {keyid for keyid, _ in envelope.signatures}


def _stated(payload: bytes, site: str) -> str:
    """Read a statement: whether it is of this site, and its subject the digest of its predicate.

    Returns:
        Its type.

    Raises:
        EvidenceFormatError: it is none.
        KitMismatchError: it is about something else.
    """
    try:
        told = cast("Mapping[str, object]", json.loads(payload))
        kind, stated = str(told["predicateType"]), _site(told["predicate"])
        said = cast("list[Mapping[str, Mapping[str, str]]]", told["subject"])[0]["digest"]["sha256"]
        predicate = payload[len(_BEGIN) : payload.rindex(_AFTER)]
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise EvidenceFormatError("bad_statement", "it is no statement of a site") from error
    if not payload.startswith(_BEGIN) or hashlib.sha256(predicate).hexdigest() != said:
        raise KitMismatchError("other_subject")
    if stated != site:
        raise KitMismatchError("other_site")
    return kind


def _site(predicate: object) -> object:
    return cast("Mapping[str, object]", predicate)["site"]
