"""Backtest on the journal and on given lines: what was decided, and what would be."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from actors.journal import PastFilter
from actors.l1_evaluator import Judge, Modes
from actors.messages import Mode
from runtime.errors import InvalidFileError
from runtime.roles.backtest import Backtest, over_journal, over_lines, prepared
from runtime.roles.backtest_report import report
from runtime.roles.catalogue import Catalogue, Trial, load_catalogue
from runtime.settings import Settings
from tests.actors.l1_evaluator.test_actor import CLOCK, ESCALATES, HEALS, Room, in_force
from tests.faults import drifts
from tests.faults.worlds import long_world

ALL = PastFilter()
SHADOW = {"field": "check_type", "operator": "eq", "value": "shadow_permissions"}
DRIFT = {"check_type": "shadow_permissions", "host_id": "ws-1", "site_id": "s", "status": "fail"}


def rule(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "conditions": [SHADOW], "action": "escalate", **more}


def file(path: Path, *rules: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rules), encoding="utf-8")
    return path


def test_every_decision_of_a_simulated_fleet_is_made_again_by_its_own_rules() -> None:
    world = long_world(5, "hunt")
    assert not world.run().line
    judge = Judge(drifts.catalogue().rules, Modes(Mode.AUTO, {}))
    test = Backtest(None, judge, ())

    over_journal(test, world._connection, ALL)

    told = report(test)
    stored = told["stored_decisions"]
    assert isinstance(stored, dict)
    assert stored["same"] > 20
    assert (stored["different"], stored["rule_set_not_kept"], stored["found"]) == (0, 0, [])
    assert told["by_rule"] == []
    assert test.compared.drifts == stored["same"]


@attrs.define
class Past:
    """A journal in which three drifts were decided, by rules of two versions."""

    room: Room = attrs.field(factory=Room)

    async def make(self) -> sqlite3.Connection:
        for check, host in (("firewall", "ws-1"), ("door", "ws-1"), ("window", "ws-2")):
            message = await self.room.drift(check, host)
            await (await self.room.actor()).handle(message)
        self.room.rules = in_force({**HEALS, "id": "heals-now", "mode": "auto"}, ESCALATES)
        await (await self.room.actor()).handle(await self.room.drift("firewall", "ws-2"))
        await self.room.drift("firewall", "ws-3")
        return self.room.store.connection


def against(before: Room | None, *after: object) -> Backtest:
    modes = Modes(Mode.AUDIT, {})
    was = None if before is None else Judge(before.rules.rules, modes)
    return Backtest(was, Judge(in_force(*after).rules, modes), ())


async def test_without_rules_to_try_what_happened_is_compared_with_the_rules_of_now() -> None:
    past = Past()
    connection = await past.make()
    opens = {**HEALS, "id": "opens"}
    opens["conditions"] = [{"field": "check_type", "operator": "eq", "value": "window"}]
    test = against(None, HEALS, opens)

    over_journal(test, connection, ALL)

    told = report(test)
    assert told["before"] == "as decided then"
    assert told["changes"] == {"new_fix": 1, "other_mode": 1, "no_longer_escalated": 1}
    assert told["not_decided_yet"] == 1
    assert told["drifts"] == 4
    stored = told["stored_decisions"]
    assert isinstance(stored, dict)
    assert (stored["same"], stored["different"]) == (4, 0)


async def test_rules_that_are_tried_are_compared_with_those_of_now_for_every_incident() -> None:
    past = Past()
    connection = await past.make()
    test = against(past.room, {**HEALS, "id": "heals-now", "mode": "approve"}, ESCALATES)

    over_journal(test, connection, ALL)

    told = report(test)
    assert told["changes"] == {"other_mode": 3}
    [group] = test.compared.groups()
    assert (group.before.mode, group.after.mode) == (Mode.AUTO, Mode.APPROVE)
    assert told["hosts_touched"] == 3
    assert told["events"] == {"total": 5, "fail": 5}


@pytest.mark.parametrize(
    ("which", "drifts"),
    [
        (PastFilter(host="ws-2"), 2),
        (PastFilter(check="firewall"), 3),
        (PastFilter(host="ws-1", check="door"), 1),
        (PastFilter(since=CLOCK.now().isoformat()), 5),
        (PastFilter(since="2027"), 0),
    ],
)
async def test_only_the_drift_that_is_meant_is_taken(which: PastFilter, drifts: int) -> None:
    past = Past()
    connection = await past.make()
    test = against(past.room, ESCALATES)

    over_journal(test, connection, which)

    assert test.compared.drifts == test.heard.total() == drifts


async def test_a_decision_that_its_rules_do_not_make_is_a_finding() -> None:
    past = Past()
    connection = await past.make()
    told_so = connection.execute(
        "SELECT incident_id, body FROM incident_events WHERE kind = 'rule_matched' LIMIT 1"
    ).fetchone()
    connection.execute(
        "INSERT INTO incident_events (incident_id, at, kind, body) VALUES (?, '', ?, ?)",
        (told_so[0], "rule_matched", told_so[1].replace("heals", "forged")),
    )
    test = against(past.room, ESCALATES)

    over_journal(test, connection, ALL)

    assert test.replay is not None
    [found] = test.replay.found
    assert (found.incident_id, found.decided, found.replayed) == (told_so[0], "forged", "heals")


async def test_a_decision_of_rules_that_were_not_kept_is_counted_apart() -> None:
    past = Past()
    connection = await past.make()
    connection.execute("DELETE FROM rule_sets")
    test = against(None, ESCALATES)

    over_journal(test, connection, ALL)

    assert test.not_kept == 4
    assert test.compared.drifts == 0


# Given events.


def decided(catalogue: Catalogue) -> str | None:
    return catalogue.rules.decide(DRIFT | {"platform": "linux"})


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    file(tmp_path / "own" / "l1" / "own.json", rule("OWN", priority=50))
    return Settings(rules=tmp_path / "own")


@pytest.mark.parametrize("place", ["draft.json", "drafts/one.json", "site/l1/one.json"])
def test_a_trial_is_a_file_a_folder_of_rules_or_one_like_a_site_s(
    tmp_path: Path, own: Settings, place: str
) -> None:
    file(tmp_path / place, rule("DRAFT", priority=10))
    path = tmp_path / place.partition("/")[0]

    assert decided(load_catalogue(own)) == "OWN"
    assert decided(load_catalogue(own, Trial(path))) == "DRAFT"
    alone = load_catalogue(own, Trial(path, alone=True))
    assert [each.id for each in alone.rules.rules if each] == ["DRAFT"]


def test_a_rule_that_is_tried_stands_in_for_the_one_of_its_id(
    tmp_path: Path, own: Settings
) -> None:
    draft = file(tmp_path / "draft.json", rule("OWN", priority=500))

    assert decided(load_catalogue(own, Trial(draft))) == "L1-SHADOW-PERMISSIONS"


def test_a_trial_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidFileError, match="cannot be read"):
        prepared(Settings(), Trial(tmp_path / "nothing.yaml"))


def test_a_tried_rule_that_would_be_set_aside_is_told(tmp_path: Path) -> None:
    draft = file(tmp_path / "draft.json", rule("BAD", action="dance"), rule("GOOD"))

    [problem] = prepared(Settings(), Trial(draft)).problems

    assert "draft.json" in problem
    assert "dance" in problem


def test_of_given_events_only_drift_is_decided(tmp_path: Path) -> None:
    draft = file(tmp_path / "draft.json", {**rule("ALL"), "conditions": [], "match_all": True})
    test = prepared(Settings(), Trial(draft, alone=True))
    refused: list[tuple[int, str]] = []

    def lines() -> Iterator[str]:
        for status in ("fail", "pass", "error", 5):
            yield json.dumps(DRIFT | {"status": status})
        yield "nothing"
        yield json.dumps(DRIFT | {"host_id": "ws-2", "platform": "linux"})

    over_lines(test, lines(), ALL, lambda number, problem: refused.append((number, problem)))

    told = report(test)
    assert told["drifts"] == 2
    assert told["events"] == {"total": 5, "fail": 2, "pass": 1, "error": 1, "none": 1}
    assert told["changes"] == {"newly_escalated": 2, "lost_fix": 1}
    assert [number for number, _ in refused] == [5]
    assert told["stored_decisions"] is None
    assert [group.examples for group in test.compared.groups()] == [["line 1"], ["line 6"]]
