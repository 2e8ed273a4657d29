"""What every test stands on: a scheduler that repeats itself, seeded by the test's own name."""

import pytest
import trio
from hypothesis import settings

# Before any test speaks grpclib as a client: see the first lines of runtime/hosts/grpc_client.py.
import runtime.hosts.asyncio_island  # noqa: F401

pytest_plugins = ["tests.skips"]

# No example is judged by the clock: the machine may be busy with something else.
settings.register_profile("aright", deadline=None)
settings.load_profile("aright")


@pytest.fixture(autouse=True)
def seeded_scheduler(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Seed trio's order of tasks; pytest shows the line when the test fails.

    The seed alone does not repeat a run: trio keeps tasks in sets, and the order of a set follows
    the layout of memory.  The flag sorts each batch first.  `test_trio_canary` guards both names.
    """
    seed: str = request.node.nodeid
    monkeypatch.setattr(trio._core._run, "_ALLOW_DETERMINISTIC_SCHEDULING", True)
    trio._core._run._r.seed(seed)
    print(f"scheduler seed: {seed}")  # noqa: T201  # captured, and shown on failure
    return seed
