"""Evidence log: every fact that matters is stated, signed, and a leaf of the site's log.

Receives  RotateEvidenceKey, BeginEvidenceLog; and is woken by commits
Sends     nothing; it proves what the journal owes, in the order of the journal
Keeps     statements, the tree over them in tiles, signed heads, public keys; what others owe;
          beside the database the site's private key, and the last signed head
Gives     Proofs: what must be proved beside the journal's own facts; EvidenceReads
Falls     it is vital; nothing owed is lost, and no head is signed that contradicts an earlier one:
          where one would, nothing is signed any more, and a person is told
"""

from actors.evidence_log.sqlite import SqliteEvidence
from actors.evidence_log.sqlite_reads import SqliteEvidenceReads
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
    "SqliteEvidence",
    "SqliteEvidenceReads",
    "base64",
    "leaf_hash",
    "open_checkpoint",
    "rfc6962",
    "verify_consistency",
    "verify_inclusion",
]
