"""The key of a site's tags: made once, the owner's alone, and none that is no key."""

from pathlib import Path

import pytest

from runtime.errors import InvalidFileError
from runtime.scrub_key import NAME, read_key, site_key, site_scrubber
from runtime.settings import Settings


def test_the_first_start_makes_a_key_of_the_owners_alone_and_the_next_reads_it(
    tmp_path: Path,
) -> None:
    first = site_key(tmp_path / "state")

    assert len(first) == 32
    assert (tmp_path / "state" / NAME).stat().st_mode & 0o777 == 0o600
    assert site_key(tmp_path / "state") == first


def test_two_sites_have_two_keys(tmp_path: Path) -> None:
    assert site_key(tmp_path / "one") != site_key(tmp_path / "two")


def test_what_is_no_key_is_an_error_and_no_new_key(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"short")

    with pytest.raises(InvalidFileError, match="no key"):
        site_key(tmp_path)
    with pytest.raises(InvalidFileError, match="cannot be read"):
        read_key(tmp_path / "missing")
    assert (tmp_path / NAME).read_bytes() == b"short"


def test_the_scrubber_of_a_site_obeys_its_settings(tmp_path: Path) -> None:
    told = {"state_dir": tmp_path, "scrub": {"private_addresses": True}}

    assert "10.0.0.5" not in site_scrubber(Settings.model_validate(told)).text("10.0.0.5").text
