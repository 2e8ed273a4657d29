"""What may leave: made by a scrubber or spelled by us, and by nobody else."""

import copy
import json

import attrs
import pytest
from hypothesis import given, strategies as st

from runtime.scrub import (
    Code,
    Inline,
    Scrubbed,
    Scrubber,
    ScrubError,
    Template,
    assemble,
    joined,
    ours,
)

SCRUBBER = Scrubber(b"a key of sixteen or more")


def test_nobody_but_a_scrubber_makes_what_may_leave() -> None:
    with pytest.raises(TypeError):
        Scrubbed("123-45-6789")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Scrubbed("123-45-6789", object())  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        attrs.evolve(ours("clean"), text="123-45-6789")


def test_what_was_scrubbed_is_not_changed_afterwards() -> None:
    clean = ours("clean")

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        clean.text = "123-45-6789"  # type: ignore[misc]
    assert copy.deepcopy(clean) == clean


def test_a_log_line_of_it_shows_its_length_alone() -> None:
    assert repr(SCRUBBER.text("firewall off")) == "Scrubbed(12 characters)"


def test_a_body_is_json_with_its_parts_as_strings() -> None:
    body: Template = {
        "model": Code("gpt-4o"),
        "temperature": 0,
        "messages": [
            {"role": Code("user"), "content": joined(ours("Event: "), SCRUBBER.text('a "b"\n'))}
        ],
        "event": Inline(SCRUBBER.document({"state": "off", "since": 3})),
        "stop": None,
        "stream": False,
    }

    assert json.loads(assemble(body).text) == {
        "model": "gpt-4o",
        "temperature": 0,
        "messages": [{"role": "user", "content": 'Event: a "b"\n'}],
        "event": {"state": "off", "since": 3},
        "stop": None,
        "stream": False,
    }


@pytest.mark.parametrize("wrong", ["text", b"bytes", {"a": "text"}, ["text"], {"a": {1, 2}}])
def test_what_was_not_scrubbed_is_no_part_of_a_body(wrong: object) -> None:
    with pytest.raises(ScrubError):
        assemble(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["123-45-6789", "", "a\nb", "Jane\u00a0Doe", "x" * 65])
def test_a_key_of_a_body_is_a_name(key: str) -> None:
    with pytest.raises(ScrubError):
        assemble({key: 1})


@pytest.mark.parametrize("text", ["ws-078-05-1120", "jane@example.org", "503-555-0190"])
def test_a_name_that_a_host_gave_itself_is_withheld_where_it_tells_of_a_person(text: str) -> None:
    assert Code.or_withheld(text) == Code("withheld")


@pytest.mark.parametrize("text", ["Jane Doe", "a\n", "é", "x" * 201, "{}"])
def test_a_code_is_a_name_and_not_a_sentence(text: str) -> None:
    with pytest.raises(ScrubError):
        Code(text)
    assert Code.or_withheld(text) == Code("withheld")


def test_controls_and_what_turns_text_can_be_left_out() -> None:
    text = SCRUBBER.text("a\u202eb\x1b[31m\u200bc\td\ne\r\x00").without_controls()

    assert text.text == "ab[31mc\td\ne"


def test_it_is_cut_and_quoted_as_what_it_is() -> None:
    clean = ours('a "b" c')

    assert clean.cut(3).text == 'a "'
    assert clean.cut(3).quoted().text == '"a \\""'


@given(st.text())
def test_every_text_has_bytes(text: str) -> None:
    assert SCRUBBER.text(text).body.decode() is not None
    assert SCRUBBER.text("\ud800").body == b"?"


def test_a_key_that_is_too_short_makes_no_scrubber() -> None:
    with pytest.raises(ValueError, match="16"):
        Scrubber(b"short")
