"""A run that skips for a reason that nobody agreed to does not pass."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("reason", "passes"), [("power cuts need root", True), ("it is friday", False)]
)
def test_only_an_agreed_skip_passes(tmp_path: Path, reason: str, *, passes: bool) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.aright]\nallowed_skips = ["power cuts need root"]\n'
    )
    (tmp_path / "test_it.py").write_text(
        f"import pytest\n\n\ndef test_it():\n    pytest.skip({reason!r})\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "tests.skips", "-p", "no:cacheprovider"]

    run = subprocess.run(
        [*command, "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert f"   1  {reason}" in run.stdout
    assert (run.returncode == 0) is passes, run.stdout
    assert ("FAILED: nobody agreed" in run.stdout) is not passes
