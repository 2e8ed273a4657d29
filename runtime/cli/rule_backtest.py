"""`aright rule backtest`: past drift put before other rules, and what would differ."""

import datetime as dt
import gc
import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import click

from runtime.cli.exits import Exit, end, explained
from runtime.cli.lines import opened
from runtime.cli.output import Format, output_option, print_data, print_rows
from runtime.cli.settings import settings

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_DEFAULT_SINCE = "30d"
_HOSTS_SHOWN = 10
_WORDS = {
    "new_fix": "new fix",
    "lost_fix": "lost fix",
    "other_fix": "other runbook or params",
    "other_mode": "other mode",
    "newly_escalated": "newly escalated",
    "no_longer_escalated": "no longer escalated",
    "other_rule": "other rule, same effect",
}
_DOES = {"auto": "by itself", "approve": "after approval", "audit": "audit only"}

Told = Mapping[str, object]


@click.command("backtest")
@click.option(
    "--rules",
    "path",
    type=click.Path(path_type=Path),
    help="A file or folder of rules to try, laid over those of the config as the site's own are.",
)
@click.option("--only", is_flag=True, help="Try the given rules alone, without any others.")
@click.option(
    "--events", help="Events as JSON lines instead of the journal's; - for standard input."
)
@click.option("--since", help=f"How far back in the journal: 30d, 12h, 90m.  [{_DEFAULT_SINCE}]")
@click.option("--host", default="", help="Only the drift of this host.")
@click.option("--check", default="", help="Only the drift of this check.")
@output_option
def command(  # noqa: PLR0913, PLR0917  one for each option
    path: Path | None,
    only: bool,
    events: str | None,
    since: str | None,
    host: str,
    check: str,
    output: Format,
) -> None:
    """Say what changed rules would have done about past drift, and change nothing.

    Without --rules: what the rules of the config would do otherwise than was decided then.

    Ends with 6 where a stored decision is not what its own rules decide, and with 1 where a given
    line is no event.
    """
    if only and path is None:
        end(Exit.USAGE, "--only says that the rules of --rules stand alone: name them")
    if events is not None and path is None:
        end(Exit.USAGE, "given events were not decided before: --rules names the rules to try")
    if events is not None and since is not None:
        end(Exit.USAGE, "--since is of the journal: given events are all taken")
    told = _run(path, only=only, events=events, which=(since or _DEFAULT_SINCE, host, check))
    if output is Format.TABLE:
        _print(told)
    else:
        print_data(told, output)
    for problem in cast("list[str]", told["set_aside"]):
        click.echo(f"set aside: {problem}", err=True)
    replayed = cast("Told | None", told["stored_decisions"])
    if replayed is not None and replayed["different"]:
        raise SystemExit(Exit.UNVERIFIED)
    if told["bad_lines"]:
        raise SystemExit(Exit.ERROR)


def _run(path: Path | None, *, only: bool, events: str | None, which: tuple[str, str, str]) -> Told:
    from actors.journal import PastFilter
    from runtime.clock import SystemClock
    from runtime.roles.backtest import over_journal, over_lines, prepared
    from runtime.roles.backtest_report import report
    from runtime.roles.catalogue import Trial
    from runtime.roles.views import open_journal

    since, host, check = which
    configured = settings()
    start = SystemClock().now() - _duration(since)
    with explained():
        test = prepared(configured, None if path is None else Trial(path, alone=only))
        gc.freeze()  # the rules stay: walking them again and again would double the time
        if events is None:
            with open_journal(configured.state_path) as connection:
                over_journal(test, connection, PastFilter(start.isoformat(), host, check))
        else:
            with opened(events) as lines:
                over_lines(test, lines, PastFilter("", host, check), _refused)
    return report(test)


def _refused(number: int, problem: str) -> None:
    click.echo(f"line {number}: {problem}", err=True)


def _duration(text: str) -> dt.timedelta:
    found = re.fullmatch(r"([1-9]\d{0,5})([mhd])", text)
    if found is None:
        end(Exit.USAGE, f"--since {text!r} is no duration: say 30d, 12h or 90m")
    return dt.timedelta(**{_UNITS[found[2]]: int(found[1])})


def _print(told: Told) -> None:
    for line in _summary(told):
        click.echo(line)
    groups = [
        {
            "change": ", ".join(_WORDS[change] for change in cast("list[str]", group["changes"])),
            "drifts": group["drifts"],
            "hosts": group["hosts"],
            "before": _spelled(cast("Told", group["before"])),
            "after": _spelled(cast("Told", group["after"])),
            "examples": group["examples"],
        }
        for group in cast("list[Told]", told["by_rule"])
    ]
    if not groups:
        click.echo("nothing would differ")
        return
    click.echo()
    print_rows(
        groups, ["change", "drifts", "hosts", "before", "after", "examples"], Format.TABLE, none=""
    )
    click.echo()
    hosts = cast("list[Told]", told["by_host"])
    shown = [
        {
            "host": each["host"],
            "site": each["site"],
            "changes": _counted(cast("Told", each["changes"])),
        }
        for each in hosts[:_HOSTS_SHOWN]
    ]
    print_rows(shown, ["host", "site", "changes"], Format.TABLE, none="")
    if len(hosts) > _HOSTS_SHOWN:
        click.echo(f"and {len(hosts) - _HOSTS_SHOWN} more hosts; -o json has all")


def _summary(told: Told) -> list[str]:
    decided, undecided = cast("Told", told["decided"]), cast("Told", told["undecided"])
    events, replayed = cast("Told", told["events"]), cast("Told | None", told["stored_decisions"])
    others = ", ".join(f"{count} {name}" for name, count in events.items() if name != "total")
    changed = _counted(cast("Told", told["changes"])) or "no change"
    went = f"decided {decided['before']} -> {decided['after']}"
    rest = f"no rule {undecided['before']} -> {undecided['after']}"
    lines = [
        f"{events['total']} events ({others or 'none'}); only fail is drift",
        f"{told['drifts']} drifts: {went}, {rest}",
        f"{changed}; hosts touched: {told['hosts_touched']}",
    ]
    if replayed is not None:
        same, different = cast("int", replayed["same"]), cast("int", replayed["different"])
        lines.append(f"{same} of {same + different} stored decisions are made again by their rules")
        lines += [
            f"  {each['incident_id']} was decided by {each['decided']}, now by {each['replayed']}"
            for each in cast("list[Told]", replayed["found"])
        ]
        if replayed["rule_set_not_kept"]:
            lines.append(f"{replayed['rule_set_not_kept']} by rules that were not kept")
    if told["not_decided_yet"]:
        lines.append(f"{told['not_decided_yet']} not decided yet")
    return lines


def _counted(counts: Told) -> str:
    return ", ".join(f"{counts[key]} {word}" for key, word in _WORDS.items() if key in counts)


def _spelled(outcome: Told) -> str:
    if outcome["rule"] is None:
        return "no rule"
    if outcome["runbook"] is None:
        return f"{outcome['rule']}: escalate"
    return f"{outcome['rule']}: {outcome['runbook']}, {_DOES[str(outcome['mode'])]}"
