"""Past drift put before other rules: out of the journal, or out of given lines.

Only drift is decided: an incident by what opened it, a given event where its status is fail.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import cast

import attrs

from actors.catalogue.rules import Rule
from actors.journal import PastDrift, PastFilter, answers_heard, past_drift
from actors.l1_evaluator import (
    Comparison,
    Judge,
    LiveDecision,
    Modes,
    NoEventError,
    Outcome,
    Replay,
    RuleSet,
    SqliteL1Store,
    event_in,
    given_event,
    outcome_of,
)
from actors.messages import Mode, Status
from runtime.roles.catalogue import Catalogue, Trial, load_catalogue
from runtime.settings import Settings

_PAGE = 2_000
"""Incidents read at once: no read lasts so long that the appliance could not tidy its log."""
_VERSIONS = 8
"""Rule sets of the past kept at hand.  Incidents come by time, so that few versions alternate."""


@attrs.define
class Backtest:
    """What a run found."""

    before: Judge | None
    """None where drift is compared with what was decided when it happened."""
    after: Judge
    problems: tuple[str, ...]
    """Rules of the set that is tried which were set aside."""
    compared: Comparison = attrs.field(factory=Comparison, init=False)
    heard: Counter[str] = attrs.field(factory=Counter[str], init=False)
    """Events by status."""
    replay: Replay | None = attrs.field(default=None, init=False)
    """None where events were given."""
    undecided_yet: int = attrs.field(default=0, init=False)
    not_kept: int = attrs.field(default=0, init=False)
    """Decisions whose rule set the journal does not have."""
    bad_lines: int = attrs.field(default=0, init=False)
    """Given lines that are no events."""


def prepared(settings: Settings, trial: Trial | None) -> Backtest:
    """Load the rules that are compared.

    Without a trial, what happened is compared with the rules of the configuration.

    Raises:
        InvalidFileError: a file or folder of theirs cannot be read.
    """
    now = load_catalogue(settings)
    if trial is None:
        return Backtest(None, _judge(settings, now), now.problems)
    tried = load_catalogue(settings, trial)
    new = tuple(problem for problem in tried.problems if problem not in now.problems)
    return Backtest(_judge(settings, now), _judge(settings, tried), new)


def over_journal(test: Backtest, connection: sqlite3.Connection, which: PastFilter) -> None:
    """Put the incidents of a journal before both, and ask each stored decision again."""
    test.replay = replay = Replay()
    test.heard.update(answers_heard(which)(connection))
    rules_of = _past_rules(connection, test.before)
    for past in _pages(connection, which):
        event = event_in(past.observation)
        decided = None if past.decided is None else _decided(past.decided)
        rules = None if decided is None else rules_of(decided.version)
        winner = None if rules is None else rules.winner(event)
        if decided is None:
            test.undecided_yet += 1
        elif rules is None:
            test.not_kept += 1
        else:
            replay.add(past.incident_id, decided, winner)
        was = _was(test, event, rules, winner, decided)
        if was is not None:
            test.compared.add(event, past.incident_id, was, test.after.outcome(event))


def _was(
    test: Backtest,
    event: Mapping[str, object],
    rules: RuleSet | None,
    winner: Rule | None,
    decided: LiveDecision | None,
) -> Outcome | None:
    """Give what the other side makes of an incident; None where nobody knows what happened."""
    if test.before is not None:
        # Most were decided by the rules of now, which need not be asked twice.
        same = rules is test.before.rules
        return test.before.outcome_by(winner, event) if same else test.before.outcome(event)
    if rules is None or decided is None:
        return None
    modes = test.after.modes
    mode = decided.mode or modes.default
    return outcome_of(winner, modes.admitted(mode, decided.runbook_id, str(event["host_id"])))


def over_lines(
    test: Backtest,
    lines: Iterable[str | bytes],
    which: PastFilter,
    refuse: Callable[[int, str], None],
) -> None:
    """Put given events, JSON objects one a line, before both.

    `refuse` gets the number and the problem of each line that is none.
    """
    before = test.before
    assert before is not None  # noqa: S101  given events have no past of their own
    for number, line in enumerate(lines, start=1):
        try:
            event = given_event(line)
        except NoEventError as error:
            test.bad_lines += 1
            refuse(number, str(error))
            continue
        if not _is_meant(event, which):
            continue
        status = event.get("status")
        test.heard[status if isinstance(status, str) else "none"] += 1
        if status == Status.FAIL:
            test.compared.add(
                event, f"line {number}", before.outcome(event), test.after.outcome(event)
            )


def _is_meant(event: Mapping[str, object], which: PastFilter) -> bool:
    wanted = {"host_id": which.host, "check_type": which.check}
    return all(value in ("", event.get(key)) for key, value in wanted.items())


def _judge(settings: Settings, catalogue: Catalogue) -> Judge:
    irreversible = frozenset(each.id for each in catalogue.runbooks.values() if each.irreversible)
    hosts = {target.host: Mode(target.mode) for target in settings.targets if target.mode}
    modes = Modes(Mode(settings.mode), hosts, irreversible, only_audit=settings.dry_run)
    return Judge(catalogue.rules, modes)


def _pages(connection: sqlite3.Connection, which: PastFilter) -> Iterator[PastDrift]:
    after = ""
    while page := past_drift(which, after, _PAGE)(connection):
        yield from page
        after = page[-1].incident_id


def _past_rules(
    connection: sqlite3.Connection, before: Judge | None
) -> Callable[[str], RuleSet | None]:
    @lru_cache(maxsize=_VERSIONS)
    def rules_of(version: str) -> RuleSet | None:
        if before is not None and version == before.rules.version:
            return before.rules
        content = SqliteL1Store().rules_of(version)(connection)
        return None if content is None else RuleSet.compile(json.loads(content))

    return rules_of


@lru_cache(maxsize=4096)
def _decided(body: str) -> LiveDecision:
    """Read the line of a trace that tells a decision; most lines are alike."""
    told = cast("dict[str, str]", json.loads(body))
    if "rule_id" not in told:
        return LiveDecision(None, told["rule_version"])
    return LiveDecision(
        told["rule_id"],
        told["rule_version"],
        told["action"],
        told["runbook_id"],
        Mode(told["mode"]),
    )
