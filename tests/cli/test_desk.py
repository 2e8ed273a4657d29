"""Tickets, suppressions, breakers and events, as a person handles them."""

import json

import pytest

from tests.system.appliance import Appliance, until

WHY = ("--reason", "a job was mended")


def test_a_ticket_is_listed_read_acknowledged_and_resolved(site: Appliance) -> None:
    incident = site.incident("audited", "refused")["id"]
    [ticket] = [row["id"] for row in site.data("ticket", "list") if row["host"] == "audited"]

    page = site.aright("ticket", "show", ticket).stdout
    assert "in audit mode" in page
    assert incident in page
    assert "L1-SHADOW-PERMISSIONS -> LIN-PERM-001" in page

    assert site.aright("ticket", "ack", ticket, "--note", "mine").stdout == f"{ticket} is acked\n"
    done = site.aright("ticket", "resolve", ticket, "--note", "mended by hand")
    assert done.stdout == f"{ticket} is resolved\n"
    assert ticket not in [row["id"] for row in site.data("ticket", "list")]
    assert ticket in [row["id"] for row in site.data("ticket", "list", "--all")]
    history = site.data("ticket", "show", ticket)["history"]
    assert [line["note"] for line in history][-2:] == ["mine", "mended by hand"]
    assert site.aright("ticket", "resolve", ticket).exit_code == 5


def test_healing_is_held_back_for_longer_and_let_go_on(site: Appliance) -> None:
    held = site.aright("suppression", "add", "held", "--minutes", "5", *WHY)
    suppression = held.stdout.strip()
    event = ("--host", "held", "--check", "shadow_permissions", "--platform", "linux")
    site.aright("event", "submit", *event)
    site.incident("held", "suppressed")
    listed = [row for row in site.data("suppression", "list") if row["id"] == suppression]
    assert [(row["host"], row["incidents"]) for row in listed] == [("held", 1)]
    assert site.aright("suppression", "add", "held", *WHY).exit_code == 5

    longer = site.aright("suppression", "extend", suppression, "--minutes", "90", *WHY)
    assert longer.stdout == "extended: held every check\n"
    lifted = site.aright("suppression", "lift", suppression, *WHY)
    assert lifted.stdout == "lifted: held every check\n"

    # On the host itself nothing drifts: the runner looks first, and there is nothing to heal.
    until(
        lambda: (
            site.data("incident", "list", "--state", "all", "--host", "held")[0]["state"]
            not in {"suppressed", "deciding"}
        ),
        "decided again",
    )
    assert site.aright("suppression", "lift", suppression, *WHY).exit_code == 5
    ended = site.data("suppression", "list", "--all")
    assert [line["what"] for line in ended[0]["history"]][-1] == "lifted"


def test_a_breaker_that_opened_is_closed_by_a_person(site: Appliance) -> None:
    site.incident("misspelt", "escalated")

    [breaker] = site.data("breaker", "list")
    assert (breaker["key"], breaker["state"]) == ("clinic/misspelt/MISSPELT", "open")

    closed = site.aright("breaker", "reset", breaker["key"], *WHY)
    assert (closed.exit_code, closed.stdout) == (0, f"closed: {breaker['key']}\n")
    assert [row["state"] for row in site.data("breaker", "list")] != ["open"]


@pytest.mark.parametrize(
    "words",
    [
        ("ticket", "show", "ticket_nobody"),
        ("ticket", "ack", "ticket_nobody"),
        ("ticket", "resolve", "ticket_nobody"),
        ("suppression", "lift", "nobody", *WHY),
        ("suppression", "extend", "nobody", *WHY),
        ("breaker", "reset", "nobody", *WHY),
    ],
)
def test_what_is_not_there_is_told(site: Appliance, words: tuple[str, ...]) -> None:
    said = site.aright(*words)

    assert (said.exit_code, said.stdout) == (3, "")
    assert "nobody" in said.stderr


def test_an_event_may_come_from_standard_input(site: Appliance) -> None:
    event = {"host_id": "elsewhere", "check_type": "no_such_check", "details": {"seen": [1]}}

    said = site.aright("event", "submit", "-", "-o", "json", stdin=json.dumps(event))

    assert said.exit_code == 0
    told = json.loads(said.stdout)
    assert told["incident_id"] == site.incident("elsewhere", "escalated")["id"]
    assert told["duplicate"] is False


def test_an_event_that_passes_opens_nothing(site: Appliance) -> None:
    words = ("--host", "fine", "--check", "shadow_permissions", "--status", "pass")

    said = site.aright("event", "submit", *words)

    assert (said.exit_code, said.stdout) == (0, "recorded; no incident\n")


@pytest.mark.parametrize(
    ("event", "code", "problem"),
    [
        ('{"host_id": "a\\u001bb", "check_type": "c"}', 2, "host_id must be a name"),
        ("{", 1, "no JSON"),
        ("[]", 1, "no JSON object"),
        ("{}", 2, "host_id"),
        ('{"host_id": "h"}', 2, "check_type"),
        ('{"host_id": "h", "check_type": "c", "severity": "huge"}', 2, "critical"),
        ('{"host_id": "h", "check_type": "c", "status": "broken"}', 2, "unknown"),
        ('{"host_id": "h", "check_type": "c", "details": []}', 2, "details"),
    ],
)
def test_an_event_that_is_none_is_refused(
    site: Appliance, event: str, code: int, problem: str
) -> None:
    said = site.aright("event", "submit", "-", stdin=event)

    assert (said.exit_code, said.stdout) == (code, "")
    assert problem in said.stderr
    assert "no incident" not in said.stderr


def test_top_shows_every_actor_and_its_mailbox(site: Appliance) -> None:
    table = site.aright("top", "--once").stdout.splitlines()
    assert table[0].split("\t")[:3] == ["ACTOR", "STATE", "DEPTH"]
    actors = {line.split("\t")[0]: line.split("\t")[1] for line in table[1:]}
    assert {"scanner", "journal", "l1_evaluator", "circuit_breaker", "runbook_runner"} <= set(
        actors
    )
    assert set(actors.values()) == {"running"}

    health = site.data("top")
    assert {actor["name"] for actor in health["actors"]} == set(actors)


def test_doctor_knows_that_it_runs(site: Appliance) -> None:
    findings = {row["what"]: row for row in site.data("doctor")}

    assert findings["appliance"]["finding"].startswith("running")
    assert {row["ok"] for row in findings.values()} == {"ok"}


def test_what_hosts_answered_last_is_listed(site: Appliance) -> None:
    site.incident("audited")
    rows = until(lambda: site.data("check", "list", "--host", "sound") or None, "an answer")

    assert [(row["check"], row["status"]) for row in rows] == [("shadow_permissions", "pass")]


def test_the_log_is_a_channel_that_carries_all(site: Appliance) -> None:
    site.incident("audited", "refused")

    [log] = [row for row in site.data("channel", "list") if row["name"] == "log"]
    assert (log["kind"], log["state"], log["dead"]) == ("log", "well", 0)
    assert log["sent"] > 0
    assert site.aright("channel", "dead").stderr == "everything arrived, or is still being tried\n"


def test_whether_people_are_reached_is_there_for_probes(site: Appliance) -> None:
    assert site.data("top")["people"] == {
        "unreached": False,
        "tickets_late": 0,
        "deliveries_dead": 0,
    }
    assert "aright_people_unreached 0.0" in site.ask("/metrics").body.decode()
