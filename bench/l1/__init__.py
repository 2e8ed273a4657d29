"""Bench of the L1 rule engine: `python -m bench.l1`."""
