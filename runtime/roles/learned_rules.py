"""The rules that plans became: their folder below the state directory, and whether they decide.

What must stand there is kept in the journal.  The folder follows it, so that it may be lost, and
is never the truth.
"""

import datetime as dt
import os
import re
from collections.abc import Awaitable, Callable, Mapping, Set as AbstractSet
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import attrs
import trio

from actors.catalogue.runbooks import Risk
from actors.flywheel import RULE_PREFIX, Decides, Pattern, Replay
from actors.journal import count_decided, past_actions
from actors.l1_evaluator import event_of
from actors.messages import Moment, Observation, Status, Verdict
from runtime.errors import InvalidFileError
from runtime.hosts.replaced_file import replace_file
from runtime.roles.catalogue import Catalogue, without
from runtime.roles.rule_replay import RuleReplay, rule_in
from runtime.store import Store

T = TypeVar("T")

_NEVER = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)

RULES = "l1"
_OURS = re.compile(rf"{RULE_PREFIX}[0-9a-f]{{16}}\.yaml")
ASIDE = ".aside"
"""Ends the name of a file that nobody asked for: it is kept, and not read."""
_PAGE = 2_000
"""Incidents read at once: no read lasts so long that the appliance could not tidy its log."""


def _event(catalogue: Catalogue, given: Mapping[str, object]) -> dict[str, object]:
    """Complete what a test gives to the event of a drift, found by the scanner."""
    check = str(given["check_type"])
    severity = catalogue.names.named(check).severity
    drift = Observation("", "", "", check, Status.FAIL, severity, _NEVER, "scanner")
    event = {**event_of(drift), **given}
    return event | {"drift_detected": event["status"] == Status.FAIL}


class InForce(Protocol):
    """What decides now, and how it is replaced."""

    catalogue: Catalogue

    async def load(self) -> object:
        """Read all rules anew; raises InvalidFileError, and then the last good ones stay."""
        ...


async def in_thread(work: Callable[[], T]) -> T:
    """Run what would hold everything else up beside it."""
    return await trio.to_thread.run_sync(work)


async def at_once(work: Callable[[], T]) -> T:
    """Run it here: where time is virtual, it would run on beside a thread."""
    await trio.lowlevel.checkpoint()
    return work()


def lay(folder: Path, files: Mapping[str, str]) -> bool:
    """Have the rule files of the folder be these, by the id of their rule; say whether one changed.

    Another one of ours is removed, one that somebody put there is set aside; what is no rule file
    stays.

    Raises:
        InvalidFileError: the folder cannot be read or written.
    """
    wanted = {folder / RULES / f"{rule_id}.yaml": text for rule_id, text in files.items()}
    try:
        found = {
            Path(parent, name)
            for parent, _, names in os.walk(folder / RULES)
            for name in names
            if Path(name).suffix in {".yaml", ".yml", ".json"}
        }
        stray = found - wanted.keys()
        for path in stray:
            if _OURS.fullmatch(path.name):
                path.unlink()
            else:
                path.replace(path.with_name(path.name + ASIDE))
        changed = [path for path, text in wanted.items() if _put(path, text)]
        if stray:
            _sync(folder / RULES)
    except OSError as error:
        problem = f"cannot be written: {error.strerror}"
        raise InvalidFileError(str(error.filename or folder), problem) from error
    return bool(stray or changed)


def _put(path: Path, text: str) -> bool:
    before = path.read_bytes() if path.exists() else None
    if before == text.encode():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, before, text.encode())
    return True


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Runs(Protocol):
    """`in_thread`, or `at_once`."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """Give what `work` gives."""
        ...


@attrs.define
class LearnedRules:
    """The flywheel's rulebook: what `actors.flywheel.Rulebook` promises."""

    folder: Path
    in_force: InForce
    store: Store
    run: Runs = in_thread
    _held: tuple[Mapping[str, str], Catalogue] | None = attrs.field(default=None, init=False)
    """The files that were last found in force, and the catalogue in which they were."""

    @property
    def version(self) -> str:
        """Name the rule set that is in force."""
        return self.in_force.catalogue.rules.version

    def decides(self) -> Decides:
        """Give what names the rule that decides an event now, but for rules of the flywheel."""
        catalogue = self.in_force.catalogue
        rules = without(catalogue, self._ours(catalogue)).rules

        def decides(given: Mapping[str, object]) -> str | None:
            winner = rules.winner(_event(catalogue, given))
            return None if winner is None else winner.id

        return decides

    def low_risk(self, runbook_id: str) -> bool:
        """Say whether a runbook is of low risk, can be taken back and disturbs nobody."""
        runbook = self.in_force.catalogue.runbooks.get(runbook_id)
        return runbook is not None and not (
            runbook.irreversible
            or runbook.disruptive
            or runbook.reboots
            or runbook.risk is not Risk.LOW
        )

    async def replay(
        self, pattern: Pattern, rule_file: str, tried: Mapping[str, Verdict]
    ) -> Replay:
        """Put the stored incidents of its check before the rules, with that of the file in them."""
        trial = await self.run(partial(RuleReplay.of, self.in_force.catalogue, pattern, rule_file))
        after = ""
        while page := await self.store.read(past_actions(pattern.check, after, _PAGE)):
            await self.run(partial(trial.ask, page, tried))
            after = page[-1].incident_id
        return trial.found()

    async def decided(self, pattern: Pattern, since: Moment) -> int:
        """Count the incidents since then that its rule decided."""
        return await self.store.read(count_decided(pattern.rule_id, pattern.check, since.wall))

    async def put_in_force(self, files: Mapping[str, str]) -> None:
        """Have these rule files stand, and no others, and load them."""
        try:
            changed = await self.run(partial(lay, self.folder, files))
            if changed or not self._are_in_force(files):
                await self.in_force.load()
        finally:
            # A file of somebody else that cannot be read must keep no demoted rule in force.
            gone = self._ours(self.in_force.catalogue) - files.keys()
            if gone:
                self.in_force.catalogue = without(self.in_force.catalogue, gone)

    def _are_in_force(self, files: Mapping[str, str]) -> bool:
        catalogue = self.in_force.catalogue
        if self._held is not None and self._held[0] == files and self._held[1] is catalogue:
            return True
        ours = self._ours(catalogue)
        held = ours == files.keys() and all(
            rule.written == rule_in(files[rule.id])
            for rule in catalogue.rules.rules
            if rule is not None and rule.id in ours
        )
        self._held = (files, catalogue) if held else None
        return held

    def _ours(self, catalogue: Catalogue) -> AbstractSet[str]:
        return {
            rule.id
            for rule, place in zip(catalogue.rules.rules, catalogue.places, strict=True)
            if rule is not None and Path(place.path).is_relative_to(self.folder)
        }
