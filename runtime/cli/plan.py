"""`aright plan`: what a model would be asked, and what may be done with its answer."""

from pathlib import Path

import click

from runtime.cli.exits import Exit, explained
from runtime.cli.lines import opened


@click.group()
def command() -> None:
    """Judge answers of a model, show what it would be asked, and attack the gate."""


@command.command()
@click.option(
    "--catalogue",
    required=True,
    type=click.Path(path_type=Path),
    help="The closed catalogue: a JSON or YAML file.",
)
@click.argument("answers", default="-", metavar="[INPUT]")
def judge(catalogue: Path, answers: str) -> None:
    """Judge answers of a model: JSON lines in, one decision a line out.

    \b
    in   {"id", "event": {"host", "platform", "check_type", ...}, "model_output": "..."}
    out  {"id", "decision": "accept" | "review" | "reject", "reason"}

    INPUT is a file, or - for standard input.  A line that cannot be read is rejected, and the
    command then ends with 1.
    """  # noqa: D301  \b is click's mark for a paragraph that keeps its lines
    from actors.l2_planner import judge_lines, read_catalogue

    with explained():
        closed = read_catalogue(catalogue)
    failed = False
    with opened(answers) as lines:
        for judged in judge_lines(closed, lines):
            click.echo(judged.text)
            failed = failed or judged.is_error
    raise SystemExit(Exit.ERROR if failed else Exit.OK)
