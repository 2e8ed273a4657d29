"""How long lint takes over 100,000 rules."""
