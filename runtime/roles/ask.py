"""Checks asked now, without an appliance: nothing is recorded, nothing is changed."""

from collections.abc import Iterable, Sequence

import trio

from actors.catalogue.checks import Check, examine, judge
from actors.catalogue.readings import Failed
from actors.catalogue.target import Target as AskedHost
from actors.messages import Status
from runtime.clock import SystemClock
from runtime.errors import NotFoundError
from runtime.roles.appliance import hosts_of
from runtime.roles.catalogue import load_catalogue
from runtime.settings import Settings, Target


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
    return [
        await _asked(target.host, hosts[target.host], check)
        for target in targets
        for check in _checks_of(target, checks.values(), wanted)
    ]


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
    not_applicable = answer.absent and answer.status is Status.UNKNOWN
    return {
        "host": host,
        "check": check.id,
        "status": "not applicable" if not_applicable else answer.status.value,
        "severity": check.severity.value,
        "expected": answer.expected,
        "actual": answer.actual,
        "reason": answer.reason,
    }
