"""Durable acks over gRPC, ours beside the usual servers; see `python -m bench.ingest --help`."""
