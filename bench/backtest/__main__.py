"""How long a backtest takes: stored drift, and given lines, through two rule sets on one core.

    python -m bench.backtest [--events N] [--rules 92|1000|10000]

The journal is a real file with the tables of the appliance; each of its incidents was decided by
the first rule set, so that each stored decision is asked again too: three decisions an incident.
"""

import argparse
import datetime as dt
import gc
import itertools
import json
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from actors.journal import PastFilter
from actors.journal.spelling import body_cell
from actors.l1_evaluator import Judge, Modes, RuleSet, event_of
from actors.messages import Mode, Observation, Platform, Severity, Status
from bench.l1.workload import SIZES, Raw, Workload
from runtime.codec import to_json
from runtime.hosts.migrations import migrate
from runtime.roles.backtest import Backtest, over_journal, over_lines
from runtime.roles.line import SCHEMAS

GOAL_S = 60.0
HEARD = (
    "INSERT INTO observations (id, host, check_id, status, observed_at, incident_id, body)"
    " VALUES (?, ?, ?, 'fail', ?, ?, ?)"
)
INCIDENT = (
    "INSERT INTO incidents VALUES (?, ?, ?, ?, 'low', 'closed', ?, ?, ?, ?, 1, '', NULL, NULL,"
    " NULL, NULL, 0, NULL, 0)"
)
EPOCH = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


def main() -> None:
    """Run both ways and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rules", type=int, choices=sorted(SIZES), default=1_000)
    options = parser.parse_args()
    work = Workload(SIZES[options.rules], 7)
    old, new = RuleSet.compile(work.rules), RuleSet.compile(changed(work.rules))
    gc.freeze()  # as the command does
    print(f"python {sys.version.split()[0]}, {options.events:,} drifts, {options.rules:,} rules")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        fill(path, work, old, options.events)
        timed("journal", Backtest(judge(old), judge(new), ()), options.events, path)
    timed("lines", Backtest(judge(old), judge(new), ()), options.events, lines(work))


def timed(name: str, test: Backtest, count: int, source: Path | list[str]) -> None:
    """Run one backtest; its figures are CPU and wall seconds, and the memory at its most."""
    cpu, wall = time.process_time(), time.perf_counter()
    if isinstance(source, Path):
        connection = sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)
        over_journal(test, connection, PastFilter())
        connection.close()
        assert test.replay is not None
        assert (test.replay.same, test.replay.different) == (count, 0)
    else:
        over_lines(test, itertools.islice(itertools.cycle(source), count), PastFilter(), refused)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    assert test.compared.drifts == count
    changes = sum(group.places.total() for group in test.compared.groups())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    scaled = cpu * 1_000_000 / count
    print(
        f"{name:8} {cpu:6.1f} s CPU, {wall:6.1f} s wall, {scaled:5.1f} s CPU a million"
        f" (aim {GOAL_S:.0f}), {changes:,} changed, {peak:.0f} MiB at most"
    )


def judge(rules: RuleSet) -> Judge:
    """Give a rule set the modes of a site that heals by itself."""
    return Judge(rules, Modes(Mode.AUTO, {}))


def changed(rules: Iterable[Raw]) -> list[Raw]:
    """Change a rule in twenty: off, to a person, another runbook, another mode."""
    edits: list[Raw] = [
        {"enabled": False}, {"action": "escalate"}, {"runbook_id": "RB-NEW"}, {"mode": "approve"},
    ]  # fmt: skip
    return [
        {**rule, **edits[number // 20 % len(edits)]} if number % 20 == 0 else rule
        for number, rule in enumerate(rules)
    ]


def lines(work: Workload) -> list[str]:
    """Spell the events, drift all of them."""
    return [json.dumps({**event, "status": "fail"}) for event in work.events]


def refused(number: int, problem: str) -> None:
    raise AssertionError(f"line {number}: {problem}")


def fill(path: Path, work: Workload, rules: RuleSet, count: int) -> None:
    """Write a journal of `count` incidents, each decided by `rules`."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    migrate(connection, SCHEMAS)
    told = [observation(event) for event in work.events]
    said = [body_cell(each) for each in told]
    facts = [fact(rules, each) for each in told]
    connection.execute("BEGIN")
    connection.execute(
        "INSERT INTO rule_sets VALUES (?, ?, '')", (rules.version, json.dumps(work.rules))
    )
    for sql, cells in (
        (HEARD,
         ((f"obs_{n:026}", each.host, each.check, EPOCH.isoformat(), f"inc_{n:026}",
           said[n % len(told)]) for n, each in numbered(told, count))),
        (INCIDENT,
         ((f"inc_{n:026}", each.site, each.host, each.check, *([EPOCH.isoformat()] * 3),
           f"obs_{n:026}") for n, each in numbered(told, count))),
        ("INSERT INTO incident_events (incident_id, at, kind, body) VALUES (?, '', ?, ?)",
         ((f"inc_{n:026}", *facts[n % len(told)]) for n, _ in numbered(told, count))),
    ):  # fmt: skip
        connection.executemany(sql, cells)
    connection.execute("COMMIT")
    connection.close()


def numbered(told: list[Observation], count: int) -> Iterator[tuple[int, Observation]]:
    return enumerate(itertools.islice(itertools.cycle(told), count))


def observation(event: Raw) -> Observation:
    """Make of an event what an agent would have reported."""
    return Observation(
        id=f"obs_{0:026}", site=event["site_id"], host=event["host_id"],
        check=event["check_type"], status=Status.FAIL,
        severity=Severity(event["severity"]), observed_at=EPOCH, source="agent",
        platform=Platform(event["platform"]), distro=event["distro"] or "",
        expected=event["expected"], actual=event["actual"], details=event["details"],
        metadata={**event["metadata"], "message": event["message"]},
        agent_id=event["agent_id"], boot_id="boot-1", seq=1,
    )  # fmt: skip


def fact(rules: RuleSet, heard: Observation) -> tuple[str, str]:
    """Tell the decision as the line of a trace does: its kind and its body."""
    winner = rules.winner(event_of(heard))
    body: dict[str, Any] = {"rule_version": rules.version}
    if winner is None:
        return "no_rule_matched", to_json(body)
    return "rule_matched", to_json(
        {**body, "rule_id": winner.id, "action": winner.action, "mode": "auto",
         "runbook_id": winner.runbook_id or "", "cooldown_s": 0.0}
    )  # fmt: skip


if __name__ == "__main__":
    main()
