"""The port and grpc-go, from which the agents in the field are made.

The client is a program of its own.  It prints PASS, FAIL or INFO for each check, and what it saw.
"""

import os
import shutil
from pathlib import Path

import attrs
import pytest
import trio

from runtime.hosts.grpc import Limits
from runtime.hosts.grpc.server import listen, serve_grpc
from tests.hostile.certificates import Authority
from tests.hostile.site import Echo

CLIENT = os.environ.get("ARIGHT_GOINTEROP", "")
UNBOUND = attrs.evolve(Limits(), events_per_s=0, per_identity=0, per_address=0)
"""The client's own pace is what is looked at: caps and rate are off."""

pytestmark = pytest.mark.skipif(
    not CLIENT, reason="interop with grpc-go needs its client: ARIGHT_GOINTEROP"
)


async def checks(port: int, *options: str) -> list[str]:
    """Run the client; give its lines."""
    command = [CLIENT, "-addr", f"localhost:{port}", "-service", "/compliance.ComplianceAgent/"]
    done = await trio.run_process([*command, *options], capture_stdout=True)
    print(done.stdout.decode())  # noqa: T201  # captured, and shown on failure
    return done.stdout.decode().splitlines()


@pytest.mark.timeout(180)  # the client is silent for 23 s to see that pings are answered
async def test_every_check_of_the_client_passes() -> None:
    async with trio.open_nursery() as nursery:
        port = await nursery.start(
            lambda task_status: serve_grpc(
                Echo(), listen("127.0.0.1", 0), limits=UNBOUND, task_status=task_status
            )
        )
        lines = await checks(port)
        nursery.cancel_scope.cancel()

    assert [line for line in lines if line.startswith("FAIL")] == []
    assert sum(line.startswith("PASS") for line in lines) == 8


@pytest.mark.timeout(180)
async def test_every_check_of_the_client_passes_with_certificates_on_both_sides(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    shutil.copy(authority.issue("agent-1"), tmp_path / "client.pem")
    shutil.copy(tmp_path / "client.pem", tmp_path / "client.key")
    context = authority.server()
    async with trio.open_nursery() as nursery:
        port = await nursery.start(
            lambda task_status: serve_grpc(
                Echo(),
                listen("127.0.0.1", 0),
                limits=UNBOUND,
                tls=lambda: context,
                task_status=task_status,
            )
        )
        lines = await checks(port, "-mtls", "-tls-dir", str(tmp_path))
        nursery.cancel_scope.cancel()

    assert [line for line in lines if line.startswith("FAIL")] == []
    assert sum(line.startswith("PASS") for line in lines) == 9
