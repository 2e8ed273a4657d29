"""Setting a directive of a configuration file: every other line stays as it was."""

import re
from pathlib import Path

import pytest
import trio
from hypothesis import given, settings, strategies as st

from actors.catalogue.runbook_files import load_runbooks
from actors.messages import JSON
from actors.runbook_runner.commands import Command, Order, Phase
from runtime.hosts.local_target import LocalTarget

LOGIN_DEFS = load_runbooks(Path(__file__).parents[3] / "rules" / "runbooks")["LIN-ACCT-002"]


def set_to(root: Path, value: str, text: bytes) -> bytes:
    """Give what becomes of /etc/login.defs."""
    config = root / "etc/login.defs"
    config.parent.mkdir(exist_ok=True)
    config.write_bytes(text)
    params: dict[str, JSON] = {"value": value}
    command = Order.of(LOGIN_DEFS, params, str(root)).step(Phase.ACT)
    assert isinstance(command, Command)

    async def act() -> int:
        done = await LocalTarget(root).run(
            command.argv, stdin=command.stdin.encode(), timeout_s=command.timeout_s
        )
        return done.code

    assert trio.run(act) == 0
    return config.read_bytes()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (b"PASS_MAX_DAYS\t99999\n", b"PASS_MAX_DAYS\t90\n"),
        (b"  PASS_MAX_DAYS  1\r\nUMASK 022\r\n", b"  PASS_MAX_DAYS  90\r\nUMASK 022\r\n"),
        (b"#PASS_MAX_DAYS 1", b"#PASS_MAX_DAYS 1\nPASS_MAX_DAYS 90\n"),
        (b"PASS_MAX_DAYSX 1\n", b"PASS_MAX_DAYSX 1\nPASS_MAX_DAYS 90\n"),
        (b"# \xc3\x85PASS_MAX_DAYS 1\n", b"# \xc3\x85PASS_MAX_DAYS 1\nPASS_MAX_DAYS 90\n"),
        (b"", b"PASS_MAX_DAYS 90\n"),
    ],
)
def test_a_directive_is_changed_where_it_stands_or_appended(
    tmp_path: Path, text: bytes, wanted: bytes
) -> None:
    assert set_to(tmp_path, "90", text) == wanted


ANY = st.lists(
    st.one_of(
        st.sampled_from([b"PASS_MAX_DAYS 7", b"\tPASS_MAX_DAYS\t7", b"# PASS_MAX_DAYS 7", b""]),
        st.binary(max_size=12).map(lambda raw: b"# " + raw.replace(b"\n", b"")),
    ),
    max_size=8,
).map(b"\n".join)


@settings(max_examples=25, deadline=None)  # each example starts two programs
@given(text=ANY)
def test_whatever_stands_there_stays_and_a_second_time_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, text: bytes
) -> None:
    root = tmp_path_factory.mktemp("host")
    directive = re.compile(rb"^[ \t]*PASS_MAX_DAYS[ \t]+([^\r\n]*)", re.MULTILINE)

    once = set_to(root, "90", text)

    assert set(directive.findall(once)) == {b"90"}
    assert directive.sub(b"", once).rstrip() == directive.sub(b"", text).rstrip()
    assert set_to(root, "90", once) == once
