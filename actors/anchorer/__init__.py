"""Anchorer: puts the site's signed checkpoints where nobody can change their time, and checks it.

Receives  nothing; it reads the checkpoints of the evidence log
Sends     digests to public calendars, and questions to them and to servers of block headers
Keeps     batches of checkpoints, what calendars promised, and proofs with the headers that hold
Gives     `AnchorMemory.anchor_over`: the proof of a checkpoint, for whoever exports it
Falls     harmlessly: what was answered and not yet kept is asked for again

Whoever opens the room imports the rest of it there: the libraries of proofs and blocks take memory
that an appliance without anchors shall not spend.
"""

from actors.anchorer.reads import BatchRow, batches

__all__ = ["BatchRow", "batches"]
