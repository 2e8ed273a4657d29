"""A transparency log without its storage: hashes, proofs, tiles, signed notes; pure.

Sources: RFC 6962 and RFC 9162, section 2.1; C2SP tlog-tiles, signed-note, tlog-checkpoint,
tlog-cosignature and tlog-proof.
"""
