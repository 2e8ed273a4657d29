"""What a runbook is, and what it would do on a host: asked, spelled out, and not done."""

from collections.abc import Mapping
from typing import cast

import attrs
import trio

from actors.catalogue.checks import examine
from actors.catalogue.runbooks import AgentCommand, ByPerson, Runbook, Script, ServiceChange
from actors.messages import JSON, Status
from actors.runbook_runner import Command, Order, ServiceOrder
from runtime.clock import SystemClock
from runtime.errors import NotFoundError
from runtime.roles.appliance import hosts_of
from runtime.roles.catalogue import Catalogue, load_catalogue
from runtime.settings import Settings


def described(catalogue: Catalogue, runbook_id: str) -> dict[str, object]:
    """Describe a runbook; raises NotFoundError."""
    runbook = _runbook(catalogue, runbook_id)
    undo = "as it was captured"
    if runbook.irreversible:
        undo = "by a person" if runbook.by_person else "irreversible: never without approval"
    return {
        "id": runbook.id,
        "title": runbook.title,
        "platform": runbook.platform.value,
        "checks": list(runbook.checks),
        "params": {
            param.name: {
                "type": param.type.value,
                "required": param.required,
                "default": param.default,
            }
            for param in runbook.params
        },
        "detect": f"the check that drifted answers fail: {', '.join(runbook.checks)}",
        "act": _named(runbook),
        "verify": ["the check that drifted passes", *runbook.also_verify],
        "soak_s": runbook.soak_s,
        "undo": undo,
        "timeout_s": runbook.timeout_s,
        "idempotent": runbook.idempotent,
        "changes": [surface.value for surface in runbook.changes],
        "disruptive": runbook.disruptive,
        "reboots": runbook.reboots,
        "risk": runbook.risk.value,
        "controls": list(runbook.controls),
        "text": runbook.text,
        "hash": runbook.content_hash,
    }  # fmt: skip


async def rehearse(
    settings: Settings, runbook_id: str, host: str, params: Mapping[str, object]
) -> dict[str, object]:
    """Ask whether there is drift, and spell out what would be started; nothing is.

    Raises:
        NotFoundError: no runbook or target is called so.
        InvalidParamError: a param is unknown, missing or of the wrong kind.
    """
    catalogue = load_catalogue(settings)
    runbook = _runbook(catalogue, runbook_id)
    target = hosts_of(settings).get(host)
    if target is None:
        raise NotFoundError("host", host)
    order = Order.of(runbook, cast("Mapping[str, JSON]", params), target.root)
    drifted: dict[str, str] = {}
    for name in runbook.checks:
        check = catalogue.checks[name]
        with trio.fail_after(check.timeout_s):
            drifted[name] = (await examine(check, target, SystemClock().now())).status.value
    return {
        "runbook": runbook.id,
        "host": host,
        "answers_now": drifted,
        "would_change": Status.FAIL in drifted.values(),
        "steps": [_step(step) for step in order.preview()],
    }


def _step(step: Command | ServiceOrder) -> dict[str, object]:
    match step:
        case Command():
            return {
                "phase": step.phase.value,
                "argv": list(step.argv),
                "stdin": step.stdin,
                "timeout_s": step.timeout_s,
            }
        case ServiceOrder():
            return {**attrs.asdict(step), "phase": step.phase.value, "state": step.state.value}


def _runbook(catalogue: Catalogue, runbook_id: str) -> Runbook:
    runbook = catalogue.runbooks.get(runbook_id)
    if runbook is None:
        raise NotFoundError("runbook", runbook_id)
    return runbook


def _named(runbook: Runbook) -> str:
    match runbook.act:
        case Script(name):
            return f"script {name}"
        case ServiceChange(state):
            return f"service {state.value}"
        case AgentCommand(check_type, action):
            return f"the agent of the host: {check_type} {action}"
        case ByPerson():
            return "by a person: see text"
