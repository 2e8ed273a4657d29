"""SIGTERM while agents report: every event was acked and is kept, or was never accepted."""

from pathlib import Path

import pytest

from tests.system.drains import AGENTS, drain_under_load


@pytest.mark.parametrize("after_s", [0.0, 0.31, 0.83])
def test_a_drain_under_load_keeps_what_it_acked_and_acks_what_it_keeps(
    tmp_path: Path, after_s: float
) -> None:
    drained = drain_under_load(tmp_path / "site", after_s=after_s)

    assert drained.acked > AGENTS
    assert drained.took_s < 10
