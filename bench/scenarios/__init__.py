"""How long scenarios take."""
