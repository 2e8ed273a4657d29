"""Which events are taken, and what they say in our words."""

import datetime as dt

import pytest
from hypothesis import given, strategies as st

from actors.drift_receiver.core import (
    EVENT_BYTES,
    LAST_SEQ,
    METADATA_ENTRIES,
    NAME_CHARS,
    Vocabulary,
    agent_id_of,
    observation_of,
    platform_of,
)
from actors.messages import Observation, Platform, Severity, Status
from protos.compliance_pb2 import DriftEvent
from tests.actors.drift_receiver.site import EPOCH, VOCABULARY

FIREWALL_OFF = DriftEvent(
    agent_id="go-ws-7-0",
    hostname="ws-7",
    check_type="firewall",
    passed=False,
    expected="on",
    actual="off",
    hipaa_control="164.312(a)(1)",
    timestamp=int(EPOCH.timestamp()) - 60,
    metadata={"platform": "beos"},
    boot_id="boot-1",
    seq=7,
)


def but(**changes: object) -> DriftEvent:
    """Give the event with some fields changed."""
    event = DriftEvent()
    event.CopyFrom(FIREWALL_OFF)
    for name in changes:
        event.ClearField(name)
    event.MergeFrom(DriftEvent(**changes))  # type: ignore[arg-type]  # as each test says
    return event


_REST = but(actual="x" * EVENT_BYTES).ByteSize() - EVENT_BYTES


def put(event: DriftEvent) -> Observation | str:
    return observation_of(
        event,
        id="observation_1",
        site="site-1",
        platform=lambda _, __: Platform.WINDOWS,
        vocabulary=VOCABULARY,
        arrived=EPOCH,
    )


def heard(event: DriftEvent) -> Observation:
    observation = put(event)
    assert isinstance(observation, Observation), observation
    return observation


def test_an_event_is_put_into_our_words() -> None:
    observation = heard(FIREWALL_OFF)

    assert observation == Observation(
        id="observation_1",
        site="site-1",
        host="ws-7",
        check="firewall_status",
        status=Status.FAIL,
        severity=Severity.HIGH,
        observed_at=EPOCH - dt.timedelta(seconds=60),
        source="agent",
        platform=Platform.WINDOWS,
        expected="on",
        actual="off",
        metadata={"platform": "beos"},
        controls=("164.312(a)(1)",),
        agent_id="go-ws-7-0",
        boot_id="boot-1",
        seq=7,
    )


def test_a_check_that_is_not_listed_keeps_its_name_and_matters_medium() -> None:
    observation = heard(but(check_type="toaster", passed=True))

    assert (observation.check, observation.severity) == ("toaster", Severity.MEDIUM)
    assert observation.status is Status.PASS


@pytest.mark.parametrize("event", [but(boot_id=""), but(agent_id=""), but(seq=0)])
def test_an_event_without_agent_boot_or_number_has_no_identity(event: DriftEvent) -> None:
    observation = heard(event)

    assert (observation.boot_id, observation.seq) == ("", None)


@given(timestamp=st.integers(-(2**63), 2**63 - 1))
def test_nothing_was_observed_after_it_arrived(timestamp: int) -> None:
    observed_at = heard(but(timestamp=timestamp)).observed_at

    assert observed_at <= EPOCH
    assert observed_at == EPOCH or observed_at.timestamp() == timestamp


@pytest.mark.parametrize("timestamp", [1, int(EPOCH.timestamp()) - 367 * 86_400])
def test_a_clock_that_was_never_set_says_nothing(timestamp: int) -> None:
    assert heard(but(timestamp=timestamp)).observed_at == EPOCH


def test_a_good_event_has_no_problem() -> None:
    assert heard(FIREWALL_OFF).host == "ws-7"
    assert heard(but(agent_id="", boot_id="", seq=0)).seq is None


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (but(hostname=""), "hostname is missing"),
        (but(check_type=""), "check_type is missing"),
        (
            but(hostname="x" * 254),
            "hostname has 254 characters, 253 are allowed",
        ),
        (
            but(check_type="fire\nwall"),
            "check_type holds characters that cannot be shown, or spaces around it",
        ),
        (
            but(agent_id="\x1b[31m"),
            "agent_id holds characters that cannot be shown, or spaces around it",
        ),
        (
            but(boot_id=" b"),
            "boot_id holds characters that cannot be shown, or spaces around it",
        ),
        (
            but(actual="x" * (EVENT_BYTES + 1 - _REST)),
            "the event has 65537 bytes, 65536 are allowed",
        ),
        (
            but(metadata={str(n): "" for n in range(METADATA_ENTRIES + 1)}),
            "metadata has 65 entries, 64 are allowed",
        ),
        (
            but(seq=LAST_SEQ + 1),
            "seq 9223372036854775808 is over 9223372036854775807",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_reason(event: DriftEvent, told: str) -> None:
    assert put(event) == told


@pytest.mark.parametrize(
    ("said", "platform"),
    [
        ("Microsoft Windows 11 Pro 10.0.22631", Platform.WINDOWS),
        ("Darwin 24.1.0", Platform.MACOS),
        ("macOS 15.1", Platform.MACOS),
        ("NixOS 25.05 (Linux 6.12)", Platform.NIXOS),
        ("Ubuntu 24.04.1 LTS", Platform.LINUX),
        ("Plan 9", Platform.UNKNOWN),
        ("", Platform.UNKNOWN),
    ],
)
def test_the_platform_is_guessed_from_the_systems_own_name(said: str, platform: Platform) -> None:
    assert platform_of(said) is platform


def test_an_agent_is_named_as_agents_in_the_field_are() -> None:
    assert agent_id_of("ws-7", "agent_1") == agent_id_of("ws-7", "agent_1")
    assert agent_id_of("ws-7", "agent_1") != agent_id_of("ws-7", "agent_2")
    assert agent_id_of("ws-7", "agent_1").startswith("go-ws-7-")
    assert len(agent_id_of("w" * NAME_CHARS, "agent_1")) == NAME_CHARS


def test_a_host_whose_agent_is_silent_runs_what_the_config_says() -> None:
    vocabulary = Vocabulary({}, {}, {"front-desk": Platform.LINUX})

    assert vocabulary.platform("front-desk") is Platform.LINUX
    assert vocabulary.platform("elsewhere") is Platform.UNKNOWN
