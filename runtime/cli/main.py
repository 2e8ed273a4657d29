"""The root of the command: its nouns, named without importing them."""

import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import attrs
import click

from runtime.cli.lazy import LazyGroup

COMMANDS: Mapping[str, str] = {
    "run": "Run the appliance, or the central server.",
    "demo": "Watch drift being healed, verified and explained, for a minute.",
    "top": "Watch the actors and mailboxes of the running appliance.",
    "doctor": "Check what the appliance needs on this machine.",
    "config": "Check and show the settings.",
    "incident": "List, explain, approve and reject incidents.",
    "rule": "List, write, test and try rules, and ask which one decides and why.",
    "runbook": "List runbooks and show what one would do.",
    "plan": "Judge what a model answers, and show what it would be asked.",
    "check": "List checks and ask them now.",
    "coverage": "Say what was not observed, for how long, and why.",
    "suppression": "List, lift and extend suppressions.",
    "breaker": "List and reset breakers.",
    "flywheel": "Read what plans proved; sign and take back the rules made of them.",
    "ticket": "List, acknowledge and resolve tickets.",
    "channel": "List and test the channels to people, and what never arrived.",
    "agent": "Invite, list and revoke agents; run one, or play many.",
    "tlog": "Check proofs and checkpoints of any transparency log, offline.",
    "event": "Submit an event by hand.",
    "evidence": "List what was proved, check it, and keep its key.",
    "ots": "Read and verify OpenTimestamps proofs, offline.",
    "scrub": "Take out of a text what tells of a patient, and what opens a door.",
}
"""Noun -> its one line of help; the module of the same name has the command."""


@attrs.frozen
class Options:
    """What stands before the noun."""

    config: Path | None
    state_dir: Path | None


def _named(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Path | None:
    if value == "":  # else it would be the folder one stands in
        raise click.BadParameter("is empty")
    return None if value is None else Path(value)


@click.group(
    cls=LazyGroup,
    package="runtime.cli",
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="ARIGHT_CONFIG",
    help="The config file.  Default: /etc/aright/config.yaml, or the shipped one.",
)
@click.option(
    "--state-dir",
    type=click.Path(file_okay=False),
    callback=_named,
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
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Half a character, which JSON can hold, is printed as JSON spells it.
        cast("io.TextIOWrapper", sys.stdout).reconfigure(errors="backslashreplace")
    context.obj = Options(config, state_dir)
