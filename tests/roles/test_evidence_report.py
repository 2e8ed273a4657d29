"""The report: stories out of statements, and pages that can be read and checked."""

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.dom import minidom

import attrs
import pytest
from typing_extensions import override

from actors.coverage import CoverageReport
from actors.messages import JSON, State
from runtime.roles.evidence_report import charts, page
from runtime.roles.evidence_report.gathering import gathered
from runtime.roles.evidence_report.model import (
    OUTCOMES,
    Decision,
    Drift,
    Healing,
    Outage,
    Ref,
    Report,
    Unobserved,
)
from runtime.roles.evidence_report.paper import paper
from runtime.roles.evidence_report.words import MOST_ROWS, tables
from tests.actors.evidence_log.world import World

SINCE = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
UNTIL = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
AT = dt.datetime(2026, 11, 14, 9, 30, tzinfo=dt.UTC)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def reported(world: World) -> Report:
    await world.prove()
    nothing = CoverageReport(SINCE, UNTIL, (), (), ())

    def query(connection: object) -> Report:
        ask: Callable[..., object] = lambda query: query(connection)  # noqa: E731
        return gathered(
            ask,  # type: ignore[arg-type]
            world.memory,
            lambda _connection: None,
            nothing,
            site="site",
            since=SINCE,
            until=UNTIL,
            version="1.0",
        )

    return await world.store.read(query)


async def moved(world: World, *steps: tuple[State, str, dict[str, JSON]]) -> None:
    incident = await world.drift()
    for state, kind, body in steps:
        await world.move(incident, state, kind, **body)


DECIDED = (State.DECIDING, "rule_matched", dict[str, JSON]())
ALLOWED = (State.ACTING, "fix_allowed", dict[str, JSON]())
TRIED = (State.VERIFYING, "verifying", dict[str, JSON]())
HEALED = (State.HEALED, "healed", dict[str, JSON]())


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        ((), "open"),
        ((DECIDED, ALLOWED, TRIED, HEALED), "healed"),
        ((DECIDED, (State.ESCALATED, "escalated", {})), "escalated"),
        ((DECIDED, (State.REFUSED, "budget_refused", {})), "refused"),
        ((DECIDED, (State.REFUSED, "audit_refused", {})), "audited"),
        ((DECIDED, (State.AWAITING_APPROVAL, "approval_asked", {})), "awaiting_approval"),
        ((DECIDED, (State.SUPPRESSED, "suppressed", {})), "suppressed"),
    ],
)
async def test_a_drift_is_told_with_what_came_of_it(
    world: World, steps: tuple[tuple[State, str, dict[str, JSON]], ...], outcome: str
) -> None:
    await moved(world, *steps)

    [drift] = (await reported(world)).drifts

    assert (drift.host, drift.outcome) == ("ws-1", outcome)
    assert drift.refs[0] in (await reported(world)).refs


async def test_a_drift_that_went_away_by_itself_says_so(world: World) -> None:
    await world.drift()
    await world.passed()
    [drift] = (await reported(world)).drifts
    assert drift.outcome == "passed"


async def test_a_fix_counts_when_it_was_verified(world: World) -> None:
    await moved(world, DECIDED, ALLOWED, TRIED, HEALED)

    report = await reported(world)

    [healing] = report.healings
    assert healing.host == "ws-1"
    assert healing.took_s is not None
    assert len(healing.refs) == 2


async def test_what_a_person_decided_is_told_with_who_and_why(world: World) -> None:
    asked = (State.AWAITING_APPROVAL, "approval_asked", dict[str, JSON]())
    yes: dict[str, JSON] = {"who": "ann", "why": "in the window"}
    await moved(world, DECIDED, asked, (State.ACTING, "fix_approved", yes))

    [decision] = (await reported(world)).decisions

    assert (decision.who, decision.what, decision.why) == (
        "ann",
        "Approved the fix",
        "in the window",
    )


async def test_what_aright_did_by_itself_is_no_persons_decision(world: World) -> None:
    await world.prove()  # the entry that begins the log says that Aright did
    assert (await reported(world)).decisions == []


async def test_each_line_names_statements_by_the_digest_of_what_was_signed(world: World) -> None:
    import base64
    import json

    await moved(world, DECIDED, ALLOWED, TRIED, HEALED)
    report = await reported(world)
    signed = {
        (each.log, each.leaf): hashlib.sha256(
            base64.b64decode(json.loads(each.envelope or b"")["payload"])
        ).hexdigest()
        for each in await world.logged()
    }
    assert report.refs
    assert {(ref.log, ref.leaf): ref.digest for ref in report.refs}.items() <= signed.items()


