"""What has to be imported before what, and what not at all."""

import subprocess
import sys

FOR_SOME_ONLY = {"h2", "hpack", "grpclib", "google.protobuf", "prometheus_client"}
"""What takes memory that only an appliance needs which serves agents or is scraped."""

_PROBE = """
import runtime.hosts.grpc_client
import asyncio, grpclib.utils
print(grpclib.utils._current_task is asyncio.current_task)
"""


def test_grpclib_knows_the_current_task_of_the_island() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _PROBE], capture_output=True, text=True, check=True
    )

    assert told.stdout == "True\n"


def test_an_appliance_loads_nothing_that_only_some_need() -> None:
    script = "import sys, runtime.roles.appliance; print(*sys.modules)"

    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert FOR_SOME_ONLY & set(told.stdout.split()) == set()
