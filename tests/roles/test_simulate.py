"""A simulated fleet: what its hosts say, and what is asked of it."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, strategies as st

from actors.endpoint_agent import Fate
from runtime.errors import ArightError
from runtime.roles.simulate import Fleet
from runtime.roles.simulate_tally import Look, Tally

INVITATION = "aright-1:clinic:ABCDEFGHIJKLMNOPQRSTUVWXYZ:" + "a" * 64


def fleet(appliance: str = "127.0.0.1:1", invitations: Path | None = None, hosts: int = 2) -> Fleet:
    return Fleet.of(
        appliance, hosts=hosts, rate=1, duration=1, seed=1, invitations=invitations, enrol_port=1
    )


def said(seed: int, count: int = 2000) -> list[tuple[str, bool]]:
    look = Look("sim-1", Random(seed))  # noqa: S311  to be repeated
    return [(report.check, report.passed) for report in (look.next(0) for _ in range(count))]


def test_a_seed_says_the_same_again_and_mostly_repeats_itself() -> None:
    events = said(1)
    last: dict[str, bool] = {}
    changes = 0
    for check, passed in events:
        changes += last.get(check, True) != passed
        last[check] = passed

    assert events == said(1) != said(2)
    assert 10 < changes < 100
    assert {passed for _, passed in events} == {True, False}


@given(st.lists(st.sampled_from([*Fate, None])))
def test_what_has_no_answer_is_missing(fates: list[Fate | None]) -> None:
    tally = Tally(sent=len(fates))
    for fate in fates:
        if fate is not None:
            tally.answered(fate, 0.001)

    assert tally.missing == fates.count(None)
    assert tally.acked == fates.count(Fate.TAKEN)
    assert tally.told(1.0)["p99_ms"] == (1.0 if tally.acked else None)


@pytest.mark.parametrize(
    ("appliance", "told"),
    [
        ("nowhere", "no HOST:PORT"),
        ("127.0.0.1:²", "no HOST:PORT"),
        ("127.0.0.1:70000", "no HOST:PORT"),
        ("192.0.2.1:50051", "loopback address"),
    ],
)
def test_an_address_that_cannot_be_played_on_is_refused(appliance: str, told: str) -> None:
    with pytest.raises(ArightError, match=told):
        fleet(appliance)


def test_invitations_name_the_hosts_and_must_be_enough(tmp_path: Path) -> None:
    file = tmp_path / "invitations"
    file.write_text(f"desk-1 {INVITATION}\n\ndesk-2 {INVITATION}\n", encoding="utf-8")

    assert list(fleet("appliance.example:50051", file).names) == ["desk-1", "desk-2"]
    with pytest.raises(ArightError, match="invites 2 hosts, 3 are to be played"):
        fleet("appliance.example:50051", file, hosts=3)

    file.write_text(f"{INVITATION}\n", encoding="utf-8")
    with pytest.raises(ArightError, match=r"invitations:1: should be a host"):
        fleet("appliance.example:50051", file)
