"""Where secrets stand, and what is said of one that cannot be used."""

import os
from pathlib import Path

import pytest

from runtime.secret_source import MissingSecretError, read_header_key, read_secret


def test_a_secret_is_bytes_wherever_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_bytes(b"\xff\x00key\r\n")
    monkeypatch.setitem(os.environb, b"ARIGHT_KEY", b"\xffkey")

    assert read_secret(f"file:{tmp_path}/key") == b"\xff\x00key"
    assert read_secret("env:ARIGHT_KEY") == b"\xffkey"


@pytest.mark.parametrize("where", ["env:NO_SUCH", "env:A=B", "file:/", "file:no-such", "file:\0"])
def test_a_secret_that_cannot_be_read_is_missing(where: str) -> None:
    with pytest.raises(MissingSecretError) as raised:
        read_secret(where)
    assert raised.value.where == where


@pytest.mark.parametrize(
    "written",
    [
        b"sk-one two",
        b"sk-one ",
        b"sk-one\nsk-two\n",
        b"\xef\xbb\xbfsk-one\n",
        b"sk-\xc3\xa9\n",
        b"sk-\xff\n",
        b"sk-\x00",
        b"\n",
    ],
)
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(
    tmp_path: Path, written: bytes
) -> None:
    place = f"file:{tmp_path / 'key'}"
    (tmp_path / "key").write_bytes(written)

    with pytest.raises(MissingSecretError) as raised:
        read_header_key(place)

    assert place in str(raised.value)
    assert "sk-" not in str(raised.value)


def test_the_line_break_that_an_editor_leaves_is_no_part_of_a_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"sk-one\r\n")

    assert read_header_key(f"file:{tmp_path / 'key'}") == "sk-one"
