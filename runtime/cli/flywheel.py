"""`aright flywheel`: what plans proved, the rules that they became, and a person's word on both."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import NoReturn, cast

import click

from runtime.cli.client import change, mapping, read, rows, who
from runtime.cli.exits import Exit, end
from runtime.cli.output import Format, output_option, print_data, print_rows
from runtime.cli.rehearsal import dry_run_option
from runtime.cli.settings import settings

_COLUMNS = ["id", "stage", "check", "runbook", "tried", "bound", "hosts"]
_WIDTH = 80
_STAGES = ["none", "proposed", "shadow", "canary", "active", "retired"]

Page = Mapping[str, object]


@click.group()
def command() -> None:
    """Read what plans proved; sign, turn down and take back the rules made of them."""


@command.command("list")
@click.option("--stage", type=click.Choice(_STAGES), help="Only what stands there.")
@output_option
def list_(stage: str | None, output: Format) -> None:
    """List what plans did, and what became of them."""
    data = rows(read("flywheel", "list", stage=stage))
    shown = [{**row, "tried": f"{row['healed']}/{row['attempts']}"} for row in data]
    print_rows(
        shown if output is Format.TABLE else data, _COLUMNS, output, none="no plan was tried yet"
    )


@command.command()
@click.argument("pattern")
@output_option
def show(pattern: str, output: Format) -> None:
    """Show a plan: what its attempts prove, what is missing, its rule and its ledger."""
    data = _page(pattern)
    if output is Format.TABLE:
        click.echo("\n".join(_lines(data)))
    else:
        print_data(data, output)


@command.command()
@click.argument("pattern")
@click.option(
    "--mode",
    type=click.Choice(["approve", "auto"]),
    default="approve",
    help="What the rule may do once it heals: ask each time, or not.",
)
@click.option("--reason", required=True, help="Why it may become a rule.")
@dry_run_option
def approve(*, pattern: str, mode: str, reason: str, dry_run: bool) -> None:
    """Sign a proposed plan, so that it becomes a rule; or an active rule for longer."""
    if dry_run:
        _rehearse_approval(pattern, mode)
    data = change("flywheel", "approve", id=pattern, mode=mode, who=who(), reason=reason)
    _tell(mapping(data))


@command.command()
@click.argument("pattern")
@click.option("--reason", required=True, help="Why it must not become a rule.")
@dry_run_option
def reject(*, pattern: str, reason: str, dry_run: bool) -> None:
    """Turn a proposed plan down."""
    if dry_run:
        _rehearse("reject", pattern, ["proposed"])
    _tell(mapping(change("flywheel", "reject", id=pattern, who=who(), reason=reason)))


@command.command()
@click.argument("rule")
@click.option("--reason", required=True, help="Why it is taken out of force.")
@dry_run_option
def demote(*, rule: str, reason: str, dry_run: bool) -> None:
    """Take a rule that was a plan out of force."""
    if dry_run:
        _rehearse("demote", rule, ["shadow", "canary", "active"])
    _tell(mapping(change("flywheel", "demote", id=rule, who=who(), reason=reason)))


def _page(pattern: str) -> Page:
    hosts = settings().flywheel.min_hosts
    return mapping(read("flywheel", "show", id=pattern, min_hosts=hosts))


def _rehearse(verb: str, pattern: str, stages: list[str]) -> NoReturn:
    data = _page(pattern)
    if data["stage"] not in stages:
        end(Exit.CONFLICT, f"{data['id']} is {data['stage']}: nothing to {verb}")
    click.echo(f"would {verb} {data['id']}, which is {data['stage']}")
    raise SystemExit(Exit.WOULD_CHANGE)


def _rehearse_approval(pattern: str, mode: str) -> NoReturn:
    data = _page(pattern)
    missing = _texts(data["missing_for_auto" if mode == "auto" else "missing"])
    if missing:
        end(Exit.CONFLICT, f"{data['id']} is not proven: {'; '.join(missing)}")
    _rehearse("approve", pattern, ["proposed", "active"])


def _tell(data: Page) -> None:
    loaded = "" if data["in_force"] or data["stage"] == "retired" else ", not loaded yet"
    reason = f" ({data['reason']})" if data["reason"] else ""
    click.echo(f"{data['rule']} is {data['stage']}{reason}{loaded}")


def _lines(data: Page) -> Iterator[str]:
    """Lay a page out for a terminal of 80 columns."""
    reason = f" ({data['reason']})" if data["reason"] else ""
    stage = "never proposed" if data["stage"] == "none" else f"{data['stage']}{reason}"
    if data["until"]:
        stage += f" until {data['until']}"
    loaded = f"in force as {data['rule']}" if data["in_force"] else "no rule in force"
    yield f"{data['id']}   {stage}"
    yield from _wrapped("drift", f"{data['check']} on {data['platform']}, answer: {data['kind']}")
    params = ", ".join(f"{key}={value}" for key, value in mapping(data["params"]).items())
    yield from _wrapped("action", f"{data['runbook']}({params})")
    yield from _wrapped("rule", f"{loaded}, mode {data['mode']}" if data["mode"] else loaded)
    outcomes = (
        f"{data['attempts']}: {data['healed']} healed, {data['failed']} failed,"
        f" {data['rolled_back']} rolled back, {data['unknown']} unknown;"
        f" the last {data['clean_run']} clean; on {data['hosts']} hosts"
    )
    yield from _wrapped("attempts", outcomes)
    yield from _wrapped("bound", f"{data['bound']} at 99 % (0.90 to become a rule, 0.95 for auto)")
    for each in _texts(data["missing"]):
        yield from _wrapped("missing", each)
    yield ""
    for line in rows(data["ledger"]):
        moved = f"{line['from'] or 'none'} -> {line['to']}"
        yield f"  {str(line['at'])[:19].replace('T', ' ')}  {line['what']:<10} {moved}"
        numbers = mapping(line["numbers"])
        told = f"by {line['who']}: {line['why']}; " + "; ".join(
            f"{key} {value}" for key, value in numbers.items() if value not in ("", [], None)
        )
        yield from textwrap.wrap(
            told, _WIDTH, initial_indent=" " * 23, subsequent_indent=" " * 23,
            break_on_hyphens=False,
        )  # fmt: skip


def _texts(value: object) -> list[str]:
    return cast("list[str]", value)


def _wrapped(name: str, text: str) -> list[str]:
    return textwrap.wrap(
        f"  {name:<10}{text}", _WIDTH, subsequent_indent=" " * 12, break_on_hyphens=False
    )
