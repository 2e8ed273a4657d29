"""The wheel: what is in it, and that nothing else is."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    [wheel] = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """List the files of the wheel."""
    with zipfile.ZipFile(wheel) as packed:
        return set(packed.namelist())


def test_its_top_level_is_ours_alone(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}

    [info] = [top for top in tops if top.endswith(".dist-info")]
    assert info.startswith("aright-")
    assert tops - {info} == {"runtime", "actors", "protos"}


def test_every_module_and_schema_of_the_checkout_is_in_it(names: set[str]) -> None:
    of_checkout = {
        path.relative_to(ROOT).as_posix()
        for top in ("runtime", "actors", "protos")
        for pattern in ("*.py", "*.sql", "*.pyi", "*.proto")
        for path in (ROOT / top).rglob(pattern)
    }

    assert of_checkout <= names


@pytest.mark.parametrize("folder", ["rules", "config"])
def test_it_carries_the_rules_and_the_config(names: set[str], folder: str) -> None:
    of_checkout = {
        f"runtime/shipped/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".yaml", ".py", ".md"}
    }

    assert of_checkout
    assert of_checkout <= names


def test_it_carries_neither_tests_nor_caches(names: set[str]) -> None:
    strange = {name for name in names if "__pycache__" in name or name.endswith((".pyc", ".lock"))}

    assert strange == set()


def test_unpacked_it_starts_and_finds_its_own_rules(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path)
        [entry] = [name for name in packed.namelist() if name.endswith("entry_points.txt")]
    assert "aright = runtime.__main__:main" in (tmp_path / entry).read_text(encoding="utf-8")
    script = "from runtime.settings import shipped; print(shipped('rules'))"

    found = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    checked = subprocess.run(
        [sys.executable, "-m", "runtime", "--config", "runtime/shipped/config/appliance.yaml",
         "config", "check"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert found.stdout.strip() == str(tmp_path / "runtime" / "shipped" / "rules")
    assert (checked.returncode, checked.stderr) == (0, "")
