"""Anchorer: puts the site's signed checkpoints where nobody can change their time, and checks it.

Whoever opens the room imports `proof`, `headers` and `verdict` in it: the libraries of proofs and
blocks take memory that an appliance without anchors shall not spend.
"""
