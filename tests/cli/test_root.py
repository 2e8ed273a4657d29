"""The command itself: its help, its nouns, its completion, and how fast it comes up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.cli.main import COMMANDS
from tests.system.appliance import aright

HEAVY = {"trio", "structlog", "pydantic", "yaml", "sqlite3", "rich", "grpclib", "attr._make"}
"""What takes time to import; attrs alone is what the root itself needs."""

COMMAND = Path(sys.executable).with_name("aright")


def imported_by(*words: str) -> set[str]:
    """List the modules that a command imports."""
    script = (
        "import sys; from runtime.cli.main import main; sys.argv[1:] = sys.argv[1:]\n"
        "try: main()\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("--version",)])
def test_help_imports_nothing_that_takes_time(words: tuple[str, ...]) -> None:
    assert imported_by(*words) & (HEAVY - {"attr._make"}) == set()


def test_help_comes_at_once() -> None:
    begun = os.times()
    subprocess.run([COMMAND, "--help"], capture_output=True, check=True)
    ended = os.times()
    took = ended.children_user + ended.children_system
    # The budget is 0.2 s; of processor time a slow machine is allowed more.
    assert took - begun.children_user - begun.children_system < 0.5


def test_help_names_every_noun_and_every_noun_its_verbs() -> None:
    root = aright("--help")
    assert root.exit_code == 0
    for noun, line in COMMANDS.items():
        assert f"{noun} " in root.stdout
        own = aright(noun, "--help")
        assert own.exit_code == 0
        assert "Usage:" in own.stdout
        assert line.split(",")[0].split()[0].rstrip(".") in root.stdout


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("incidnet", "list"), "incident"),
        (("tickets",), "ticket"),
        (("breakr", "list"), "breaker"),
    ],
)
def test_a_misspelt_noun_is_told_the_nearest(words: tuple[str, ...], meant: str) -> None:
    said = aright(*words)

    assert (said.exit_code, said.stdout) == (2, "")
    assert f"Did you mean '{meant}'?" in said.stderr


def test_a_noun_that_is_like_none_is_told_plainly() -> None:
    said = aright("xyzzy")
    assert said.exit_code == 2
    assert "Did you mean" not in said.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("incident", "lst"),
        ("incident", "list", "--hots", "ws-1"),
        ("incident", "list", "-o", "xml"),
        ("incident", "list", "--limit", "0"),
        ("incident", "show"),
        ("check", "list", "--nothing"),
        ("run", "--role", "nobody"),
        ("--nothing",),
    ],
)
def test_a_bad_option_or_verb_is_a_usage_error(words: tuple[str, ...]) -> None:
    said = aright(*words)

    assert (said.exit_code, said.stdout) == (2, "")
    assert "Usage:" in said.stderr


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("inci", "incident"), ("incident wh", "why"), ("rule decide --qu", "--quarantine")],
)
def test_the_shell_completes_nouns_verbs_and_options(typed: str, offered: str) -> None:
    words = f"aright {typed}"
    done = subprocess.run(
        [COMMAND],
        env={
            "_ARIGHT_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert offered in {line.partition(",")[2] for line in done.stdout.splitlines()}


def test_it_speaks_the_same_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "runtime", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("aright 0.")


def test_a_state_dir_that_is_empty_is_not_the_folder_one_stands_in() -> None:
    said = aright("--state-dir", "", "config", "show")

    assert said.exit_code == 2
    assert "--state-dir" in said.stderr
