"""Gathering a report: stories of incidents out of their statements, and what was not observed."""

import base64
import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar, cast

import attrs

from actors.coverage import CheckCoverage, CoverageReport, instant, minutes
from actors.messages.anchor import Anchor
from actors.messages.evidence import Logged, ProofKind
from actors.ports import EvidenceReads
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
from runtime.store import Query

T = TypeVar("T")

_COVERAGE = "observation_coverage"
"""The check whose incidents are about what was not observed."""
_ARIGHT = "aright"
"""Who acted when no person did."""
_SETTLED = frozenset({"healed", "passed", "rolled_back"})

_STATE: Mapping[str, str] = {
    "passed": "passed",
    "passed_meanwhile": "passed",
    "audit_refused": "audited",
}
"""Facts that say more than the state they led to."""

_WHAT: Mapping[str, str] = {
    "fix_approved": "Approved the fix",
    "fix_rejected": "Rejected the fix",
    "reopened": "Asked to decide again",
    "suppression_lifted": "Lifted a suppression",
    "suppression_extended": "Extended a suppression",
    "suppression_added": "Suppressed a check",
    "breaker_reset": "Reset a breaker",
    "key_rotated": "Changed the signing key",
    "log_begun": "Began a new evidence log",
}


class Ask(Protocol):
    """Answers a question to the store; all of one report see the same commits."""

    def __call__(self, query: Query[T], /) -> T:
        """Answer it."""
        ...


def gathered(  # noqa: PLR0913  what a report is made of
    ask: Ask,
    reads: EvidenceReads,
    anchor: Query[Anchor | None],
    coverage: CoverageReport,
    *,
    site: str,
    since: dt.datetime,
    until: dt.datetime,
    version: str,
) -> Report:
    """Gather a report on the time from `since` to `until`."""
    told = [_Told.of(each) for each in ask(reads.statements(since=since, until=until))]
    stories = defaultdict[str, list[_Told]](list)
    for each in told:
        if each.logged.incident_id:
            stories[each.logged.incident_id].append(each)
    about = {key: story for key, story in stories.items() if not _of_coverage(story)}
    blind = [story for story in stories.values() if _of_coverage(story)]
    head, keys = ask(reads.last_head()), ask(reads.keys())
    elapsed, unobserved = _sums(coverage.checks)
    return Report(
        site=site,
        made_at=until,
        since=since,
        until=until,
        version=version,
        drifts=[_drift(story) for story in about.values()],
        healings=[each for story in about.values() for each in _healings(story)],
        decisions=list(_decisions(told)),
        unobserved=list(_unobserved(coverage.checks, blind)),
        outages=[
            Outage(_time(instant(span.first)), _time(instant(span.last)), minutes(span.length))
            for span in coverage.outages
        ],
        hosts=len({each.host for each in coverage.checks}),
        checks=len(coverage.checks),
        observed=_part(elapsed, unobserved),
        statements=len(told),
        fingerprint=keys[-1].fingerprint if keys else "",
        head="none yet" if head is None else f"{head.size} leaves, {_time(head.signed_at)}",
        anchored=_anchored(ask(anchor)),
    )


@attrs.frozen
class _Told:
    """A statement, read."""

    logged: Logged
    ref: Ref
    predicate: Mapping[str, object]
    """Empty where its content was purged."""

    @classmethod
    def of(cls, logged: Logged) -> "_Told":
        if logged.envelope is None:
            return cls(logged, Ref(logged.log, logged.leaf, ""), {})
        envelope = cast("Mapping[str, str]", json.loads(logged.envelope))
        payload = base64.b64decode(envelope["payload"])
        statement = cast("Mapping[str, Mapping[str, object]]", json.loads(payload))
        ref = Ref(logged.log, logged.leaf, hashlib.sha256(payload).hexdigest())
        return cls(logged, ref, statement["predicate"])

    @property
    def kind(self) -> str:
        return self.logged.kind

    @property
    def now(self) -> str:
        """Give the state that the fact led to; of a purged one its kind says it."""
        return str(self._part("fact").get("now") or (self.kind if not self.predicate else ""))

    def said(self, *names: str) -> str:
        """Give the first of these that the fact says in its own words."""
        body = self._part("fact").get("body")
        told = cast("Mapping[str, object]", body if isinstance(body, dict) else {})
        return next((str(told[name]) for name in names if told.get(name)), "")

    def decided(self, name: str) -> str:
        return str(self._part("decision").get(name) or "")

    @property
    def controls(self) -> Sequence[str]:
        found = self._part("check").get("controls")
        return [str(each) for each in cast("list[object]", found)] if found else []

    @property
    def severity(self) -> str:
        return str(self._part("incident").get("severity") or "")

    def _part(self, name: str) -> Mapping[str, object]:
        return cast("Mapping[str, object]", self.predicate.get(name) or {})


