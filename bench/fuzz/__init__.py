"""Fuzz of the frame layer of the agent port, led by coverage."""
