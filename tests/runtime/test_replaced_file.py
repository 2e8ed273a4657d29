"""A file that is replaced whole: what was there, or what shall be there, and nothing between."""

import os
from pathlib import Path

import pytest

from runtime.errors import ConflictError, InvalidFileError
from runtime.hosts.replaced_file import replace_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


def test_what_somebody_wrote_meanwhile_stays(file: Path) -> None:
    with pytest.raises(ConflictError, match="changed meanwhile"):
        replace_file(file, b"older", b"new")
    with pytest.raises(ConflictError):
        replace_file(file, None, b"new")
    with pytest.raises(ConflictError):
        replace_file(file.with_name("gone"), b"old", b"new")

    assert file.read_bytes() == b"old"
    assert list(file.parent.iterdir()) == [file]


def test_a_failure_leaves_the_old_file_and_nothing_beside_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(InvalidFileError, match="No space left"):
        replace_file(file, b"old", b"new")
    assert file.read_bytes() == b"old"
    assert list(file.parent.iterdir()) == [file]


def test_attributes_stay(file: Path) -> None:
    file.chmod(0o604)
    os.setxattr(file, "user.note", b"kept")

    replace_file(file, b"old", b"new")

    assert file.read_bytes() == b"new"
    assert os.getxattr(file, "user.note") == b"kept"
    assert file.stat().st_mode & 0o777 == 0o604


def test_a_new_file_gets_its_folder(tmp_path: Path) -> None:
    replace_file(tmp_path / "a" / "b", None, b"new")

    assert (tmp_path / "a" / "b").read_bytes() == b"new"
