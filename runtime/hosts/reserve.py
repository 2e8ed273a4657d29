"""Room kept for bad days: a file that is given up when the disk is full.

With a full disk SQLite can neither delete nor move its log into the file, so nothing could ever
be freed again without giving it room first.
"""

import contextlib
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
        """Claim the room, if it is there.  What an earlier life claimed is not let go meanwhile."""
        try:
            with self.path.open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, self.size)
        except OSError as error:
            self._unlink()
            log.warning("reserve_not_there", path=str(self.path), error=error.strerror)
        else:
            self.held = True

    def put_back(self) -> None:
        """Claim the room again once there is twice as much.

        Were it claimed as soon as it fits, the disk would be full again at the next commit.
        """
        with contextlib.suppress(OSError):  # a disk that cannot say has no room to spare
            disk = os.statvfs(self.path.parent)
            if disk.f_bavail * disk.f_frsize >= 2 * self.size:
                self.take()

    def release(self) -> None:
        """Give the room up, so that the journal can delete and move its log."""
        self._unlink()
        log.error("disk_full", path=str(self.path), reason="the reserve is in use")

    def _unlink(self) -> None:
        self.held = False
        with contextlib.suppress(OSError):  # a disk that went read-only keeps it
            self.path.unlink(missing_ok=True)
