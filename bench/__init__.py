"""Measured ratios, each beside a peer or a floor in one run."""
