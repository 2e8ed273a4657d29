"""The log: what it says goes to standard error, and what it cannot say stops nobody."""

import os
import subprocess
import sys

import pytest

_SAYS = """
import structlog
from runtime.logs import configure_logs
configure_logs(as_json=AS_JSON)
log = structlog.get_logger(actor="journal")
for _ in range(2000):
    log.debug("unheard")
    log.info("said", count=1)
    log.warning("said", count=2)
    log.error("said", count=3)
print("went on", flush=True)
"""


def said(stderr: int, *, as_json: bool = True) -> str:
    program = _SAYS.replace("AS_JSON", str(as_json))
    ended = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=stderr, check=False
    )
    return ended.stdout.decode()


@pytest.mark.parametrize("as_json", [True, False])
def test_a_log_on_a_full_disk_ends_nothing(as_json: bool) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        assert said(full, as_json=as_json) == "went on\n"
    finally:
        os.close(full)


def test_a_log_that_nobody_reads_any_more_ends_nothing() -> None:
    unread, pipe = os.pipe()
    os.close(unread)
    try:
        assert said(pipe) == "went on\n"
    finally:
        os.close(pipe)


def test_a_line_is_said_at_once_and_those_below_the_level_are_not() -> None:
    program = _SAYS.replace("AS_JSON", "True").replace("range(2000)", "range(1)")
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert [line.count(b'"event": "said"') for line in ended.stderr.splitlines()] == [1, 1, 1]
