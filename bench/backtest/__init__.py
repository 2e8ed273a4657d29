"""A million past drifts through two rule sets."""
