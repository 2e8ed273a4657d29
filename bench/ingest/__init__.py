"""Durable ingest: observations from many agents, each acked when it is on the disk."""
