"""`python -m bench.plan`: what a plan costs beside its model: the question, and the gate.

Processor time, so that a busy machine changes little.  The hostile answers are those of the tests,
the largest that may be, the texts of events the shipped attacks.  Ends with 1 when a bound is
broken.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import cast

import attrs

from actors.catalogue.runbook_files import load_runbooks
from actors.l2_planner import (
    ClosedCatalogue,
    IncidentFacts,
    SitePolicy,
    candidates,
    catalogue_of,
    drift_text_in,
    judge,
    prompt_for,
)
from actors.l2_planner.catalogue_file import read_catalogue
from actors.l2_planner.redteam_file import load_attacks
from bench.plan.whole import costs, measured
from runtime.scrub import Scrubber

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "l2"
MARK = "0123456789abcdef0123456789abcdef"

WHOLE = 1000
"""Decisions that are made from question to record."""
GATE_MS = 5.0
"""That any answer takes at most."""
PLAN_MS = 10.0
"""99 of 100 plans, without the model: question, gate and records."""


@attrs.frozen
class Took:
    """Milliseconds of one kind of call, sorted."""

    times: list[float]

    def at(self, share: float) -> float:
        """Give the time that this share of the calls needed at most."""
        return self.times[min(len(self.times) - 1, int(share * len(self.times)))]

    def __str__(self) -> str:
        return (
            f"p50 {self.at(0.5):.3f}  p99 {self.at(0.99):.3f}  max {self.times[-1]:.3f} ms"
            f"  ({len(self.times):,} calls)"
        )


def timed(calls: Iterable[Callable[[], object]], rounds: int) -> Took:
    """Time calls; of each the fastest of some rounds, so that the collector counts but once."""
    return Took(sorted(min(_once(call) for _ in range(rounds)) for call in calls))


def _once(call: Callable[[], object]) -> float:
    begun = time.thread_time()
    call()
    return (time.thread_time() - begun) * 1000


def told(name: str) -> list[Mapping[str, object]]:
    """Read cases of the tests."""
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [cast("Mapping[str, object]", json.loads(line)) for line in lines]


def judgements(catalogue: ClosedCatalogue, name: str) -> Iterable[Callable[[], object]]:
    """Yield a judgement of each answer."""
    for case in told(name):
        event = cast("Mapping[str, str]", case["event"])
        facts = IncidentFacts(event["host"], event["platform"], event["check_type"])
        yield partial(judge, str(case["model_output"]), facts, catalogue)


def largest(catalogue: ClosedCatalogue) -> Iterable[Callable[[], object]]:
    """Yield a judgement of answers as large as may be, each of one thing only."""
    size, facts = catalogue.max_output_bytes, IncidentFacts("h", "linux", "c")
    units = (
        "{",
        "[",
        "{}",
        "}{",
        '{"a":',
        '"',
        '\\"',
        "\\",
        "`",
        "```{",
        " ",
        "9",
        "9e9,",
        "}",
        ",",
    )
    for unit in units:
        for before in ("", "{", '{"', "x", "```json\n{"):
            output = (before + unit * size)[:size]
            yield partial(judge, output, facts, catalogue)


def questions(*, hostile: bool) -> Iterable[Callable[[], object]]:
    """Yield a question about a drift of every check that a shipped runbook heals."""
    runbooks = load_runbooks(ROOT / "rules" / "runbooks").values()
    catalogue, scrubber = catalogue_of(runbooks, SitePolicy()), Scrubber(b"the key of a site")
    attacks = load_attacks([ROOT / "rules" / "redteam"]).events if hostile else [None]
    for runbook in runbooks:
        for check in runbook.checks:
            facts = IncidentFacts("h", runbook.platform.value, check)
            event: Mapping[str, object] = {
                "check_type": check, "platform": facts.platform, "expected": "yes",
                "actual": "no such file or directory: /etc/issue.net", "distro": "debian",
                "details": {"path": "/etc/issue.net", "mode": "0644"},
            }  # fmt: skip
            for attack in attacks:
                text = event if attack is None else {**event, **attack.fields}
                yield partial(ask, text, facts, catalogue, scrubber)


def ask(
    event: Mapping[str, object],
    facts: IncidentFacts,
    catalogue: ClosedCatalogue,
    scrubber: Scrubber,
) -> object:
    """Write the question about an event."""
    return prompt_for(drift_text_in(event), candidates(catalogue, facts), MARK, scrubber)


def main() -> int:
    """Time everything; gives the exit code."""
    catalogue = read_catalogue(DATA / "catalogue.json")
    gate = {
        "gate, sound answers": timed(judgements(catalogue, "sound.jsonl"), 9),
        "gate, hostile answers": timed(judgements(catalogue, "hostile.jsonl"), 9),
        "gate, largest answers": timed(largest(catalogue), 5),
    }
    asked = {
        "question, candidates included": timed(questions(hostile=False), 5),
        "question about a hostile event": timed(questions(hostile=True), 1),
    }
    for name, took in {**gate, **asked}.items():
        print(f"{name:32} {took}")
    runbooks = [
        each for each in load_runbooks(ROOT / "rules" / "runbooks").values() if not each.by_person
    ]
    whole = measured(runbooks, WHOLE)
    print(f"{'whole decision, processor time':32} {Took(list(whole.processor))}")
    print(f"{'the same by the wall':32} {Took(list(whole.decisions))}")
    print(f"{'one durable commit of this disk':32} {Took(list(whole.commits))}")
    for model, dollars in costs(whole.sizes).items():
        print(f"{model:32} ${dollars:.5f} a decision")
    slowest = max(took.times[-1] for took in gate.values())
    plan = Took(list(whole.processor)).at(0.99)
    print(f"slowest judgement {slowest:.2f} ms (at most {GATE_MS:g}); "
          f"whole decision p99 {plan:.2f} ms of the processor (at most {PLAN_MS:g})")  # fmt: skip
    return int(slowest >= GATE_MS or plan >= PLAN_MS)


if __name__ == "__main__":
    sys.exit(main())
