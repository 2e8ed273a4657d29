"""Starts a daemon in a session of its own and says its number: `python -I launch.py PROGRAM ...`.

A process between the appliance and the daemon, so that the daemon is nobody's child: it outlives
an appliance that is killed, and leaves no zombie in one that goes on.
"""

import subprocess
import sys

if __name__ == "__main__":
    daemon = subprocess.Popen(  # noqa: S603  # an argv that the configuration names
        sys.argv[1:],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    sys.stdout.write(f"{daemon.pid}\n")
