"""Evidence log: what can be checked of it by whoever holds its proofs."""

from actors.evidence_log.tlog import base64, rfc6962
from actors.evidence_log.tlog.checking import verify_consistency, verify_inclusion
from actors.evidence_log.tlog.checkpoint import Checkpoint, OpenedCheckpoint, open_checkpoint
from actors.evidence_log.tlog.hashing import leaf_hash
from actors.evidence_log.tlog.notes import KeyKind, Note, NoteKey, NoteSigner, SignatureError
from actors.evidence_log.tlog.proof_text import ProofText

__all__ = [
    "Checkpoint",
    "KeyKind",
    "Note",
    "NoteKey",
    "NoteSigner",
    "OpenedCheckpoint",
    "ProofText",
    "SignatureError",
    "base64",
    "leaf_hash",
    "open_checkpoint",
    "rfc6962",
    "verify_consistency",
    "verify_inclusion",
]