def _drift(story: Sequence[_Told]) -> Drift:
    first = story[0]
    outcome, last = "open", first
    for each in story:
        state = _STATE.get(each.kind, each.now)
        # What was healed stays so when its incident is closed; a new one tells of its return.
        if state in OUTCOMES and (outcome not in _SETTLED or state in _SETTLED):
            outcome, last = state, each
    return Drift(
        at=first.logged.at,
        host=first.logged.host,
        check=first.logged.check,
        controls=next((each.controls for each in story if each.controls), ()),
        severity=next((each.severity for each in story if each.severity), ""),
        outcome=outcome,
        refs=_once(first.ref, last.ref),
    )


def _healings(story: Sequence[_Told]) -> Iterator[Healing]:
    opened = next((each for each in story if each.kind == "drift_observed"), None)
    for each in story:
        if each.logged.proves is ProofKind.VERDICT and each.kind == "healed":
            began = None if opened is None else (each.logged.at - opened.logged.at).total_seconds()
            yield Healing(
                at=each.logged.at,
                host=each.logged.host,
                check=each.logged.check,
                rule=_last(story, "rule_id"),
                runbook=_last(story, "runbook_id"),
                took_s=began,
                refs=_once(each.ref if opened is None else opened.ref, each.ref),
            )


def _last(story: Sequence[_Told], name: str) -> str:
    return next((said for each in reversed(story) if (said := each.decided(name))), "")


def _decisions(told: Iterable[_Told]) -> Iterator[Decision]:
    for each in told:
        who = each.said("who")
        if not who or who == _ARIGHT:
            continue
        logged = each.logged
        where = " · ".join(part for part in (logged.host, logged.check) if part)
        yield Decision(
            at=logged.at,
            who=who,
            what=_WHAT.get(each.kind, each.kind.replace("_", " ").capitalize()),
            about=where or each.said("breaker", "key", "origin") or "the appliance",
            why=each.said("why", "reason"),
            refs=(each.ref,),
        )


def _of_coverage(story: Sequence[_Told]) -> bool:
    return story[0].logged.check == _COVERAGE


def _unobserved(
    checks: Sequence[CheckCoverage], blind: Sequence[Sequence[_Told]]
) -> Iterator[Unobserved]:
    """Give the hosts of which something was not observed, the worst first."""
    by_host = defaultdict[str, list[CheckCoverage]](list)
    for each in checks:
        by_host[each.host].append(each)
    found = list[Unobserved]()
    for host, own in by_host.items():
        elapsed, unobserved = _sums(own)
        refs = [told[0].ref for told in blind if told[0].logged.host == host]
        if unobserved:
            part = _part(elapsed, unobserved)
            cause = _main_cause(own)
            found.append(Unobserved(host, len(own), part, minutes(unobserved), cause, refs))
    yield from sorted(found, key=lambda each: (each.observed, each.host))


def _main_cause(checks: Iterable[CheckCoverage]) -> str:
    lost = defaultdict[str, int](int)
    for check in checks:
        for cause, length in check.account.by_cause.items():
            lost[cause.value] += length
    return max(lost, key=lambda cause: lost[cause], default="").replace("_", " ")


def _sums(checks: Iterable[CheckCoverage]) -> tuple[int, int]:
    accounts = [check.account for check in checks]
    return sum(each.elapsed for each in accounts), sum(each.unobserved for each in accounts)


def _part(elapsed: int, unobserved: int) -> float:
    return 1.0 if elapsed == 0 else max(0.0, 1 - unobserved / elapsed)


def _anchored(anchor: Anchor | None) -> str:
    if anchor is None:
        return "not anchored"
    if anchor.height is None:
        return f"{anchor.stage} up to leaf {anchor.size - 1}"
    when = "" if anchor.block_time is None else f" of {_time(anchor.block_time)}"
    return f"Bitcoin block {anchor.height}{when}, up to leaf {anchor.size - 1}"


def _once(*refs: Ref) -> Sequence[Ref]:
    return tuple(dict.fromkeys(refs))


def _time(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
