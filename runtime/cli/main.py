"""The root of the command: its nouns, named without importing them."""

import difflib
import importlib
from collections.abc import Mapping
from pathlib import Path

import attrs
import click

COMMANDS: Mapping[str, str] = {
    "run": "Run the appliance, or the central server.",
    "demo": "Watch drift being healed, verified and explained, for a minute.",
    "top": "Watch the actors and mailboxes of the running appliance.",
    "doctor": "Check what the appliance needs on this machine.",
    "config": "Check and show the settings.",
    "incident": "List, explain, approve and reject incidents.",
    "rule": "List, write, test and try rules, and ask which one decides and why.",
    "runbook": "List runbooks and show what one would do.",
    "check": "List checks and ask them now.",
    "coverage": "Say what was not observed, for how long, and why.",
    "suppression": "List, lift and extend suppressions.",
    "breaker": "List and reset breakers.",
    "ticket": "List, acknowledge and resolve tickets.",
    "event": "Submit an event by hand.",
}
"""Noun -> its one line of help; the module of the same name has the command."""


@attrs.frozen
class Options:
    """What stands before the noun."""

    config: Path | None
    state_dir: Path | None


class _Nouns(click.Group):
    # click hands every method a context that these do not need.
    # ruff: noqa: ARG002
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"runtime.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            meant = f"  Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Nouns, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="ARIGHT_CONFIG",
    help="The config file.  Default: /etc/aright/config.yaml, or the shipped one.",
)
@click.option(
    "--state-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the journal lives; wins over the config and ARIGHT_STATE_DIR.",
)
@click.version_option(package_name="aright", message="aright %(version)s")
@click.pass_context
def main(context: click.Context, config: Path | None, state_dir: Path | None) -> None:
    """Notice drift, heal what may be healed, verify it, and explain every decision.

    \b
    aright demo                  watch it work on directory trees that stand for hosts
    aright run                   run an appliance by its config file
    aright incident list         what is open, and where it stands
    aright incident why ID       why it was decided so
    """  # noqa: D301  \b is click's mark for a paragraph that keeps its lines
    context.obj = Options(config, state_dir)
