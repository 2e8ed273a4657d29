"""Incidents, as a person lists, explains and decides them."""

import json
from pathlib import Path

import yaml

from tests.system.appliance import Appliance

WHO_AND_WHY = ("--reason", "reviewed")


def shadow_of(site: Appliance, host: str) -> Path:
    return site.folder / "hosts" / host / "etc" / "shadow"


def test_yes_heals_it_and_the_page_tells_who_said_so(site: Appliance) -> None:
    incident = site.incident("ask-yes", "awaiting_approval")["id"]
    assert shadow_of(site, "ask-yes").stat().st_mode & 0o777 == 0o644

    said = site.aright("incident", "approve", incident, *WHO_AND_WHY)

    assert said.exit_code == 0
    assert said.stdout.startswith(f"{incident} is ")
    site.incident("ask-yes", "healed")
    assert shadow_of(site, "ask-yes").stat().st_mode & 0o777 == 0o640
    page = site.data("incident", "show", incident)
    assert [fact["to"] for fact in page["trace"] if fact["to"]] == [
        "observed", "deciding", "awaiting_approval", "acting", "verifying", "healed",
    ]  # fmt: skip
    [approved] = [fact for fact in page["trace"] if fact["kind"] == "fix_approved"]
    assert approved["body"]["why"] == "reviewed"
    assert approved["body"]["who"]
    assert [ticket["state"] for ticket in page["tickets"]] == ["resolved"]


def test_no_leaves_the_host_as_it_was(site: Appliance) -> None:
    incident = site.incident("ask-no", "awaiting_approval")["id"]

    said = site.aright("incident", "reject", incident, *WHO_AND_WHY)

    assert (said.exit_code, said.stdout) == (0, f"{incident} is refused\n")
    assert site.incident("ask-no")["reason"] == "rejected"
    assert shadow_of(site, "ask-no").stat().st_mode & 0o777 == 0o644
    again = site.aright("incident", "reject", incident, *WHO_AND_WHY)
    assert again.exit_code == 5
    assert again.stdout == ""
    assert incident in again.stderr


def test_a_page_for_a_person_keeps_to_eighty_columns(site: Appliance) -> None:
    incident = site.incident("ask-later", "awaiting_approval")["id"]

    for verb in ("show", "why"):
        page = site.aright("incident", verb, incident)
        assert page.exit_code == 0
        assert "rule matched" in page.stdout
        assert max(map(len, page.stdout.splitlines())) <= 80


def test_why_names_the_rule_and_why_another_did_not_decide(site: Appliance) -> None:
    incident = site.incident("ask-later", "awaiting_approval")["id"]

    why = site.data("incident", "why", incident, "--rule", "L1-SSH-ROOT-LOGIN")

    assert why["explanation"]["rule"] == "L1-SHADOW-PERMISSIONS"
    assert all(condition["holds"] for condition in why["explanation"]["conditions"])
    assert "check_type eq 'ssh_root_login'" in why["why_not"]
    page = site.aright("incident", "why", incident).stdout
    assert "rule L1-SHADOW-PERMISSIONS decides" in page


def test_why_of_a_rule_that_is_not_there_says_so(site: Appliance) -> None:
    incident = site.incident("ask-later", "awaiting_approval")["id"]

    said = site.aright("incident", "why", incident, "--rule", "L1-NOBODY")

    assert said.exit_code == 3
    assert "L1-NOBODY" in said.stderr


def test_the_open_ones_are_listed_in_every_form(site: Appliance) -> None:
    incident = site.incident("ask-later", "awaiting_approval")["id"]
    words = ("incident", "list", "--host", "ask-later")

    table = site.aright(*words).stdout.splitlines()
    assert table[0].split("\t")[:2] == ["ID", "STATE"]
    assert table[1].split("\t")[:2] == [incident, "awaiting_approval"]
    whole = json.loads(site.aright(*words, "-o", "json").stdout)
    assert [row["id"] for row in whole] == [incident]
    assert yaml.safe_load(site.aright(*words, "-o", "yaml").stdout) == whole
    assert [
        json.loads(line) for line in site.aright(*words, "-o", "jsonl").stdout.splitlines()
    ] == (whole)


def test_an_empty_list_is_empty_data_and_a_sentence_beside_it(site: Appliance) -> None:
    nothing = site.aright("incident", "list", "--host", "nobody")
    assert (nothing.exit_code, nothing.stdout, nothing.stderr) == (0, "", "no incidents\n")
    assert site.data("incident", "list", "--host", "nobody") == []


def test_pages_of_a_list_follow_each_other(site: Appliance) -> None:
    for host in ("ask-later", "audited"):
        site.incident(host)
    ids = [row["id"] for row in site.data("incident", "list", "--state", "all")]

    first = site.data("incident", "list", "--state", "all", "--limit", "1")[0]["id"]
    second = site.data("incident", "list", "--state", "all", "--limit", "1", "--before", first)

    assert first == ids[0]
    assert second[0]["id"] == ids[1]


def test_a_state_that_does_not_exist_is_told_with_those_that_do(site: Appliance) -> None:
    said = site.aright("incident", "list", "--state", "helaed")

    assert said.exit_code == 2
    assert "healed" in said.stderr


def test_seen_acknowledges_its_tickets(site: Appliance) -> None:
    incident = site.incident("ask-later", "awaiting_approval")["id"]

    said = site.aright("incident", "ack", incident, "--note", "on it")

    assert (said.exit_code, said.stdout) == (0, "tickets acknowledged: 1\n")
    [ticket] = site.data("incident", "show", incident)["tickets"]
    assert ticket["state"] == "acked"


def test_what_was_escalated_can_be_decided_again(site: Appliance) -> None:
    event = ("--host", "lost", "--check", "nobody_knows_this")
    incident = site.aright("event", "submit", *event).stdout.strip()
    site.incident("lost", "escalated")

    said = site.aright("incident", "reopen", incident, "--reason", "a rule came")

    assert (said.exit_code, said.stdout) == (0, f"{incident} is deciding\n")
    kinds = [fact["kind"] for fact in site.data("incident", "show", incident)["trace"]]
    assert "no_rule_matched" in kinds


def test_an_incident_that_is_not_there_is_told_by_every_verb(site: Appliance) -> None:
    for words in (
        ("show", "inc_nobody"),
        ("why", "inc_nobody"),
        ("ack", "inc_nobody"),
        ("approve", "inc_nobody", *WHO_AND_WHY),
        ("reject", "inc_nobody", *WHO_AND_WHY),
        ("reopen", "inc_nobody", *WHO_AND_WHY),
    ):
        said = site.aright("incident", *words)
        assert (said.exit_code, said.stdout) == (3, ""), words
        assert "inc_nobody" in said.stderr


def test_a_decision_of_a_person_needs_a_reason(site: Appliance) -> None:
    incident = site.incident("ask-later", "awaiting_approval")["id"]

    assert site.aright("incident", "approve", incident).exit_code == 2
    blank = site.aright("incident", "approve", incident, "--reason", " ")
    assert blank.exit_code in (1, 2)
    assert "reason" in blank.stderr
    assert site.incident("ask-later")["state"] == "awaiting_approval"
