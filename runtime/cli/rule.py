"""`aright rule`: which rules there are, which one decides an event, and why."""

from pathlib import Path

import click

from runtime.cli.exits import Exit, end, explained
from runtime.cli.lines import opened
from runtime.cli.output import Format, output_option, print_data, print_rows
from runtime.cli.rehearsal import dry_run_option
from runtime.cli.rule_backtest import command as backtest
from runtime.cli.rule_edit import COMMANDS, reload_now
from runtime.cli.rule_test import command as test
from runtime.cli.settings import settings


@click.group()
def command() -> None:
    """List rules, and ask which one decides an event and why."""


command.add_command(test)
command.add_command(backtest)
for each in COMMANDS:
    command.add_command(each)


@command.command("list")
@output_option
def list_(output: Format) -> None:
    """List the rules in force, in the order in which they decide."""
    from runtime.roles.catalogue import load_catalogue

    configured = settings()
    with explained():
        catalogue = load_catalogue(configured)
    rules = [rule for rule in catalogue.rules.rules if rule is not None]
    rows = [
        {
            "id": rule.id,
            "priority": rule.priority,
            "enabled": rule.enabled,
            "mode": rule.mode or f"{configured.mode} (default)",
            "action": rule.runbook_id or rule.action,
            "controls": list(rule.controls),
        }
        for rule in sorted(rules, key=lambda rule: rule.priority)
    ]
    print_rows(rows, ["id", "priority", "enabled", "mode", "action"], output, none="no rules")
    for problem in catalogue.problems:
        click.echo(f"set aside: {problem}", err=True)


@command.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--emits", type=click.Path(path_type=Path), help="What sources write, as a file.")
@output_option
def lint(paths: tuple[Path, ...], emits: Path | None, output: Format) -> None:
    """Find rules that can never decide, name what is not there, or cost every decision.

    Looks at the rules in force, or at the rule files and folders that are named.
    """
    from runtime.roles.linting import finding_rows, lint_rules

    configured = settings()
    with explained():
        report = lint_rules(configured, paths, emits)
    found = finding_rows(report)
    print_rows(found, ["rule", "code", "place", "sentence"], output, none="nothing found")
    undecided = len(report.undecided)
    click.echo(f"{len(found)} findings in {report.rules} rules; {undecided} undecided", err=True)
    raise SystemExit(Exit.UNVERIFIED if found else Exit.OK)


@command.command()
@dry_run_option
def reload(*, dry_run: bool) -> None:
    """Have the running appliance read its rules, checks and runbooks anew.

    All of them, or none: where a file cannot be read, the last good ones stay in force.
    """
    if dry_run:
        from runtime.roles.catalogue import load_catalogue

        with explained():
            rules = load_catalogue(settings()).rules
        click.echo(f"would put {len(rules.rules)} rules in force, version {rules.version[:12]}")
        raise SystemExit(Exit.WOULD_CHANGE)
    reload_now()


@command.command()
@click.option(
    "--rules",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    help="A YAML or JSON file (a list, or a mapping with rules:), or a folder of them.",
)
@click.option(
    "--events", default="-", help="Events as JSON lines; - for standard input.", show_default=True
)
@click.option("--quarantine", is_flag=True, help="First print the rules that were set aside.")
def decide(path: Path, events: str, quarantine: bool) -> None:
    """Print for each event which rule decides it, one JSON object a line."""
    from actors.catalogue.rule_files import read_rules
    from actors.l1_evaluator import RuleSet, decide_lines, quarantine_line

    with explained():
        rule_set = RuleSet.compile(read_rules(path).rules)
    if quarantine:
        click.echo(quarantine_line(rule_set))
    failed = False
    with opened(events) as lines:
        for decided in decide_lines(rule_set, lines):
            click.echo(decided.text)
            failed = failed or decided.is_error
    raise SystemExit(Exit.ERROR if failed else Exit.OK)


@command.command()
@click.argument("event", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--rule", "rule_id", help="Say why this rule does not decide.")
@click.option("--rules", "path", type=click.Path(path_type=Path), help="Instead of those in force.")
@output_option
def why(event: Path, rule_id: str | None, path: Path | None, output: Format) -> None:
    """Explain the decision of one event: a JSON file, or - for standard input."""
    from actors.catalogue.rule_files import read_rules
    from actors.l1_evaluator import NoEventError, RuleSet, given_event
    from runtime.roles.catalogue import load_catalogue
    from runtime.roles.explain import explanation, why_not

    with explained():
        if path is None:
            rule_set = load_catalogue(settings()).rules
        else:
            rule_set = RuleSet.compile(read_rules(path).rules)
    with opened(str(event)) as lines:
        text = b"".join(lines)
    try:
        told = given_event(text)
    except NoEventError as error:
        end(Exit.ERROR, f"{event}: {error}")
    if rule_id is not None:
        answer = why_not(rule_set, told, rule_id)
        if answer["reason"] == "unknown":
            end(Exit.NOT_FOUND, f"no rule {rule_id}")
    else:
        answer = explanation(rule_set, told)
    if output is Format.TABLE:
        click.echo(answer["text"])
    else:
        print_data({key: value for key, value in answer.items() if key != "text"}, output)
