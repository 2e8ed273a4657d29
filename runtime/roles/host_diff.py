"""What healing would change on a host, as a diff: everything is asked, and nothing is done."""

from collections.abc import Sequence

import attrs
import trio

from actors.catalogue.checks import Check
from actors.catalogue.rules import EXECUTE_RUNBOOK, Rule
from actors.l1_evaluator import event_of
from actors.messages import Mode, Status
from actors.requests import RecordObservation
from actors.runbook_runner import Command, Order, Phase, ServiceOrder
from actors.scanner import Eye, checks_of
from runtime.clock import SystemClock
from runtime.codec import foreign_json
from runtime.documents import as_mapping
from runtime.errors import NotFoundError
from runtime.hosts.local_target import LocalTarget
from runtime.ids import TimeOrderedIds
from runtime.mailbox import Mailbox
from runtime.roles.appliance import hosts_of, watches_of
from runtime.roles.catalogue import Catalogue, load_catalogue
from runtime.settings import Settings


@attrs.frozen
class Difference:
    """One drift of a host, and what would become of it."""

    check: str
    rule: str | None
    """None where no rule matches."""
    runbook: str | None
    mode: str
    """What the rule may do here by itself: audit, approve, auto; or `person`."""
    diff: str
    """Unified diffs of files, then modes, owners and effects beside files; empty for a person."""
    problem: str = ""
    """Why nothing can be told, as a code."""


async def differences(
    settings: Settings, host: str, wanted: Sequence[str] = ()
) -> Sequence[Difference]:
    """Ask a host its checks, or those wanted, and tell what healing each drift would change.

    Raises:
        NotFoundError: no target, or no check of it, is called so.
        InvalidFileError: a rule, check or runbook file cannot be read.
    """
    catalogue = load_catalogue(settings)
    watch = watches_of(settings).get(host)
    if watch is None:
        raise NotFoundError("host", host)
    asked = attrs.evolve(watch, checks=tuple(wanted) or watch.checks)
    clock = SystemClock()
    nobody = Mailbox[RecordObservation]("nobody", capacity=1)  # looking records nothing
    eye = Eye(
        {host: asked},
        lambda: catalogue.checks,
        nobody.post,
        clock,
        TimeOrderedIds(clock),
        settings.poll_interval,
    )
    found: list[Difference] = []
    for check in checks_of(asked, catalogue.checks):
        observation = await eye.look(host, check)
        if observation.status is Status.FAIL:
            rule = catalogue.rules.winner(event_of(observation))
            target = hosts_of(settings)[host]
            found.append(await _difference(settings, catalogue, check, rule, host, target))
    return found


async def _difference(  # noqa: PLR0913, PLR0917  all that a decision stands on
    settings: Settings,
    catalogue: Catalogue,
    check: Check,
    rule: Rule | None,
    host: str,
    target: LocalTarget,
) -> Difference:
    if rule is None:
        return Difference(check.id, None, None, "person", "")
    if rule.action != EXECUTE_RUNBOOK or rule.runbook_id is None:
        return Difference(check.id, rule.id, rule.runbook_id, "person", "")
    order = Order.of(catalogue.runbooks[rule.runbook_id], rule.params, target.root)
    diff, problem = await _preview(order, target)
    mode = _mode(settings, rule, host)
    return Difference(check.id, rule.id, rule.runbook_id, mode.value, diff, problem)


async def _preview(order: Order, target: LocalTarget) -> tuple[str, str]:
    match order.step(Phase.PREVIEW):
        case Command(_, argv, stdin, timeout_s):
            said = await target.run(argv, stdin=stdin.encode(), timeout_s=timeout_s)
            if said.timed_out:
                return "", "timeout"
            try:
                answer = as_mapping(foreign_json(said.stdout)) or {}
            except ValueError:
                return "", "output_truncated" if said.truncated else "not_parsed"
            return str(answer.get("diff", "")), str(answer.get("error", ""))
        case ServiceOrder(_, service, state, timeout_s):
            with trio.move_on_after(timeout_s):
                runs = await target.service(service)
                was = "absent" if runs is None else "running" if runs else "stopped"
                return f"service {service}: {was} -> {state.value}\n", ""
            return "", "timeout"


def _mode(settings: Settings, rule: Rule, host: str) -> Mode:
    """Give the strictest of what the rule, its host and a dry run of the whole admit."""
    wanted = Mode(rule.mode or settings.mode)
    admitted = next((t.mode for t in settings.targets if t.host == host and t.mode), Mode.AUTO)
    dry = Mode.AUDIT if settings.dry_run else Mode.AUTO
    return min(wanted, Mode(admitted), dry, key=list(Mode).index)
