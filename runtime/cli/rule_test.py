"""`aright rule test`: the tests beside rules, and the mutants that they must notice."""

import gc
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runtime.cli.exits import Exit, end, explained
from runtime.cli.output import Format, output_option, print_data
from runtime.cli.settings import settings

if TYPE_CHECKING:
    from runtime.roles.rule_test import Report


@click.command("test")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--only", is_flag=True, help="Let the rules of PATH decide alone, without others.")
@click.option("--rule", "rule_id", help="Only the tests and the mutants of this rule.")
@click.option("--mutate", is_flag=True, help="Drop and negate each condition: a test must notice.")
@output_option
def command(
    path: Path | None, only: bool, rule_id: str | None, mutate: bool, output: Format
) -> None:
    """Run the tests beside the rules in force, and play their scenarios.

    With PATH, a file or folder of rules, or a folder of the shape of a site's own: only what stands
    there, laid over the rules in force.  Ends with 6 where a test or a scenario fails, a rule has
    no test, or a mutant survives.
    """
    from runtime.roles.catalogue import Trial
    from runtime.roles.rule_test import Subject, report_on

    if only and path is None:
        end(Exit.USAGE, "--only says that the rules of PATH stand alone: name it")
    with explained():
        subject = Subject.of(settings(), None if path is None else Trial(path, alone=only))
    if rule_id is not None and not subject.tested(rule_id):
        end(Exit.NOT_FOUND, f"no enabled rule {rule_id}")
    gc.freeze()  # what was read stays: a collector that walks it again and again doubles the time
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
    found = Counter(finding.kind for finding in report.findings)
    click.echo(
        f"{report.tests} tests of {report.rules} rules: {found['failed']} failed,"
        f" {found['untested']} rules without a test"
    )
    if report.scenarios:
        click.echo(f"{report.scenarios} scenarios: {found['scenario']} expectations failed")
    if mutation is not None:
        click.echo(
            f"{mutation.caught} mutants noticed, {len(mutation.survivors)} not,"
            f" {len(mutation.excused)} excused: {mutation.score:.1f} %"
        )
