"""Who gets a certificate: the decisions, whatever the times and addresses are."""

import datetime as dt
import ipaddress

import attrs
import pytest
from hypothesis import given, strategies as st

from actors.messages import Moment
from actors.site_ca.core import (
    FIELD_LIFE,
    Certificate,
    Invitation,
    Reason,
    Shown,
    Window,
    caller_problem,
    clock_problem,
    folded,
    host_of,
    newcomer_problem,
    renewal_due,
    term,
    token_problem,
    window_problem,
    words,
)
from actors.site_ca.refusals import Tally
from tests.actors.journal.world import EPOCH

DAY_S = 86_400.0
INVITED = Invitation("digest", "clinic", "ws-7", EPOCH, EPOCH + dt.timedelta(days=1), "ann")
SHOWN = Shown("clinic", "ws-7", "1f", EPOCH, EPOCH + dt.timedelta(days=1))

instants = st.floats(-3 * DAY_S, 3 * DAY_S).map(lambda s: EPOCH + dt.timedelta(seconds=s))
ipv4 = st.ip_addresses(v=4)


def moment(seconds: float, *, boot: str = "boot-1", wall: float | None = None) -> Moment:
    wall_s = seconds if wall is None else wall
    return Moment(EPOCH + dt.timedelta(seconds=wall_s), boot, 1000.0 + seconds)


def window(left: int | None = None, network: str = "") -> Window:
    opened = moment(0)
    return Window(1, opened, opened.after(900), "ann", left, network)


def certificate(
    of: int | None = 1, address: str = "192.0.2.7", revoked_at: dt.datetime | None = None
) -> Certificate:
    ends = EPOCH + FIELD_LIFE
    return Certificate("1f", "ws-7", "a", EPOCH, ends, EPOCH, of, address, revoked_at)


@given(now=instants)
def test_a_token_admits_its_own_host_until_it_expires_and_never_after(now: dt.datetime) -> None:
    problem = token_problem(INVITED, site="clinic", host="ws-7", now=now)

    assert problem is (None if now < INVITED.expires_at else Reason.TOKEN_EXPIRED)


@given(now=instants, site=st.text(), host=st.text(), spent=st.booleans())
def test_a_token_never_admits_another_host_or_site_nor_twice(
    now: dt.datetime, site: str, host: str, spent: bool
) -> None:
    invitation = attrs.evolve(INVITED, spent_at=EPOCH if spent else None)

    if (site, host, spent) != ("clinic", "ws-7", False):
        assert token_problem(invitation, site=site, host=host, now=now) is not None


@given(off=st.floats(-DAY_S, DAY_S))
def test_a_clock_may_be_off_by_less_than_ten_minutes(off: float) -> None:
    told = EPOCH + (delta := dt.timedelta(seconds=off))

    assert (clock_problem(told, EPOCH) is None) is (abs(delta) < dt.timedelta(minutes=10))


@given(later=st.floats(0, 2000), jump=st.floats(-DAY_S, DAY_S))
def test_setting_the_wall_clock_neither_shortens_nor_lengthens_a_window(
    later: float, jump: float
) -> None:
    now = moment(later, wall=later + jump)

    problem = window_problem(window(), "192.0.2.7", now)

    assert problem is (None if later < 900 else Reason.WINDOW_CLOSED)


@given(address=ipv4, network=st.integers(0, 32), other=ipv4)
def test_a_window_lets_in_the_addresses_of_its_block_alone(
    address: ipaddress.IPv4Address, network: int, other: ipaddress.IPv4Address
) -> None:
    block = ipaddress.ip_network((address, network), strict=False)
    bounded, now = window(network=str(block)), moment(1)

    assert window_problem(bounded, str(address), now) is None
    assert window_problem(bounded, f"::ffff:{address}", now) is None
    assert (window_problem(bounded, str(other), now) is None) is (other in block)


