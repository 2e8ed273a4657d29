"""A job on a host fights the appliance: it is found out on the real line, in virtual time."""

import attrs
import pytest

from actors.circuit_breaker import GateSettings
from actors.flap_suppressor import FlapSettings
from actors.messages import Mode
from runtime.roles.line import LineSettings
from tests.fakes.target import FakeFile
from tests.faults.drifts import DRIFTS
from tests.faults.host import SimHost
from tests.faults.people import Operator, Reverter, Saboteur
from tests.faults.simulator import Story, World
from tests.faults.virtual_time import stream
from tests.faults.worlds import now_and_then

pytestmark = pytest.mark.timeout(600)  # for what hangs: a slow machine may take its time

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
JOB = "/etc/cron.d/branding"
NAMED = f"/etc/issue.net is changed every {{}} to the same state; named in {JOB}"


@attrs.frozen
class Fight:
    """A world after its end."""

    story: Story
    returns: int
    """How often the drift had come back after a verified fix when healing stopped."""
    tickets: list[tuple[str, ...]]
    """Kind and note of each."""


def live(
    host: SimHost, *others: Reverter | Saboteur, days: float, looks_every_s: float, cuts: float = 0
) -> Fight:
    """Let the appliance look after a host for days, with nobody there to lift anything."""
    checks = tuple({each.drift.check for each in others if isinstance(each, Reverter)} or DRIFTS)
    gate = GateSettings(hosts_share=1.0)
    world = World(
        seed=1,
        settings=LineSettings(Mode.AUTO, gate, FlapSettings(), looks_every_s, 90),
        hosts=[host],
        checks=checks,
        operator=Operator(stream(1, "operator"), {}, HOUR, until=0.0),
        fate=now_and_then(1, cuts, days * DAY),
        ends_at=days * DAY,
        saboteurs=others,
        replay="python -m pytest tests/faults/test_fights.py",
    )
    story = world.run()
    [(returns,)] = world.read("SELECT count(*) FROM healed_drifts")
    tickets = world.read(
        "SELECT kind, note FROM tickets JOIN ticket_history ON ticket_id = id"
        " WHERE line = 0 AND kind <> 'budget' ORDER BY id"
    )
    return Fight(story, int(returns), tickets)


def fight(  # each is a dimension of the fight
    check: str,
    every_s: float,
    *,
    days: float,
    jitter_s: float = 0.0,
    looks_every_s: float = 900.0,
    cuts: float = 0.0,
) -> Fight:
    """Let a job put one setting back for days."""
    host = SimHost("host-0", stream(1, "host"))
    host.target.files[JOB] = FakeFile("17 * * * * root cp /srv/welcome /etc/issue.net\n")
    job = Reverter(host, stream(1, "job"), DRIFTS[check], every_s, jitter_s)
    return live(host, job, days=days, looks_every_s=looks_every_s, cuts=cuts)


def test_a_job_every_ninety_minutes_is_named_at_its_third_return_and_healing_stops() -> None:
    seen = fight("login_banner", 90 * MINUTE, days=1)

    assert not seen.story.line
    assert seen.tickets == [("flap", NAMED.format("90 min"))]
    assert seen.returns == 3
    assert seen.story.acts == 3


def test_a_nightly_job_is_named_at_its_third_return_long_after_each_incident_was_closed() -> None:
    seen = fight("login_banner", DAY, days=5, jitter_s=30.0)

    assert seen.tickets == [("flap", NAMED.format("24 h"))]
    assert seen.returns == 3


def test_jitter_costs_returns_and_a_spent_budget_hides_no_beat() -> None:
    seen = fight("login_banner", 90 * MINUTE, days=4, jitter_s=30.0)

    assert seen.tickets == [("flap", NAMED.format("90 min"))]
    assert 3 < seen.returns <= 8  # with 3 fixes a day, and the gaps over night not counted


def test_a_job_every_seven_minutes_is_a_flap_and_named_too() -> None:
    seen = fight("login_banner", 7 * MINUTE, days=0.1, looks_every_s=60.0)

    [(kind, note)] = seen.tickets
    assert kind == "flap"
    assert note.startswith("came back 3 times within 7200 s: /etc/issue.net is changed")
    assert note.endswith(f"named in {JOB}")


def test_a_mode_that_is_put_back_leaves_its_time_too() -> None:
    seen = fight("shadow_permissions", 90 * MINUTE, days=1)

    assert seen.tickets == [("flap", "/etc/shadow is changed every 90 min to the same state")]
    assert seen.returns == 3


def test_a_service_that_is_stopped_on_a_beat_has_no_file_and_takes_longer() -> None:
    seen = fight("rsyslog_service", 90 * MINUTE, days=2, looks_every_s=60.0)

    assert seen.tickets == [("flap", "the setting is changed every 90 min to the same state")]
    assert 3 < seen.returns <= 6


def test_what_is_known_of_a_fight_survives_every_power_cut() -> None:
    seen = fight("login_banner", 90 * MINUTE, days=2, cuts=0.01)

    assert not seen.story.line
    assert seen.story.cuts > 5
    assert seen.tickets == [("flap", NAMED.format("90 min"))]


def test_thirty_days_of_ordinary_drift_are_no_fight() -> None:
    host = SimHost("host-0", stream(1, "host"))
    drift = Saboteur(host, stream(1, "drift"), 6 * HOUR, 30 * DAY, flap_share=0.0)

    seen = live(host, drift, days=31, looks_every_s=HOUR)

    assert not seen.story.line
    assert seen.story.moves["healed"] > 20
    assert not [note for kind, note in seen.tickets if kind == "flap"]
