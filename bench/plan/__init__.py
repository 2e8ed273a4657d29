"""How long a plan takes without its model."""
