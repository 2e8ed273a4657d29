"""Disks that can be filled and freed: a small tmpfs where one can be mounted, else a stand-in."""

import contextlib
import os
import sqlite3
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Protocol

import attrs
import pytest
from typing_extensions import override

from runtime.hosts import sqlite

DISK_BYTES = 4 * 1024 * 1024


class Disk(Protocol):
    """A disk of 4 MB."""

    @property
    def path(self) -> Path:
        """Where it is mounted."""
        ...

    def fill(self) -> None:
        """Leave no byte free."""

    def free(self) -> None:
        """Take back what filled it."""


@attrs.frozen
class Tmpfs:
    """A file system of its own."""

    path: Path

    def fill(self) -> None:
        ballast = os.open(self.path / "ballast", os.O_WRONLY | os.O_CREAT)
        with contextlib.suppress(OSError):
            while True:
                os.write(ballast, bytes(4096))
        os.close(ballast)

    def free(self) -> None:
        (self.path / "ballast").unlink()


@attrs.define
class Starved:
    """A store that says SQLITE_FULL while the disk is full and the reserve holds its room."""

    path: Path
    monkeypatch: pytest.MonkeyPatch
    full: bool = False

    def fill(self) -> None:
        self.full = True

    def free(self) -> None:
        self.full = False

    def __attrs_post_init__(self) -> None:
        disk, real = self, os.statvfs

        class Connection(sqlite3.Connection):
            @override
            def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
                if sql == "COMMIT" and disk.full and (disk.path / "reserve").exists():
                    error = sqlite3.OperationalError("database or disk is full")
                    error.sqlite_errorname = "SQLITE_FULL"
                    raise error
                return super().execute(sql, *values)  # type: ignore[arg-type]  # as they came

        @attrs.frozen
        class NoRoom:
            f_bavail: int = 0
            f_frsize: int = 4096

        def connect(path: Path, max_bytes: int | None) -> sqlite3.Connection:
            del max_bytes
            connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, factory=Connection
            )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA max_page_count = {DISK_BYTES // 4096}")
            return connection

        self.monkeypatch.setattr(sqlite, "_writing", connect)
        self.monkeypatch.setattr(
            "runtime.hosts.reserve.os.statvfs",
            lambda path: NoRoom() if disk.full else real(path),
        )


@contextlib.contextmanager
def small_disk(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Disk]:
    """Give a disk; a tmpfs falls back to the stand-in where nothing can be mounted."""
    options = ["-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if kind == "tmpfs" and _succeeds("mount", *options):
        try:
            yield Tmpfs(folder)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    else:
        yield Starved(folder, monkeypatch)


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False
