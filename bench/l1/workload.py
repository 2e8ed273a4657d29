"""Rule sets and events as the field has them, drawn from a seed.

Frequencies follow a survey of 145 real rules and are scaled to four sizes.  Rules without an
equality anchor (a text, a host prefix or a threshold alone) are the dear ones; none at 92 rules.

Rules and events have been through JSON, as they are when they come from a file and off the wire:
equal texts are then different objects, and no engine finds them equal by looking at one address.
"""

import itertools
import json
import random
from typing import Any, cast

import attrs

from actors.l1_evaluator.engine import RuleSet

Raw = dict[str, Any]


@attrs.frozen
class Size:
    """How a rule set of a size is made up."""

    rules: int
    check_types: int
    sites: int
    site_share: float
    """Share of the rules that are for one site."""
    unanchored: int


SIZES = {
    size.rules: size
    for size in (
        Size(92, 60, 4, 0.0, 0),
        Size(1_000, 300, 12, 0.3, 8),
        Size(10_000, 900, 60, 0.6, 99),
        Size(100_000, 2_000, 500, 0.8, 1_056),
    )
}
EVENTS = 20_000
HIT_SHARE = 0.75
_SKEW = 0.35
"""Exponent of popularity: the first check type of 2,000 has some 400 of 100,000 rules."""
_HOSTS_A_SITE = 40

STATUSES = ["fail", "warning", "error", "pass", "unknown"]
PLATFORMS = ["linux", "windows", "macos", "nixos"]
SEVERITIES = ["low", "medium", "high", "critical"]
METRICS = ["age_hours", "usage_percent", "restart_count", "days_remaining", "failed_logins"]
FLAGS = ["service_running", "encrypted", "reboot_pending", "tamper_protection"]
ROLES = ["ws", "srv", "dc", "db", "web", "lab", "kiosk", "print"]
SUBJECTS = ["unit", "volume", "certificate", "account", "policy", "signature", "driver", "share"]
VERBS = ["expired", "failed", "timeout", "denied", "missing", "stopped", "corrupt", "reverted"]
PRIORITIES = [1, 2, 3, 5, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100]
_HEALTHY = {"status": "pass", "drift_detected": False, "message": "as it should be"}
IPV4 = r"^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$"


def condition(field: str, operator: str, value: object) -> Raw:
    """Write one condition."""
    return {"field": field, "operator": operator, "value": value}


