"""`aright plan`: what a model would be asked, and what may be done with its answer."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runtime.cli.client import mapping, read
from runtime.cli.exits import Exit, end, explained
from runtime.cli.lines import opened
from runtime.cli.output import Format, output_option, print_data, print_rows
from runtime.cli.plan_records import list_plans, plan_budget, show_plan
from runtime.cli.settings import settings
from runtime.documents import as_mapping

if TYPE_CHECKING:
    from runtime.roles.planning import Asked


@click.group()
def command() -> None:
    """List plans and what they cost; show what a model is asked, judge answers, attack the gate."""


for _verb in (list_plans, show_plan, plan_budget):
    command.add_command(_verb)


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
    from actors.l2_planner.catalogue_file import read_catalogue
    from actors.l2_planner.judge_lines import judge_lines

    with explained():
        closed = read_catalogue(catalogue)
    failed = False
    with opened(answers) as lines:
        for judged in judge_lines(closed, lines):
            click.echo(judged.text)
            failed = failed or judged.is_error
    raise SystemExit(Exit.ERROR if failed else Exit.OK)


@command.command()
@click.argument("event", required=False, metavar="[EVENT]")
@click.option("--incident", help="About this incident of the appliance, in the place of EVENT.")
@click.option(
    "--catalogue", type=click.Path(path_type=Path), help="A closed catalogue, not the one in force."
)
@output_option
def prompt(event: str | None, incident: str | None, catalogue: Path | None, output: Format) -> None:
    """Print exactly what a model would be asked about an event.  Nothing is sent.

    EVENT is a file with one JSON object, or - for standard input: check_type, platform, expected,
    actual and so on.  Marks and tags are new in each call.
    """
    from runtime.roles.planning import ask_about, closed_catalogue

    if (event is None) is (incident is None):
        raise click.UsageError("say either EVENT or --incident ID")
    told = _event_in(event) if event else mapping(read("incident", "event", id=str(incident)))
    with explained():
        asked = ask_about(told, closed_catalogue(settings(), catalogue))
    if not asked.offered.choices:
        click.echo("no runbook fits this drift: no model would be asked", err=True)
    if output is Format.TABLE:
        _print_prompt(asked)
    else:
        print_data(_as_data(asked), output)


@command.command()
@click.option(
    "--catalogue", type=click.Path(path_type=Path), help="A closed catalogue, not the one in force."
)
@output_option
def redteam(catalogue: Path | None, output: Format) -> None:
    """Attack the gate with answers, events and values, on your own configuration.  Nothing runs.

    Ends with 6 when an answer would run that must not, or a prompt holds what it must not.
    """
    from runtime.roles.planning import attack_plans

    with explained():
        attacked = attack_plans(settings(), catalogue)
    rows = [
        {
            "attack": each.attack,
            "kind": each.kind,
            "tried": each.tried,
            "decision": each.decision or None,
            "reason": each.reason or None,
            "runbook": each.runbook or None,
            "verdict": each.verdict.value,
        }
        for each in attacked.outcomes
    ]
    columns = ["attack", "tried", "decision", "reason", "verdict"]
    print_rows(rows, columns, output, none="no attacks")
    unsafe = sum(each.is_unsafe for each in attacked.outcomes)
    click.echo(
        f"{len(rows)} attacks on {attacked.attacked} runbooks, of which a sound answer may run "
        f"{attacked.lets_run} by itself: {unsafe} unsafe",
        err=True,
    )
    raise SystemExit(Exit.UNVERIFIED if unsafe else Exit.OK)


def _event_in(name: str) -> Mapping[str, object]:
    from runtime.codec import foreign_json

    with opened(name) as lines:
        text = b"".join(lines)
    try:
        told = foreign_json(text)
    except ValueError as error:
        end(Exit.ERROR, f"{name}: is no JSON: {error}")
    event = as_mapping(told)
    if event is None:
        end(Exit.ERROR, f"{name}: holds no JSON object")
    return event


def _print_prompt(asked: "Asked") -> None:
    for title, text in _parts(asked).items():
        click.echo(f"--- {title}")
        click.echo(text)


def _as_data(asked: "Asked") -> Mapping[str, object]:
    return {
        **_parts(asked),
        "candidates": list(asked.offered.choices),
        "digest": asked.prompt.digest,
    }


def _parts(asked: "Asked") -> Mapping[str, str]:
    prompt = asked.prompt
    return {
        "system": prompt.system.text,
        "user": prompt.user.text,
        "schema": prompt.schema.text,
    }
