"""The two verifiers, which must say the same of every kit."""

import pytest

from actors.evidence_log.kit import verify_kit
from tests.actors.evidence_log.kit.kits import EASY


@pytest.fixture(autouse=True)
def easy_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program take headers with as much work as a test can do."""
    monkeypatch.setattr(verify_kit, "EASIEST", EASY)
