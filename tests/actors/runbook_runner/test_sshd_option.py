"""Setting an option of sshd: what sshd reads afterwards, and what stays as it was."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
import trio
from hypothesis import given, strategies as st

from actors.catalogue.sshd import sshd_option
from tests.fakes.target import FakeFile, FakeTarget

SCRIPTS = Path(__file__).parents[3] / "rules" / "runbooks" / "scripts"
CONFIG, DROP_IN = "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/50-cloud.conf"


def _with_option() -> Callable[[str, str, str], str]:
    spec = importlib.util.spec_from_file_location("sshd_text", SCRIPTS / "support" / "sshd.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("Callable[[str, str, str], str]", module.with_option)


with_option = _with_option()


def read(main: str, drop_in: str = "") -> str:
    """Give what sshd takes for every login."""
    target = FakeTarget(files={CONFIG: FakeFile(main), DROP_IN: FakeFile(drop_in)})
    value = trio.run(sshd_option, target, CONFIG, "PermitRootLogin", "prohibit-password")
    assert value is not None
    return value.partition(";")[0]


LINES = st.one_of(
    st.sampled_from(
        [
            "", "# a comment", "#PermitRootLogin no", "Port 22", "PermitRootLogin yes",
            "  permitrootlogin=yes # for now", '\tPermitRootLogin "no"', "PermitRootLoginX yes",
            "Include /etc/ssh/sshd_config.d/*.conf", "include sshd_config.d/50-cloud.conf",
            "Match User a", "match all", "MatchX 1", "  PermitRootLogin prohibit-password",
        ]
    ),
    st.text(st.characters(codec="latin-1", exclude_characters="\n"), max_size=20).map(
        lambda text: f"# {text}"
    ),
)  # fmt: skip
TEXTS = st.builds(
    lambda lines, ending, last: ending.join(lines) + (ending if last else ""),
    st.lists(LINES, max_size=12),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)


@given(text=TEXTS, drop_in=TEXTS.filter(lambda text: "include" not in text.casefold()))
def test_sshd_reads_the_wanted_value_whatever_stood_there(text: str, drop_in: str) -> None:
    assert read(with_option(text, "PermitRootLogin", "no"), drop_in) == "no"


@given(text=TEXTS)
def test_a_second_time_changes_nothing(text: str) -> None:
    once = with_option(text, "PermitRootLogin", "no")

    assert with_option(once, "PermitRootLogin", "no") == once


@given(text=TEXTS)
def test_every_other_line_stays_in_its_order(text: str) -> None:
    def others(config: str) -> list[str]:
        lines = (line.rstrip("\r") for line in config.split("\n"))
        return [line for line in lines if line and not line.casefold().strip().startswith("permit")]

    assert others(with_option(text, "PermitRootLogin", "no")) == others(text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("PermitRootLogin yes # now\n", "PermitRootLogin no # now\n"),
        ("\tpermitrootlogin = yes\r\n", "\tpermitrootlogin = no\r\n"),
        ("Port 22", "Port 22\nPermitRootLogin no\n"),
        ("", "PermitRootLogin no\n"),
        ("Port 22\r\n", "Port 22\r\nPermitRootLogin no\r\n"),
        ("Include a\nPermitRootLogin yes\n", "PermitRootLogin no\nInclude a\nPermitRootLogin no\n"),
        ("PermitRootLogin yes\nInclude a\n", "PermitRootLogin no\nInclude a\n"),
        (
            "Port 1\nMatch User a\n  PermitRootLogin yes\nInclude a\n",
            "Port 1\nPermitRootLogin no\nMatch User a\n  PermitRootLogin yes\nInclude a\n",
        ),
    ],
)
def test_a_line_is_changed_where_it_stands_or_put_where_it_counts(text: str, wanted: str) -> None:
    assert with_option(text, "PermitRootLogin", "no") == wanted
