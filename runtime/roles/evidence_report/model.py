"""What stands in a report, before it has a form."""

import datetime as dt
from collections.abc import Sequence

import attrs


@attrs.frozen
class Ref:
    """The statement that a line stands on."""

    log: int
    leaf: int
    digest: str
    """SHA-256 of the statement in hexadecimal; empty where its content was purged."""

    @property
    def id(self) -> str:
        """Give it as commands name it."""
        return f"{self.log}/{self.leaf}"


@attrs.frozen
class Drift:
    """An incident, from its first statement in the time of the report."""

    at: dt.datetime
    host: str
    check: str
    controls: Sequence[str]
    severity: str
    outcome: str
    """A key of `OUTCOMES`."""
    refs: Sequence[Ref]
    """Of what opened it, and of what it came to."""


@attrs.frozen
class Healing:
    """A fix that was verified."""

    at: dt.datetime
    host: str
    check: str
    rule: str
    runbook: str
    took_s: float | None
    """From the drift to the verified fix; None: the drift was before the time of the report."""
    refs: Sequence[Ref]


@attrs.frozen
class Decision:
    """What a person decided."""

    at: dt.datetime
    who: str
    what: str
    about: str
    why: str
    refs: Sequence[Ref]


@attrs.frozen
class Unobserved:
    """What was not observed of a host."""

    host: str
    checks: int
    observed: float
    """The part of the time, 0 to 1."""
    minutes: float
    """Of all its checks together."""
    cause: str
    refs: Sequence[Ref]
    """Of incidents about it; where there are none, the appliance's account alone says so."""


@attrs.frozen
class Outage:
    """When the appliance itself was not there."""

    began: str
    ended: str
    minutes: float


@attrs.frozen
class Report:
    """All of it."""

    site: str
    made_at: dt.datetime
    since: dt.datetime
    until: dt.datetime
    version: str
    drifts: Sequence[Drift]
    healings: Sequence[Healing]
    decisions: Sequence[Decision]
    unobserved: Sequence[Unobserved]
    outages: Sequence[Outage]
    hosts: int
    checks: int
    observed: float
    """The part of the time in which checks were observed, all together."""
    statements: int
    fingerprint: str
    """Of the key that signs."""
    head: str
    """The newest signed head, in words."""
    anchored: str
    """How far its anchor came, in words."""

    @property
    def days(self) -> list[dt.date]:
        """Give every day of the report."""
        count = (self.until.date() - self.since.date()).days + 1
        return [self.since.date() + dt.timedelta(days=day) for day in range(count)]

    @property
    def refs(self) -> list[Ref]:
        """Give every statement that a line stands on, once, in the order of the log."""
        lines: list[Sequence[Ref]] = [each.refs for each in self.drifts]
        lines += [each.refs for each in self.healings]
        lines += [each.refs for each in self.decisions]
        lines += [each.refs for each in self.unobserved]
        found = {(ref.log, ref.leaf): ref for refs in lines for ref in refs}
        return [found[place] for place in sorted(found)]


OUTCOMES = {
    "healed": "Healed and verified",
    "passed": "Went away by itself",
    "rolled_back": "Undone, to a person",
    "escalated": "Handed to a person",
    "awaiting_approval": "Waits for approval",
    "refused": "Held back by a limit",
    "suppressed": "Held back: it returns",
    "audited": "Watched, not healed",
    "open": "Open",
}
"""What a drift came to, by the state that it was last in; `audited` is refused by audit mode."""
