"""The endpoint agent's settings: the file, the flags over it, and what is refused."""

from pathlib import Path

import pytest

from runtime.agent_settings import AgentSettings, load_agent_settings
from runtime.errors import InvalidFileError
from runtime.settings import shipped


def written(folder: Path, text: str) -> Path:
    file = folder / "agent.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_shipped_file_says_the_defaults() -> None:
    assert load_agent_settings(shipped("config") / "agent.yaml", {}) == AgentSettings()


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_a_file_that_says_nothing_sets_nothing(tmp_path: Path, text: str) -> None:
    assert load_agent_settings(written(tmp_path, text), {}) == AgentSettings()


def test_a_flag_wins_over_the_file_and_one_that_is_not_given_does_not(tmp_path: Path) -> None:
    file = written(tmp_path, "{host: ws-7, appliance: 'ap.example:50051'}")

    told = load_agent_settings(file, {"host": "ws-8", "appliance": None})

    assert (told.host, told.address, told.port) == ("ws-8", "ap.example", 50051)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("aplliance: a:1", "did you mean 'appliance'"),
        ("appliance: nowhere", "pattern"),
        ("{appliance: 'ap.example:50051', insecure_loopback: true}", "for a loopback address"),
        ("[1, 2]", "mapping"),
        ("spool: {events: 0}", "spool.events"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InvalidFileError, match=problem):
        load_agent_settings(written(tmp_path, text), {})


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    told = load_agent_settings(None, {"appliance": "[::1]:50051", "insecure_loopback": True})

    assert (told.address, told.port) == ("::1", 50051)
