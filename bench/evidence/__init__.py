"""The evidence log: how fast it proves, and how it stands a crash and ten million leaves."""
