"""`aright evidence report`."""

from pathlib import Path

import click

from runtime.cli.evidence.instants import instant, instant_option
from runtime.cli.exits import Exit, end, explained
from runtime.cli.settings import settings
from runtime.errors import InvalidFileError


@click.command()
@click.option("--site", default="", help="The site; an appliance knows its own alone.")
@instant_option("--since", "When its time begins", required=True)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to be written: report.pdf or report.html.",
)
def command(*, site: str, since: str, out: Path) -> None:
    """Write a report for people: what drifted, was healed, was decided, and was not observed.

    Each line names the statements of the evidence log that it stands on.
    """
    form = out.suffix.lower()
    if form not in (".pdf", ".html", ".htm"):
        end(Exit.USAGE, f"--out {out}: the name must end with .pdf or .html")
    from runtime.clock import SystemClock
    from runtime.roles.evidence_report import page, report_of

    given = settings()
    with explained():
        begins = instant(since)
        if begins is None:
            end(Exit.USAGE, "--since is empty")
        report = report_of(given, begins, SystemClock(), site)
        if form == ".pdf":
            from runtime.roles.evidence_report.paper import paper

            data = paper(report)
        else:
            data = page(report).encode()
        _write(out, data)
    click.echo(
        f"{out}: {len(report.drifts)} drifts, {len(report.healings)} healed and verified,"
        f" {len(report.decisions)} decisions, {report.statements} statements"
    )


def _write(out: Path, data: bytes) -> None:
    """Write a report whole, or leave what was there."""
    from runtime.hosts.replaced_file import replace_file

    try:
        if out.exists() and not out.is_file():  # a pipe or a device: only who reads it has it whole
            out.write_bytes(data)
            return
        before = out.read_bytes() if out.exists() else None
    except OSError as error:
        raise InvalidFileError(str(out), f"cannot be written: {error.strerror}") from error
    if not out.resolve().parent.is_dir():
        raise InvalidFileError(str(out), "cannot be written: there is no such folder")
    replace_file(out, before, data)
