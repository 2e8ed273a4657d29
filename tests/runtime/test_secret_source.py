"""Where secrets stand, and what is said of one that cannot be used."""

from pathlib import Path

import pytest

from runtime.secret_source import MissingSecretError, read_header_key


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
