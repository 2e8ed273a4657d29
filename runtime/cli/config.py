"""`aright config`: check and show the settings."""

import json

import click

from runtime.cli.output import Format, output_option, print_data, print_rows
from runtime.cli.settings import loaded_settings
from runtime.documents import as_mapping
from runtime.settings import Settings


@click.group()
def command() -> None:
    """Check and show the settings."""


@command.command()
def check() -> None:
    """Check the config file, the environment, and the rules folder they name."""
    loaded = loaded_settings()
    from runtime.cli.exits import explained
    from runtime.roles.catalogue import load_catalogue
    from runtime.roles.people import policy_of

    with explained():
        policy_of(loaded.settings)
        catalogue = load_catalogue(loaded.settings)
    for problem in catalogue.problems:
        click.echo(problem, err=True)
    click.echo(
        f"valid: {len(loaded.settings.targets)} targets, {len(catalogue.checks)} checks, "
        f"{len(catalogue.rules.rules)} rules, {len(catalogue.runbooks)} runbooks"
    )
    raise SystemExit(1 if catalogue.problems else 0)


@command.command()
def schema() -> None:
    """Print the JSON Schema of the config file, for editors."""
    click.echo(json.dumps(Settings.model_json_schema(), indent=2))


@command.command()
@click.option("--origin", is_flag=True, help="Also say where each value comes from.")
@output_option
def show(origin: bool, output: Format) -> None:
    """Print the settings in force."""
    loaded = loaded_settings()
    plain = loaded.settings.model_dump(mode="json")
    if not origin:
        print_data(plain, Format.YAML if output is Format.TABLE else output)
        return
    rows = [
        {"key": key, "value": value, "origin": loaded.origins.get(key, "default")}
        for key, value in _flat(plain, "")
    ]
    print_rows(rows, ["key", "value", "origin"], output, none="nothing is set")


def _flat(value: object, key: str) -> list[tuple[str, object]]:
    branches = as_mapping(value)
    if not branches:
        return [(key, value)]
    return [
        leaf
        for name, inner in branches.items()
        for leaf in _flat(inner, f"{key}.{name}" if key else name)
    ]