@attrs.define
class Workload:
    """One seed's rules and events."""

    size: Size
    seed: int
    event_count: int = EVENTS
    rules: list[Raw] = attrs.field(init=False)
    events: list[Raw] = attrs.field(init=False)
    _draw: random.Random = attrs.field(init=False)
    _types: list[str] = attrs.field(init=False)
    _type_weights: list[float] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._draw = random.Random(f"{self.seed}-{self.size.rules}")
        self._types = [f"check_{number}" for number in range(self.size.check_types)]
        self._type_weights = _cumulated(len(self._types))
        unanchored = set(self._draw.sample(range(self.size.rules), self.size.unanchored))
        drawn = [self._rule(n, anchored=n not in unanchored) for n in range(self.size.rules)]
        self.rules = json.loads(json.dumps(drawn))
        self.events = self._events()

    def _type(self) -> str:
        return self._draw.choices(self._types, cum_weights=self._type_weights)[0]

    def _site(self) -> str:
        return f"site-{self._draw.randrange(self.size.sites)}"

    def _chance(self, share: float) -> bool:
        return self._draw.random() < share

    def _rule(self, number: int, *, anchored: bool) -> Raw:
        conditions = [self._anchor()] if anchored else [self._unanchored()]
        conditions += self._others()
        if self._chance(self.size.site_share):
            conditions.append(condition("site_id", "eq", self._site()))
        if self._chance(0.3):
            self._draw.shuffle(conditions)
        rule: Raw = {
            "id": f"L1-{number:06}",
            "name": f"rule {number}",
            "conditions": conditions,
            "action": "execute_runbook",
            "runbook_id": f"RB-{number % 400:03}",
            "priority": self._draw.choice(PRIORITIES),
        }
        if self._chance(0.35):
            rule["severity_filter"] = self._draw.sample(SEVERITIES, self._draw.randint(1, 3))
        if self._chance(0.03):
            rule["enabled"] = False
        return rule

    def _anchor(self) -> Raw:
        kind = self._draw.random()
        if kind < 0.83:
            return condition("check_type", "eq", self._type())
        if kind < 0.94:
            return condition("incident_type", "eq", self._type())
        several = sorted({self._type() for _ in range(self._draw.randint(2, 4))})
        return condition("check_type", "in", several)

    def _unanchored(self) -> Raw:
        match self._draw.randrange(5):
            case 0:
                return condition("message", "regex", self._message_pattern())
            case 1:
                return condition("message", "contains", f"{self._phrase()} again")
            case 2:
                return condition("host_id", "starts_with", self._host_prefix())
            case 3:
                return condition("message", "regex", rf"code 0x{self._draw.randrange(4096):03x}\b")
            case _:
                metric = f"details.{self._draw.choice(METRICS)}"
                return condition(metric, "gt", self._draw.randint(95, 99))

    def _phrase(self) -> str:
        return f"{self._draw.choice(SUBJECTS)} {self._draw.choice(VERBS)}"

    def _message_pattern(self) -> str:
        return rf"{self._draw.choice(SUBJECTS)}-\d+ {self._draw.choice(VERBS)}"

    def _host_prefix(self) -> str:
        return f"{self._draw.choice(ROLES)}{self._draw.randrange(self.size.sites):03}-"

    def _others(self) -> list[Raw]:
        draw, found = self._draw, []
        if self._chance(0.66):
            found.append(self._status())
        if self._chance(0.45):
            found.append(condition("drift_detected", "eq", True))
        if self._chance(0.37):
            found.append(self._platform())
        if self._chance(0.18):
            metric = f"details.{draw.choice(METRICS)}"
            found.append(condition(metric, draw.choice(["gt", "lt", "gte"]), draw.randint(5, 95)))
        if self._chance(0.08):
            found.append(condition(f"details.{draw.choice(FLAGS)}", "eq", self._chance(0.3)))
        if self._chance(0.06):
            found.append(condition("message", "contains", draw.choice(VERBS)))
        if self._chance(0.07):
            host = rf"^{draw.choice(ROLES)}\d+-\d+$"
            found.append(
                condition("ip_address", "regex", IPV4)
                if self._chance(0.6)
                else condition("host_id", "regex", host)
            )
        if self._chance(0.06):
            operator, affix = draw.choice(
                [("starts_with", draw.choice(ROLES)), ("ends_with", str(draw.randrange(10)))]
            )
            found.append(condition("host_id", operator, affix))
        if self._chance(0.05):
            found.append(condition("distro", "exists", self._chance(0.8)))
        return found

    def _status(self) -> Raw:
        kind = self._draw.random()
        if kind < 0.45:
            return condition("status", "in", ["warning", "fail", "error"])
        if kind < 0.85:
            return condition("status", "eq", self._draw.choice(["fail", "fail", "error"]))
        return condition("status", "ne", "pass")

    def _platform(self) -> Raw:
        operator = self._draw.choice(["eq", "eq", "ne", "ne", "in", "not_in"])
        if operator in ("in", "not_in"):
            return condition("platform", operator, self._draw.sample(PLATFORMS, 2))
        return condition("platform", operator, self._draw.choice(PLATFORMS))

    def _events(self) -> list[Raw]:
        enabled = [rule for rule in self.rules if rule.get("enabled", True)]
        self._draw.shuffle(enabled)
        weights = _cumulated(len(enabled))
        # The share of hits must be right, so that each event is drawn until it is one, or none.
        # Our own engine may judge that: the bench checks its answers.
        decide = RuleSet.compile(self.rules).decide
        events: list[Raw] = []
        for number in range(self.event_count):
            hit, healthy = self._chance(HIT_SHARE), self._chance(0.5)
            while True:
                event = self._event(number)
                if hit:
                    self._satisfy(event, self._draw.choices(enabled, cum_weights=weights)[0])
                elif healthy:
                    event |= _HEALTHY
                else:
                    event["check_type"] = event["incident_type"] = f"other_{number % 97}"
                if (decide(event) is not None) is hit:
                    break
            events.append(event)
        return cast("list[Raw]", json.loads(json.dumps(events)))

    def _event(self, number: int) -> Raw:
        draw, check, site = self._draw, self._type(), self._draw.randrange(self.size.sites)
        role, host = draw.choice(ROLES), draw.randrange(_HOSTS_A_SITE)
        platform = draw.choice(PLATFORMS)
        return {
            "site_id": f"site-{site}",
            "host_id": f"{role}{site:03}-{host:02}",
            "agent_id": f"agent-{site}-{host:02}",
            "ip_address": f"10.{site // 250}.{site % 250}.{host}",
            "check_type": check,
            "incident_type": check,
            "platform": platform,
            "distro": "ubuntu" if platform == "linux" else None,
            "status": draw.choice(STATUSES[:3]),
            "drift_detected": self._chance(0.9),
            "severity": draw.choice(SEVERITIES),
            "message": f"{self._phrase()} on item {number} code 0x{draw.randrange(4096):03x} seen",
            "expected": "the baseline as it was signed",
            "actual": f"another answer, number {draw.randrange(10_000)}",
            "details": {metric: draw.randint(0, 94) for metric in METRICS}
            | {flag: self._chance(0.5) for flag in FLAGS},
            "metadata": {"agent_version": "2.4.1"},
            "source": "agent",
            "reported_at": f"2026-05-01T12:{number // 60 % 60:02}:{number % 60:02}Z",
        }

    def _satisfy(self, event: Raw, rule: Raw) -> None:
        """Change what must be so that `rule` matches."""
        if rule.get("severity_filter"):
            event["severity"] = rule["severity_filter"][0]
        for each in rule["conditions"]:
            parent, _, key = each["field"].rpartition(".")
            place = event[parent] if parent else event
            place[key] = self._value_for(each, place.get(key))
        if any(each["field"] == "check_type" for each in rule["conditions"]):
            event["incident_type"] = event["check_type"]
        else:
            event["check_type"] = event["incident_type"]

    def _value_for(self, each: Raw, actual: Any) -> Any:  # noqa: PLR0911 - a line an operator
        value = each["value"]
        match each["operator"]:
            case "eq":
                return value
            case "in":
                return actual if actual in value else self._draw.choice(value)
            case "ne" | "not_in":
                refused = value if isinstance(value, list) else [value]
                pool = PLATFORMS if each["field"] == "platform" else STATUSES[:3]
                return (
                    actual
                    if actual not in refused
                    else next(one for one in pool if one not in refused)
                )
            case "gt" | "gte":
                return value + self._draw.randint(1, 4)
            case "lt":
                return value - self._draw.randint(1, 4)
            case "contains":
                return f"{actual} {value}"
            case "starts_with":
                return f"{value}07" if value.endswith("-") else f"{value}001-07"
            case "ends_with":
                return f"{str(actual)[:-1]}{value}"
            case "exists":
                return "ubuntu" if value else None
            case _:
                return self._matching(value, actual)

    def _matching(self, pattern: str, actual: str) -> str:
        if pattern == IPV4:
            return actual
        if pattern.startswith("^"):
            return pattern[1:-1].replace(r"\d+", "007")
        return actual + " " + pattern.replace(r"\d+", "7").replace(r"\b", "")


def _cumulated(count: int) -> list[float]:
    return list(itertools.accumulate((number + 1) ** -_SKEW for number in range(count)))
