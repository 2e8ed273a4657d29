"""Checks, rules and runbooks as frozen data, with their loaders: pure, open to every room."""
