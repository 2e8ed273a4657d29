"""`aright plan list|show|budget`: what the planner decided, and what it cost."""

from collections.abc import Iterator, Mapping

import click

from runtime.cli.client import mapping, read, rows
from runtime.cli.output import Format, output_option, print_data, print_rows
from runtime.cli.settings import settings

_COLUMNS = ["id", "ruling", "reason", "host", "check", "runbook", "provider", "cost_usd", "verdict"]


@click.command("list")
@click.option("--incident", help="Only those about this incident.")
@click.option("--host", help="Only those of this host.")
@click.option("--ruling", type=click.Choice(["accept", "review", "reject", "none"]))
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--before", help="Only those older than this one: the next page.")
@output_option
def list_plans(  # noqa: PLR0913  one parameter an option
    *,
    incident: str | None,
    host: str | None,
    ruling: str | None,
    limit: int,
    before: str | None,
    output: Format,
) -> None:
    """List what the planner decided, newest first."""
    data = read(
        "plan", "list", incident=incident, host=host, ruling=ruling, limit=limit, before=before
    )
    print_rows(rows(data), _COLUMNS, output, none="nothing was planned")


@click.command("show")
@click.argument("plan")
@output_option
def show_plan(plan: str, output: Format) -> None:
    """Show one decision with everything that explains it."""
    data = mapping(read("plan", "show", id=plan))
    if output is Format.TABLE:
        click.echo("\n".join(plan_lines(data)))
    else:
        print_data(data, output)


@click.command("budget")
@output_option
def plan_budget(output: Format) -> None:
    """Show what plans cost in this hour and day of UTC, and what they may cost."""
    told = settings()
    spent = mapping(read("plan", "budget", site=told.site_id))
    budget = told.llm.budget
    limits = {
        "hour": budget.dollars_per_hour,
        "hour_calls": budget.calls_per_hour,
        "day": budget.dollars_per_day,
        "day_calls": budget.calls_per_day,
    }
    listed = [
        {
            "budget": name,
            "used": spent[name] if name.endswith("calls") else _dollars(spent[name]),
            "limit": limit,
        }
        for name, limit in limits.items()
    ]
    print_rows(listed, ["budget", "used", "limit"], output, none="")


def plan_lines(data: Mapping[str, object]) -> Iterator[str]:
    """Tell one decision in lines."""
    yield f"{data['id']}   {data['ruling']} ({data['reason']})"
    yield f"  about       {data['check']} on {data['host']}, incident {data['incident']}"
    if data["runbook"]:
        params = ", ".join(f"{key}={value}" for key, value in mapping(data["params"]).items())
        named = f"{data['runbook']} {params}".strip()
        yield f"  chose       {named}, confidence {data['confidence']}"
    if data["candidates"]:
        yield f"  out of      {', '.join(str(each) for each in _listed(data['candidates']))}"
    if data["reasoning"]:
        yield f"  it said     {data['reasoning']!r}"
    if data["provider"]:
        yield f"  asked       {data['provider']}, {data['model']}"
    if data["answer_of"]:
        yield f"  answer of   {data['answer_of']}, used again"
    if data["tokens_in"] is not None:
        counted = (
            f"{data['tokens_in']} in, {data['tokens_cached']} cached, {data['tokens_out']} out"
        )
        yield f"  tokens      {counted}"
    yield f"  cost        ${data['cost_usd']}, {data['took_ms']} ms"
    if data["prompt_hash"]:
        yield f"  prompt      sha256 {data['prompt_hash']}"
    yield f"  pattern     {data['pattern']}"
    if data["verdict"]:
        yield f"  its fix     {data['verdict']}"
    for each in rows(data["tries"]):
        told = f"{each['outcome']}, {each['took_ms']} ms, ${each['cost_usd']}"
        yield f"  try         {each['provider']} {each['model']}: {told}"


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]  JSON


def _dollars(micro: object) -> float:
    return int(str(micro)) / 1_000_000
