"""The import contracts of pyproject.toml: who may know whom."""

from pathlib import Path

from importlinter import cli

ROOT = Path(__file__).parents[2]


def test_the_contracts_are_kept() -> None:
    kept = cli.lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)

    assert kept == cli.EXIT_STATUS_SUCCESS
