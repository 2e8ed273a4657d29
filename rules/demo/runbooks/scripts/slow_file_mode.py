"""Sets the mode of a file after three seconds: something to interrupt."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "runbooks" / "scripts"))

import file_mode
from support import phases


def _act(request: phases.Request) -> bool:
    time.sleep(3)
    return file_mode.act(request)


if __name__ == "__main__":
    phases.run(capture=file_mode.capture, act=_act, undo=file_mode.undo)
