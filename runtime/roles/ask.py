"""Checks asked now, without an appliance: nothing is recorded, nothing is changed."""

from collections.abc import Iterable, Sequence
from socket import gethostname
from typing import Final

import trio

from actors.catalogue.checks import Check, examine, judge
from actors.catalogue.readings import Failed
from actors.catalogue.target import Target as AskedHost
from runtime.clock import SystemClock
from runtime.errors import NotFoundError
from runtime.hosts.local_target import LocalTarget
from runtime.roles.appliance import hosts_of
from runtime.roles.catalogue import load_catalogue
from runtime.settings import Settings, Target

_AT_ONCE: Final = 4


async def ask_now(
    settings: Settings, host: str | None, wanted: Sequence[str]
) -> list[dict[str, object]]:
    """Ask the named checks, or all, of the named target, or of all.

    Raises:
        NotFoundError: no target, or no check of its platform, is called so.
    """
    targets = [target for target in settings.targets if host in (None, target.host)]
    if host is not None and not targets:
        raise NotFoundError("host", host)
    checks = load_catalogue(settings).checks
    for name in wanted:
        if name not in checks:
            raise NotFoundError("check", name)
    hosts = hosts_of(settings)
    asked = [
        (target.host, hosts[target.host], check)
        for target in targets
        for check in _checks_of(target, checks.values(), wanted)
    ]
    return await _answers(asked)


async def ask_this_machine(settings: Settings) -> list[dict[str, object]]:
    """Ask this machine every check for its platform, whatever the targets of the config are."""
    machine = Target(host=gethostname())
    checks = load_catalogue(settings).checks.values()
    here = LocalTarget()
    return await _answers([(machine.host, here, each) for each in _checks_of(machine, checks, ())])


async def _answers(
    asked: Sequence[tuple[str, AskedHost, Check]],
) -> list[dict[str, object]]:
    """Ask a few questions at once, and give the answers in the order of the questions."""
    answers: dict[int, dict[str, object]] = {}
    waiting = iter(enumerate(asked))

    async def work() -> None:
        for position, question in waiting:
            answers[position] = await _asked(*question)

    async with trio.open_nursery() as nursery:
        for _ in range(_AT_ONCE):
            nursery.start_soon(work)
    return [answers[position] for position in range(len(asked))]


def _checks_of(target: Target, checks: Iterable[Check], wanted: Sequence[str]) -> list[Check]:
    names = wanted or target.checks
    return [
        check
        for check in checks
        if check.platform == target.platform
        and (check.id in names if names else not check.is_reported)
    ]


async def _asked(host: str, target: AskedHost, check: Check) -> dict[str, object]:
    answer = judge(check, Failed("timeout"))
    with trio.move_on_after(check.timeout_s):
        answer = await examine(check, target, SystemClock().now())
    return {
        "host": host,
        "check": check.id,
        "status": answer.status.value,
        "severity": check.severity.value,
        "expected": answer.expected,
        "actual": answer.actual,
        "reason": answer.reason,
    }
