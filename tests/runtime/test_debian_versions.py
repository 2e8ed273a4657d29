"""Versions of Debian packages sort as dpkg sorts them."""

import pytest
from hypothesis import given, strategies as st

from runtime.hosts.debian_versions import sort_key

VERSIONS = st.text("019a~+.:Z", max_size=8)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.0~rc1", "1.0"), ("1.0", "1.0a"), ("1.0a", "1.0+b"), ("1.9", "1.10"), ("9", "1:1"),
        ("1.0-1", "1.0-1+deb12u1"), ("1.0-1~bpo1", "1.0-1"), ("1-9-1", "1-10-1"), ("", "0a"),
        ("3.0.11-1~deb12u2", "3.0.11-1"), ("1.0", "1.0-1"),
    ],
)  # fmt: skip
def test_one_version_is_older_than_another(older: str, newer: str) -> None:
    assert sort_key(older) < sort_key(newer)


@pytest.mark.parametrize(
    ("version", "same"), [("1.0", "1.00"), ("1.", "1.0"), ("0:1", "1"), ("1-0", "1"), ("", "0")]
)
def test_two_ways_to_write_a_version_are_the_same(version: str, same: str) -> None:
    assert sort_key(version) == sort_key(same)


@given(version=VERSIONS)
def test_a_tilde_makes_every_version_older(version: str) -> None:
    assert sort_key(f"{version}~") < sort_key(version)


@given(one=VERSIONS, other=VERSIONS)
def test_any_two_versions_can_be_compared(one: str, other: str) -> None:
    assert sort_key(one) < sort_key(other) or sort_key(one) >= sort_key(other)
