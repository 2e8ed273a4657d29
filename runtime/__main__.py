"""The `aright` command."""
