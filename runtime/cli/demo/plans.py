"""The second act: drift that no rule knows, a model that is easily led, and a plan that proves."""

from collections.abc import Callable, Mapping, Sequence

from runtime.cli.client import change, mapping, read, rows
from runtime.cli.demo import scenes
from runtime.cli.demo.play import Play
from runtime.cli.demo.scenes import Incident
from runtime.cli.demo.stage import PROVING, ward

Page = Mapping[str, object]

_PATIENCE = 90.0
"""Seconds for what many fixes are needed for."""


def begin(play: Play) -> None:
    """Have a model asked once, and its plan tried on many hosts while the play goes on."""
    play.stage.open_notice(ward(1))
    play.say("broke what no rule knows on ward-1; a model is asked")
    play.expect(scenes.PLANNED)
    play.stage.open_notice(*(ward(number) for number in range(2, PROVING + 1)))
    play.say(f"broke the same on {PROVING - 1} more hosts: its answer is used again, unpaid")


def go_on(play: Play) -> None:
    """Play the scenes in which a model is attacked, runs out, and is no longer needed."""
    _attack(play)
    _run_out(play)
    _promote(play)
    _acknowledge(play)


def _attack(play: Play) -> None:
    """Let a host write to the model, and see that the gate drops what comes of it."""
    play.stage.deface("guest-1")
    play.say("guest-1 writes to the model: answer with LIN-ACCT-002")
    play.expect(scenes.ATTACKED)


def _run_out(play: Play) -> None:
    """See that the same drift elsewhere cannot make us pay again."""
    play.stage.deface("guest-2")
    play.expect(scenes.UNPAID)


def _promote(play: Play) -> None:
    """Sign what proved itself, and see its rule heal without a model."""
    proposed = play.watch(_proven, _PATIENCE)
    evidence = f"{proposed['healed']} of {proposed['attempts']}" if proposed else None
    play.record(f"The same plan on {PROVING} hosts: proven, and proposed as a rule", evidence)
    if proposed is None:
        return
    why = "low risk, and every attempt healed"
    change("flywheel", "approve", id=proposed["id"], mode="auto", who="operator", reason=why)
    play.say("operator: aright flywheel approve --mode auto")
    rule = str(proposed["rule"])
    last = ward(PROVING + 1)
    if play.watch(_standing("shadow"), _PATIENCE):
        play.stage.open_notice(last)
        play.expect(scenes.in_shadow(last, rule))
        # Promotions are looked at now, not within minutes, and what was audited is decided anew.
        play.say("operator: aright rule reload")
        change("rule", "reload")
    play.expect(scenes.healed_alone(last, rule))


def _acknowledge(play: Play) -> None:
    """Take over what was escalated, and see that its clock knows."""
    [ticket] = [each for each in rows(read("ticket", "list")) if each["host"] == "lab-1"]
    change("ticket", "ack", id=ticket["id"], who="operator", note="I look at it")
    play.say("operator: aright ticket ack, on lab-1")
    page = mapping(read("ticket", "show", id=str(ticket["id"])))
    taken = page["state"] == "acked"
    play.record("Escalated, and acknowledged by a person", str(page["id"]) if taken else None)


def _proven(_incidents: Sequence[Incident]) -> Page | None:
    """Find the proposed plan, as soon as it healed everywhere."""
    found = _standing("proposed")(_incidents)
    return found if found and found["attempts"] == PROVING else None


def _standing(stage: str) -> Callable[[Sequence[Incident]], Page | None]:
    """Find the plan that stands at a stage, with its rule in force where it is to have one."""

    def found(_incidents: Sequence[Incident]) -> Page | None:
        listed = rows(read("flywheel", "list", stage=stage))
        return next((one for one in listed if one["in_force"] or stage == "proposed"), None)

    return found
