"""The wire contract with endpoint agents and the code generated from it."""
