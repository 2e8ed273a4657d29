"""The catalogue against the settings: what names something that is not there, is told at start."""

from pathlib import Path

import pytest

from runtime.errors import InvalidFileError
from runtime.roles.catalogue import load_catalogue
from runtime.settings import Settings, Target


def test_a_misspelt_check_of_a_target_does_not_leave_its_host_unwatched() -> None:
    settings = Settings(targets=[Target(host="web-1", checks=["ssh_root_logn"])])

    with pytest.raises(InvalidFileError, match=r"web-1: .* did you mean 'ssh_root_login'"):
        load_catalogue(settings)


def test_a_folder_of_rules_that_is_not_there_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidFileError, match="is no folder"):
        load_catalogue(Settings(rules=tmp_path / "none"))


def test_what_is_set_aside_is_told_as_file_and_line(tmp_path: Path) -> None:
    rules = tmp_path / "l1" / "own.yaml"
    rules.parent.mkdir()
    rules.write_text("rules:\n- id: A\n  conditions: []\n  action: escalate\n")

    (problem,) = load_catalogue(Settings(rules=tmp_path)).problems

    assert problem.startswith(f"{rules}:2: ")
