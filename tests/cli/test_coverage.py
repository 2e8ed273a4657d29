"""`aright coverage`: what a person reads, and what a program does."""

import pytest

from tests.system.appliance import Appliance, until


@pytest.fixture
def seen(site: Appliance) -> Appliance:
    until(lambda: site.data("coverage", "--host", "sound")["checks"] or None, "an answer")
    return site


@pytest.mark.parametrize("by", ["host", "check", "control", "agent"])
def test_each_grouping_ends_with_the_total(seen: Appliance, by: str) -> None:
    result = seen.aright("coverage", "--by", by)

    assert result.exit_code == 0
    assert "minutes unobserved" in result.stderr


def test_a_check_that_was_answered_in_time_is_observed_wholly(seen: Appliance) -> None:
    lines = seen.aright("coverage", "--host", "sound").stdout.splitlines()

    assert lines[0].split("\t")[:3] == ["HOST", "CHECK", "OBSERVED"]
    assert lines[1].split("\t")[:4] == ["sound", "shadow_permissions", "100.00 %", "0"]


def test_data_counts_the_minutes_of_each_control(seen: Appliance) -> None:
    data = seen.data("coverage", "--host", "sound", "--since", "30d")

    assert data["total"]["unobserved_min"] == 0
    assert {each["unobserved_min"] for each in data["controls"]} == {0}
    assert "nist:ac-3" in {each["control"] for each in data["controls"]}


def test_a_span_that_is_none_is_refused(site: Appliance) -> None:
    result = site.aright("coverage", "--since", "yesterday")

    assert result.exit_code == 2
    assert "such as 24h, not 'yesterday'" in result.stderr
