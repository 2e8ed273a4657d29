"""The play: breaks hosts, waits for what must follow, answers as an operator does, and counts."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import attrs
import click

from runtime.cli.client import change, mapping, read, rows
from runtime.cli.demo import scenes
from runtime.cli.demo.appliance import Appliance, incidents
from runtime.cli.demo.scenes import Incident, Scene
from runtime.cli.demo.stage import BANNER, SSHD, Stage, ward

_PATIENCE = 60.0
"""Seconds that one scene may take."""

_LOUD = {
    "healed": "green", "escalated": "yellow", "refused": "yellow", "suppressed": "yellow",
    "awaiting_approval": "cyan", "rolled_back": "red",
}  # fmt: skip
"""States that are told as they are reached, and their colour."""


T = TypeVar("T")


@attrs.define
class Play:
    """One performance."""

    stage: Stage
    appliance: Appliance
    first_healed_s: float | None = attrs.field(default=None, init=False)
    outcomes: list[tuple[str, str | None]] = attrs.field(
        factory=list[tuple[str, str | None]], init=False
    )
    """Title, and what showed it; None where it was not reached."""
    not_run: list[str] = attrs.field(factory=list[str], init=False)
    """Titles of what needs root and did not have it."""
    _begun: float = attrs.field(factory=time.monotonic, init=False)
    _told: set[tuple[object, object]] = attrs.field(factory=set[tuple[object, object]], init=False)
    _reverts: bool = attrs.field(default=True, init=False)
    _untouched: bytes = attrs.field(default=b"", init=False)

    def begin(self) -> None:
        """Play what needs all hosts as they are at first."""
        self._untouched = (self.stage.root("old-1") / SSHD).read_bytes()
        self.say(f"the appliance is up after {self.appliance.start():.1f} s")
        self._interrupt_a_fix()
        self._submit_unknown()

    def go_on(self, *, as_root: bool) -> None:
        """Play what rules, gate and people decide."""
        for scene in scenes.HEALED:
            self.expect(scene)
        for scene in scenes.STOPPED:
            self.expect(scene)
            if scene is scenes.TYPO:
                self._compare()
        self._approve()
        self._stop_the_flapping()
        self.expect(scenes.RECOVERED)
        if as_root:
            self.expect(scenes.OWNED)
        else:
            self.not_run.append(scenes.OWNED.title)

    def look_back(self) -> None:
        """See what must be so at the end."""
        self._audited()
        self._one_ticket_each()

    # Scenes with something to do in them.

    def _interrupt_a_fix(self) -> None:
        if self.wait(scenes.ACTING) is None:
            self.record(scenes.ACTING.title, None)
            return
        time.sleep(0.5)  # into the three seconds that the act takes
        self.say("kill -9 of the appliance, in the middle of the fix on slow-1", "red")
        self.appliance.kill()
        self.say(f"started again, up after {self.appliance.start():.1f} s")

    def _submit_unknown(self) -> None:
        event = {
            "host_id": scenes.UNKNOWN.host,
            "check_type": scenes.UNKNOWN.check,
            "status": "fail",
        }
        change("event", "submit", event=event)
        self.say("submitted a drift that no rule knows: printer_firmware on print-1")
        self.expect(scenes.UNKNOWN)

    def _compare(self) -> None:
        """See that an undo left nothing behind."""
        same = (self.stage.root("old-1") / SSHD).read_bytes() == self._untouched
        self.record("... and its file is back, byte for byte", "compared" if same else None)

    def _approve(self) -> None:
        asked = self.wait(scenes.ASKED)
        self.record(scenes.ASKED.title, _evidence(asked))
        if asked is None:
            return
        change("incident", "approve", id=asked["id"], who="operator", reason="reviewed")
        self.say("operator: aright incident approve, on hr-1")
        self.expect(scenes.APPROVED)

    def _stop_the_flapping(self) -> None:
        suppressed = self.wait(scenes.FLAPPING)
        self.record(scenes.FLAPPING.title, _evidence(suppressed))
        if suppressed is None:
            return
        self._reverts = False
        [flap] = [each for each in rows(read("suppression", "list")) if each["host"] == "kiosk-1"]
        why = "the old deployment job is gone"
        change("suppression", "lift", id=flap["id"], who="operator", reason=why)
        self.say("operator: aright suppression lift, on kiosk-1")
        self.expect(scenes.LIFTED)

    def _audited(self) -> None:
        """See that this machine was asked, and that nothing was done to it."""
        answers = rows(read("check", "list", host="this-machine"))
        touched = [
            one for one in incidents() if one["host"] == "this-machine" and one["attempt"] != 0
        ]
        evidence = f"{len(answers)} checks answered, nothing done"
        reached = bool(answers) and not touched
        self.record("This machine, in audit mode: read, not touched", evidence if reached else None)

    def _one_ticket_each(self) -> None:
        """See that each incident that stands still has exactly one ticket that is open."""
        wrong = 0
        stopped = [one for one in incidents() if one["state"] in ("escalated", "refused")]
        for one in stopped:
            page = mapping(read("incident", "show", id=str(one["id"])))
            standing = [each for each in rows(page["tickets"]) if each["state"] != "resolved"]
            wrong += len(standing) != 1
        evidence = f"{len(stopped)} stops"
        self.record("Every stop has exactly one ticket", evidence if not wrong else None)

    # Waiting and telling.

    def expect(self, scene: Scene) -> None:
        """Wait for a scene's outcome and record it."""
        reached = self.wait(scene)
        self.record(scene.title, _evidence(reached))

    def wait(self, scene: Scene) -> Incident | None:
        """Wait for a scene's outcome; None when it does not come."""
        return self.watch(scene.reached, _PATIENCE)

    def watch(self, found: Callable[[Sequence[Incident]], T | None], patience: float) -> T | None:
        """Tell what happens until `found` finds something."""
        until = time.monotonic() + patience
        while True:
            current = incidents()
            self._tell(current)
            self._revert_banner()
            if (one := found(current)) is not None:
                return one
            if time.monotonic() > until:
                return None
            time.sleep(0.25)

    def record(self, title: str, evidence: str | None) -> None:
        """Keep whether an outcome was reached."""
        self.outcomes.append((title, evidence))

    def shown(self, title: str) -> str | None:
        """Give what showed an outcome."""
        return next((evidence for each, evidence in self.outcomes if each == title), None)

    def say(self, text: str, colour: str | None = None) -> None:
        """Tell something, with the time since the beginning."""
        passed = time.monotonic() - self._begun
        click.echo(f"{passed:5.1f} s  {click.style(text, fg=colour)}")

    def _tell(self, current: Sequence[Incident]) -> None:
        for one in current:
            moved = (one["id"], one["state"])
            state = str(one["state"])
            if moved in self._told or not _is_told(one):
                continue
            self._told.add(moved)
            if state == "healed" and self.first_healed_s is None:
                self.first_healed_s = time.monotonic() - self._begun
            if state in _LOUD:
                self.say(_line(one), _LOUD[state])

    def _revert_banner(self) -> None:
        """Be the thing that keeps putting the old banner back."""
        banner: Path = self.stage.root("kiosk-1") / BANNER
        if self._reverts and "Authorised" in banner.read_text(encoding="utf-8"):
            healed = [one for one in incidents() if one["host"] == "kiosk-1"]
            if healed and healed[-1]["state"] == "healed":
                banner.write_text("Welcome!\n", encoding="utf-8")


def _is_told(one: Incident) -> bool:
    """Say whether what happens to a host is told: of many that are alike only the first is."""
    host = str(one["host"])
    return host != "this-machine" and (not host.startswith("ward-") or host == ward(1))


def _line(one: Mapping[str, object]) -> str:
    reason = f" ({one['reason']})" if one["reason"] else ""
    by = f" by {one['runbook']}, verified" if one["state"] == "healed" else ""
    return f"{one['host']:<8} {one['check']:<24} {one['state']}{reason}{by}"


def _evidence(one: Mapping[str, object] | None) -> str | None:
    return None if one is None else str(one["id"])
