"""`--dry-run`: what a changing verb would do, told with 10, and not done."""

import pytest

from tests.system.appliance import Appliance

WHY = ("--reason", "to see")


def test_nothing_is_decided_by_asking_what_would_be(site: Appliance) -> None:
    incident = site.incident("ask-later", "awaiting_approval")["id"]
    before = site.data("incident", "show", incident)

    for words in (
        ("approve", incident, *WHY),
        ("reject", incident, *WHY),
        ("ack", incident),
    ):
        said = site.aright("incident", *words, "--dry-run")
        assert said.exit_code == 10, words
        assert incident in said.stdout

    assert site.data("incident", "show", incident) == before


def test_a_ticket_stays_as_it_is(site: Appliance) -> None:
    incident = site.incident("ask-later", "awaiting_approval")["id"]
    [ticket] = site.data("incident", "show", incident)["tickets"]

    for verb in ("ack", "resolve"):
        assert site.aright("ticket", verb, ticket["id"], "--dry-run").exit_code == 10

    [after] = site.data("incident", "show", incident)["tickets"]
    assert after == ticket


def test_an_event_is_not_recorded(site: Appliance) -> None:
    words = ("--host", "nowhere", "--check", "nothing", "--dry-run")

    assert site.aright("event", "submit", *words).exit_code == 10
    assert site.data("incident", "list", "--state", "all", "--host", "nowhere") == []


def test_no_suppression_begins(site: Appliance) -> None:
    before = site.data("suppression", "list", "--all")

    assert site.aright("suppression", "add", "nowhere", *WHY, "--dry-run").exit_code == 10
    assert site.data("suppression", "list", "--all") == before


@pytest.mark.parametrize(
    "words",
    [
        ("incident", "approve", "nobody", *WHY),
        ("incident", "ack", "nobody"),
        ("ticket", "resolve", "nobody"),
        ("suppression", "lift", "nobody", *WHY),
        ("suppression", "extend", "nobody", *WHY),
        ("breaker", "reset", "nobody", *WHY),
    ],
)
def test_what_is_not_there_cannot_be_tried_either(site: Appliance, words: tuple[str, ...]) -> None:
    assert site.aright(*words, "--dry-run").exit_code == 3
