"""How long it takes to prove many digests by one submission."""