def test_a_window_without_places_is_closed() -> None:
    assert window_problem(window(left=0), "192.0.2.7", moment(1)) is Reason.WINDOW_CLOSED
    assert window_problem(window(left=1), "192.0.2.7", moment(1)) is None
    assert window_problem(None, "192.0.2.7", moment(1)) is Reason.WINDOW_CLOSED
    assert window_problem(window(network="192.0.2.0/24"), "nowhere", moment(1)) is (
        Reason.WINDOW_ELSEWHERE
    )


@pytest.mark.parametrize(
    ("known", "invited", "reason"),
    [
        ([], None, None),
        ([certificate()], None, None),  # who lost the answer asks again
        ([certificate(address="192.0.2.8")], None, Reason.HOST_CERTIFIED),
        ([certificate(of=None)], EPOCH, Reason.HOST_CERTIFIED),
        ([certificate(revoked_at=EPOCH)], None, Reason.HOST_REVOKED),
        ([certificate(revoked_at=EPOCH)], EPOCH - dt.timedelta(seconds=1), Reason.HOST_REVOKED),
        ([certificate(revoked_at=EPOCH)], EPOCH + dt.timedelta(seconds=1), None),
    ],
)
def test_a_window_gives_no_name_away_that_is_taken_or_was_revoked(
    known: list[Certificate], invited: dt.datetime | None, reason: Reason | None
) -> None:
    assert newcomer_problem(window(), "192.0.2.7", known, invited) is reason


@given(now=instants, revoked=st.booleans(), site=st.sampled_from(["clinic", "dentist"]))
def test_a_caller_is_let_in_only_by_a_valid_certificate_of_the_site(
    now: dt.datetime, revoked: bool, site: str
) -> None:
    welcome = site == "clinic" and not revoked and now < SHOWN.not_after

    assert (caller_problem(SHOWN, site=site, now=now, revoked=revoked) is None) is welcome


@given(now=instants)
def test_a_certificate_begins_ten_minutes_early_and_is_renewed_with_a_third_left(
    now: dt.datetime,
) -> None:
    made = term(1, now, FIELD_LIFE)

    assert made.not_before <= now - dt.timedelta(minutes=10)
    assert renewal_due(made.not_after, FIELD_LIFE) == made.not_after - dt.timedelta(days=30)
    assert made.not_after.microsecond == 0


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("192.0.2.7:51234", "192.0.2.7"),
        ("[2001:db8::1]:51234", "2001:db8::1"),
        ("2001:db8::1:51234", "2001:db8::1"),
        ("192.0.2.7", "192.0.2.7"),
    ],
)
def test_the_port_is_taken_off_an_address(address: str, host: str) -> None:
    assert host_of(address) == host


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ws\n7", "-ws", "würzburg", "a" * 254, "ws."])
def test_a_name_that_a_certificate_cannot_carry_is_none(name: str) -> None:
    assert folded(name) is None
    assert folded("WS-7.clinic_1") == "ws-7.clinic_1"


def test_every_reason_has_its_words() -> None:
    assert all(words(reason) for reason in Reason)


@given(gaps=st.lists(st.floats(0, 40), max_size=60))
def test_an_offender_is_told_of_once_a_minute_and_every_refusal_is_counted(
    gaps: list[float],
) -> None:
    tally, now, told_at, told, silent = Tally(), 0.0, -60.0, 0, 0
    for gap in gaps:
        now += gap
        if count := tally.count("192.0.2.7", "token_unknown", now):
            assert now - told_at >= 60
            told_at, told, silent = now, told + count, 0
        else:
            silent += 1
    assert told + silent == len(gaps)


def test_a_flood_from_many_addresses_fills_neither_disk_nor_memory() -> None:
    tally = Tally()

    told = [tally.count(f"10.0.{n // 256}.{n % 256}", "token_unknown", 1.0) for n in range(5000)]

    assert sum(map(bool, told)) == 120
    assert len(tally._lately) <= 1024
