"""Processes of this bench: started on a processor, watched from outside, and ended."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import attrs

SERVER_CORE, LOAD_CORE = 0, 1
_TICK = os.sysconf("SC_CLK_TCK")
_ENDS_WITHIN_S = 15.0


@attrs.frozen
class Server:
    """A server that runs."""

    pid: int
    port: int

    def cpu_s(self) -> float:
        """Give the processor seconds that it has used, all threads."""
        # The name, in brackets, may hold spaces; 14 and 15 of the line are its times.
        cells = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
        user, system = cells.split()[11:13]
        return (int(user) + int(system)) / _TICK

    def rss_kib(self) -> int:
        """Give its resident memory."""
        return self._status("VmRSS")

    def peak_rss_kib(self) -> int:
        """Give the most that it ever had resident."""
        return self._status("VmHWM")

    def _status(self, name: str) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
        raise KeyError(name)


@contextlib.contextmanager
def served(kind: str, file: Path, *options: str) -> Generator[Server]:
    """Run a server in a process of its own, on its processor."""
    command = [sys.executable, "-m", "bench.ingest.server", kind, str(file), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            word, _, port = process.stdout.readline().partition(" ")
            if word != "PORT":
                raise RuntimeError(f"{' '.join(command)}: did not start")
            yield Server(process.pid, int(port))
        finally:
            process.send_signal(signal.SIGINT if "--profile" in options else signal.SIGTERM)
            try:
                process.wait(_ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()


def stay_on(core: int) -> None:
    """Stay on a processor; whatever is started from then on does so too."""
    os.sched_setaffinity(0, {core % (os.cpu_count() or 1)})
