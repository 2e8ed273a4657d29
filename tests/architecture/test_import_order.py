"""What has to be imported before what."""

import subprocess
import sys

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
