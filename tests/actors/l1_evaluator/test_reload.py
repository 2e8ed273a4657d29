"""While rule sets are swapped, every decision is that of the old set or of the new one.

`ARIGHT_RELOADS=1000 ARIGHT_RELOAD_DECISIONS=1000000` runs it at full length.
"""

import itertools
import os
import random
import sys
import threading
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from actors.l1_evaluator.engine import RuleSet
from tests.actors.l1_evaluator import reference

RELOADS = int(os.environ.get("ARIGHT_RELOADS", "150"))
DECISIONS = int(os.environ.get("ARIGHT_RELOAD_DECISIONS", "100000"))
RULES = 300
CHANGED = 12
CHECKS = [f"check_{number}" for number in range(40)]
STATUSES = ["fail", "error", "warning"]


@attrs.define
class InForce:
    """What an actor holds: the set that decides now, and which of the two it is."""

    current: tuple[int, RuleSet]


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Let threads take turns in the middle of a decision."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def drawn_rule(draw: random.Random, number: int) -> dict[str, Any]:
    asked = [("check_type", draw.choice(CHECKS)), ("status", draw.choice(STATUSES))]
    conditions: list[dict[str, Any]] = [
        {"field": field, "operator": "eq", "value": value} for field, value in asked
    ]
    conditions.append({"field": "d.used", "operator": "gt", "value": draw.randrange(100)})
    rule = {"id": f"r{number}", "action": "x", "priority": draw.randrange(20)}
    return rule | {"conditions": draw.sample(conditions, draw.randint(1, 3))}


def drawn_event(draw: random.Random) -> dict[str, Any]:
    used = {"used": draw.randrange(100)}
    return {"check_type": draw.choice(CHECKS), "status": draw.choice(STATUSES), "d": used}


@pytest.mark.usefixtures("eager_threads")
def test_decisions_during_reloads_are_those_of_the_old_set_or_of_the_new_one() -> None:
    draw = random.Random(6)  # noqa: S311 - seeded, no secret
    events = [drawn_event(draw) for _ in range(200)]
    old = [drawn_rule(draw, number) for number in range(RULES)]
    # Broad rules, which come first in one set and last in the other: most answers change.
    changed = [{**rule, "conditions": rule["conditions"][:1]} for rule in old[:CHANGED]]
    both = [
        [{**rule, "priority": priority} for rule in changed] + old[CHANGED:]
        for priority in (-1, 99)
    ]
    answers = [[reference.decide(rules, event) for event in events] for rules in both]
    assert sum(one != other for one, other in zip(*answers, strict=True)) > len(events) / 4
    in_force = InForce((0, RuleSet.compile(both[0])))
    finished = threading.Event()
    wrong: list[tuple[int, int]] = []
    decided = [0, 0]

    def decide() -> None:
        for number in itertools.cycle(range(len(events))):
            which, rule_set = in_force.current
            if rule_set.decide(events[number]) != answers[which][number]:
                wrong.append((which, number))
            decided[which] += 1
            if finished.is_set() and sum(decided) >= DECISIONS:
                return

    deciding = threading.Thread(target=decide)
    deciding.start()
    try:
        for reload in range(1, RELOADS + 1):
            which = reload % 2
            # By turns rule by rule out of the set in force, with which it shares most, and anew.
            made = in_force.current[1]
            if reload % 4 < 2:
                for rule in both[which][:CHANGED]:
                    made = made.replace(rule)
            else:
                made = RuleSet.compile(both[which])
            in_force.current = (which, made)
    finally:
        finished.set()
        deciding.join()

    assert wrong == []
    assert min(decided) > 0
    assert sum(decided) >= DECISIONS
