"""Folders of schema files for stores of a test."""

from pathlib import Path


def schema_folder(folder: Path, *files: str) -> Path:
    """Write numbered schema files into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, sql in enumerate(files, 1):
        (folder / f"{number:04}_tables.sql").write_text(sql, encoding="utf-8")
    return folder
