"""`aright rule test`: the tests beside rules, and the mutants that they must notice."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runtime.cli.exits import Exit, end, explained
from runtime.cli.output import Format, output_option, print_data
from runtime.cli.settings import settings

if TYPE_CHECKING:
    from runtime.roles.rule_test import Report


@click.command("test")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--rule", "rule_id", help="Only the tests and the mutants of this rule.")
@click.option("--mutate", is_flag=True, help="Drop and negate each condition: a test must notice.")
@output_option
def command(paths: Sequence[Path], rule_id: str | None, mutate: bool, output: Format) -> None:
    """Run the tests beside the rules in force, or beside those of files and folders.

    The rules of files and folders are then the whole set.  Ends with 6 where a test fails, a rule
    has none, or a mutant survives.
    """
    from runtime.roles.catalogue import load_catalogue
    from runtime.roles.rule_test import Subject, report_on

    with explained():
        catalogue = load_catalogue(settings())
        subject = Subject.written(paths, catalogue) if paths else Subject.in_force(catalogue)
    if rule_id is not None and all(rule.id != rule_id for rule, _ in subject.enabled()):
        end(Exit.NOT_FOUND, f"no enabled rule {rule_id}")
    report = report_on(subject, only=rule_id, mutate=mutate)
    if output is Format.TABLE:
        _tell(report)
    else:
        print_data(report.data, output)
    raise SystemExit(Exit.UNVERIFIED if report.findings else Exit.OK)


def _tell(report: "Report") -> None:
    for finding in report.findings:
        click.echo(f"{finding.place}: {finding.says}" if finding.place else finding.says)
        for line in finding.why:
            click.echo(f"    {line}")
    mutation = report.mutation
    for mutant in mutation.excused if mutation is not None else ():
        click.echo(f"excused: {mutant.rule_id}: {mutant.what}: no event decides otherwise")
    failed = sum(finding.kind == "failed" for finding in report.findings)
    untested = sum(finding.kind == "untested" for finding in report.findings)
    click.echo(
        f"{report.tests} tests of {report.rules} rules: {failed} failed;"
        f" {untested} rules without a test"
    )
    if mutation is not None:
        click.echo(
            f"{mutation.caught} mutants noticed, {len(mutation.survivors)} not,"
            f" {len(mutation.excused)} excused: {mutation.score:.1f} %"
        )
