"""`aright rule new|enable|disable|mode|schema`: writing the rules of a site."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import click

from runtime.cli.client import change, mapping, rows, who
from runtime.cli.exits import Exit, end, explained
from runtime.cli.rehearsal import dry_run_option
from runtime.cli.settings import settings

if TYPE_CHECKING:
    from runtime.roles.rule_editing import Edit

_MODES = ["audit", "approve", "auto"]

F = TypeVar("F", bound=Callable[..., object])

_reason = click.option("--reason", default="", help="Why: kept as a comment beside it.")
_reload = click.option("--reload", "at_once", is_flag=True, help="Then reload the rules.")


@click.command("new")
@click.argument("rule_id", metavar="ID")
@click.option("--check", required=True, help="The check whose drift it decides.")
@click.option("--runbook", help="What heals it.  Default: the runbook that does.")
@click.option("--escalate", is_flag=True, help="Give the drift to a person instead.")
@click.option("--mode", type=click.Choice(_MODES), default="audit", show_default=True)
@click.option("--file", default="site.yaml", show_default=True, help="In l1/ of the site's folder.")
@_reload
@dry_run_option
def new(  # noqa: PLR0913  one for each option
    *,
    rule_id: str,
    check: str,
    runbook: str | None,
    escalate: bool,
    mode: str,
    file: str,
    at_once: bool,
    dry_run: bool,
) -> None:
    """Write a new rule with comments and tests into the site's folder."""
    from actors.messages import Mode
    from runtime.roles.rule_draft import Draft, drafted

    if escalate and runbook is not None:
        end(Exit.USAGE, "--escalate gives it to a person, --runbook heals it: say one of them")
    with explained():
        made = drafted(settings(), Draft(rule_id, check, runbook, escalate, Mode(mode), file))
    for note in made.notes:
        click.echo(note, err=True)
    _finish(made.edits, dry_run=dry_run, at_once=at_once)


@click.command("enable")
@click.argument("rule_id", metavar="ID")
@_reason
@_reload
@dry_run_option
def enable(rule_id: str, reason: str, *, at_once: bool, dry_run: bool) -> None:
    """Have a rule decide again."""
    _change(rule_id, "enabled", value=True, reason=reason, dry_run=dry_run, at_once=at_once)


@click.command("disable")
@click.argument("rule_id", metavar="ID")
@_reason
@_reload
@dry_run_option
def disable(rule_id: str, reason: str, *, at_once: bool, dry_run: bool) -> None:
    """Have a rule decide nothing; it stays where it is."""
    _change(rule_id, "enabled", value=False, reason=reason, dry_run=dry_run, at_once=at_once)


@click.command("mode")
@click.argument("rule_id", metavar="ID")
@click.argument("mode", type=click.Choice(_MODES))
@_reason
@_reload
@dry_run_option
def mode_(rule_id: str, mode: str, reason: str, *, at_once: bool, dry_run: bool) -> None:
    """Set what a rule may do by itself."""
    _change(rule_id, "mode", value=mode, reason=reason, dry_run=dry_run, at_once=at_once)


@click.command("schema")
def schema() -> None:
    """Print the JSON Schema of a rule file, for editors."""
    from actors.catalogue.rule_schema import rule_file_schema

    click.echo(json.dumps(rule_file_schema(), indent=2))


COMMANDS: Sequence[click.Command] = (new, enable, disable, mode_, schema)


def _change(  # noqa: PLR0913  one for each option
    rule_id: str, key: str, *, value: str | bool, reason: str, dry_run: bool, at_once: bool
) -> None:
    from runtime.roles.rule_editing import changed

    with explained():
        edit = changed(settings(), rule_id, key, value, _note(reason))
    if edit is None:
        click.echo(f"nothing to change: {rule_id} says {key}: {str(value).lower()} already")
        return
    _finish([edit], dry_run=dry_run, at_once=at_once)


def _note(reason: str) -> str:
    """Spell a reason as a comment, with the day and the person."""
    from runtime.clock import SystemClock

    if not reason:
        return ""
    if not reason.isprintable():
        end(Exit.USAGE, "--reason is one line of text")
    return f"{SystemClock().now():%Y-%m-%d} {who()}: {reason}"


def _finish(edits: "Sequence[Edit]", *, dry_run: bool, at_once: bool) -> None:
    if dry_run:
        for edit in edits:
            if edit.path.suffix == ".json":  # for editors; nobody reads its lines
                click.echo(f"would write {edit.path}", err=True)
            else:
                click.echo(edit.diff(), nl=False)
        raise SystemExit(Exit.WOULD_CHANGE)
    with explained():
        for edit in edits:
            edit.apply()
            click.echo(f"wrote {edit.path}")
    if not at_once:
        click.echo("in force after: aright rule reload", err=True)
        return
    reload_now()


def reload_now() -> None:
    """Have the running appliance read its rules anew, and say what came of it."""
    data = mapping(change("rule", "reload"))
    click.echo(f"{data['rules']} rules in force, version {str(data['version'])[:12]}")
    for problem in rows(data["set_aside"]):
        click.echo(f"set aside: {problem}", err=True)
