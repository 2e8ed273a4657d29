"""The name of a kind of drift: one function, the same on every host, and nothing of a person."""

import re

import pytest
from hypothesis import given, strategies as st

from actors.catalogue.pattern_signature import drift_kind, pattern_signature


def test_case_and_blanks_make_no_other_pattern() -> None:
    assert pattern_signature("audit_daemon", "linux", "Not  Running\n") == pattern_signature(
        " Audit_Daemon", "LINUX", "not running"
    )


@pytest.mark.parametrize(
    ("check", "platform", "actual"),
    [
        ("ssh_root_login", "linux", "not running"),
        ("audit_daemon", "windows", "not running"),
        ("audit_daemon", "linux", "masked"),
    ],
)
def test_another_check_platform_or_kind_is_another_pattern(
    check: str, platform: str, actual: str
) -> None:
    known = pattern_signature("audit_daemon", "linux", "not running")

    assert pattern_signature(check, platform, actual) != known


@pytest.mark.parametrize(
    ("actual", "kind"),
    [
        ("", "empty"),
        ("6", "number"),
        ("12.5 days", "number"),
        ("-3%", "number"),
        ("0666", "mode"),
        ("PermitRootLogin yes", "yes"),
        ("running, not enabled", "enabled not running"),
        ("/home/asmith/scan.pdf", "text"),
        ("root, jdoe, mmiller", "list"),
        ("\uff24isabled", "disabled"),
    ],
)
def test_the_kind_of_an_answer_is_its_states_or_its_shape(actual: str, kind: str) -> None:
    assert drift_kind(actual) == kind


@pytest.mark.parametrize("name", ["Erika Mustermann", "John Q. Public", "MRN 00482913", "ws-0417"])
def test_no_name_or_number_of_a_person_or_host_is_in_a_kind(name: str) -> None:
    assert drift_kind(f"account of {name} is unlocked") == "unlocked"


@given(text=st.text(max_size=300))
def test_every_text_has_a_kind_of_listed_words_and_so_a_signature(text: str) -> None:
    assert re.fullmatch(r"[a-z ]+", drift_kind(text))
    assert re.fullmatch(r"p1-[0-9a-f]{24}", pattern_signature(text, text, text))