def ref(number: int) -> Ref:
    return Ref(1, number, hashlib.sha256(b"%d" % number).hexdigest())


def full(lines: int = 1) -> Report:
    return Report(
        site="clinic-a",
        made_at=AT,
        since=AT - dt.timedelta(days=20),
        until=AT,
        version="0.1.0",
        drifts=[
            Drift(AT, f"ws-{each}", "firewall", ["164.312(b)"], "high", outcome, (ref(each),))
            for each in range(lines)
            for outcome in OUTCOMES
        ],
        healings=[Healing(AT, "ws-1", "firewall", "R", "B", 12.5, (ref(1), ref(2)))],
        decisions=[
            Decision(AT, "ann", "Approved the fix", "ws-1", "ja, <b>natürlich</b>", (ref(3),))
        ],
        unobserved=[Unobserved("ws-9", 4, 0.9, 61.0, "missed", ())],
        outages=[Outage("2026-11-12 02:00 UTC", "2026-11-12 02:09 UTC", 9.0)],
        hosts=3,
        checks=12,
        observed=0.99996,
        statements=99,
        fingerprint="ab" * 32,
        head="99 leaves",
        anchored="not anchored",
    )


class Anchors(HTMLParser):
    """What is linked, what is there to be linked to, and whether all tags are closed."""

    VOID = frozenset({"meta", "line", "rect"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links, self.ids, self.open = list[str](), set[str](), list[str]()
        self.feed(text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids.add(given.get("id") or "")
        if tag == "a":
            self.links.append((given["href"] or "").removeprefix("#"))
        if tag not in self.VOID:
            self.open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_the_page_is_whole_and_each_link_leads_to_a_statement() -> None:
    found = Anchors(page(full()))
    assert found.open == []
    assert found.links
    assert set(found.links) <= found.ids


def test_the_page_brings_all_it_needs_and_runs_nothing() -> None:
    text = page(full())
    assert re.findall(r"<script|<link|<img|https?://(?!www\.w3\.org/2000/svg)|url\(", text) == []


def test_what_a_person_wrote_is_text_and_no_markup() -> None:
    assert "ja, &lt;b&gt;natürlich&lt;/b&gt;" in page(full())


def test_nothing_short_of_all_of_the_time_is_called_all_of_it() -> None:
    assert charts.percent(1.0) == "100 %"
    assert charts.percent(0.9994) == "99.9 %"
    assert charts.percent(0.0) == "0.0 %"


def test_a_report_on_nothing_says_so_in_each_section() -> None:
    nothing: dict[str, object] = dict.fromkeys(
        ("drifts", "healings", "decisions", "unobserved", "outages"), ()
    )
    empty = attrs.evolve(full(), **nothing)  # type: ignore[arg-type]
    text = page(empty)
    for table in tables(empty):
        assert table.rows == []
        assert table.none in text
    assert paper(empty).startswith(b"%PDF-")


def test_a_long_section_shows_the_newest_lines_and_counts_the_others() -> None:
    report = full(lines=100)
    drifts = tables(report)[0]
    assert len(drifts.rows) == MOST_ROWS
    assert f"{drifts.omitted} older lines are not shown" in page(report)


def test_the_paper_is_the_same_each_time_and_has_letters_that_it_has_no_font_for() -> None:
    report = attrs.evolve(full(), site="診療所")
    assert paper(report) == paper(report)
    assert paper(report).startswith(b"%PDF-")


def pictures() -> Iterator[str]:
    report = full(lines=4)
    long = attrs.evolve(report, since=AT - dt.timedelta(days=400))
    yield from (charts.by_day(report), charts.by_day(long))
    yield from (charts.outcomes(report), charts.coverage(report))


@pytest.mark.parametrize("picture", list(pictures()))
def test_each_picture_is_sound_xml(picture: str) -> None:
    document = minidom.parseString(picture)  # noqa: S318  we wrote it
    assert document.getElementsByTagName("svg")


def test_a_picture_by_day_counts_each_drift_once() -> None:
    drifts = charts.by_day(full(lines=2))
    assert drifts.count(charts.AMBER) == 1  # all on one day: one bar
    highest = -(-2 * len(OUTCOMES) // 4) * 4  # of four lines that stand apart alike
    assert f">{highest}<" in drifts
