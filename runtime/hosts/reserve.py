"""Room kept for bad days: a file that is given up when the disk is full.

With a full disk SQLite can neither delete nor move its log into the file, so nothing could ever
be freed again without giving it room first.
"""

import os
from pathlib import Path

import attrs
import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger()

RESERVE_BYTES = 16 * 1024 * 1024


@attrs.define
class Reserve:
    """A file of a fixed size beside the journal."""

    path: Path
    size: int = RESERVE_BYTES
    held: bool = attrs.field(default=False, init=False)

    def take(self) -> None:
        """Claim the room, if it is there; asked again after each commit while it is not."""
        try:
            with self.path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self.size)
        except OSError as error:
            self.path.unlink(missing_ok=True)
            log.debug("reserve_not_there", path=str(self.path), error=error.strerror)
        else:
            self.held = True

    def release(self) -> None:
        """Give the room up, so that the journal can delete and move its log."""
        self.path.unlink(missing_ok=True)
        self.held = False
        log.error("disk_full", path=str(self.path), reason="the reserve is in use")
