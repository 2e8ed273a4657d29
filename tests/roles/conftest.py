"""A journal that is long in the making, once for all tests of the flywheel on the line."""

import sqlite3
from collections.abc import Iterator

import pytest

from actors.flywheel import FlywheelSettings
from tests.roles.clinic import proven_journal


@pytest.fixture(scope="session")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A journal in which a plan healed 127 times, and is proposed; it is copied, not changed."""
    journal = proven_journal(tmp_path_factory.mktemp("clinic"), FlywheelSettings())
    yield journal
    journal.close()
