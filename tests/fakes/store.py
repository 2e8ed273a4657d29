"""A store in memory with the tables of the rooms that a test names."""

from importlib.resources import files

from runtime.hosts.sqlite import InlineStore


def inline_store(*rooms: str) -> InlineStore:
    """Open an `InlineStore` with the schemas of some rooms, such as "journal"."""
    return InlineStore.with_schemas({room: files(f"actors.{room}") / "schema" for room in rooms})
