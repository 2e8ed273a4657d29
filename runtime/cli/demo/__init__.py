"""`aright demo`: the whole line on directory trees that stand for hosts, in about a minute."""

import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from runtime.cli.client import mapping, read
from runtime.cli.demo import plans
from runtime.cli.demo.appliance import Appliance
from runtime.cli.demo.play import Play
from runtime.cli.demo.proof import prove
from runtime.cli.demo.providers import providers, told
from runtime.cli.demo.scenes import STOPPED
from runtime.cli.demo.stage import Stage, host_trees
from runtime.cli.exits import Exit, end, explained
from runtime.cli.main import Options
from runtime.cli.pages import why_page


@click.command()
@click.option("--once", is_flag=True, help="End with a summary; the default without a terminal.")
@click.option("--seed", type=int, default=0, help="Order in which the hosts are listed.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to play; default: a temporary folder.",
)
@click.pass_context
def command(context: click.Context, once: bool, seed: int, folder: Path | None) -> None:
    """Watch Aright find, heal, refuse, explain and recover, on real files and processes.

    Its hosts are directory trees; this machine itself is only read.  Ends with 6 when an outcome
    was not reached.
    """
    with contextlib.ExitStack() as ends:
        temporary = ends.enter_context(tempfile.TemporaryDirectory(prefix="aright-demo-"))
        stage = Stage((folder or Path(temporary)).resolve())
        if stage.config.exists():
            end(Exit.CONFLICT, f"{stage.folder} has a stage already; name another folder")
        as_root = os.geteuid() == 0
        models = ends.enter_context(providers())
        _build(stage, seed, models, as_root=as_root)
        # From here on this process speaks as an operator of that appliance.
        context.obj = Options(stage.config, None)
        appliance = Appliance(stage)
        play = Play(stage, appliance)
        try:
            with explained():
                play.begin()
                plans.begin(play)
                play.go_on(as_root=as_root)
                plans.go_on(play)
                play.look_back()
            _explain(play)
            with explained():
                prove(play)
            reached = _summary(play)
            if not once and sys.stdout.isatty():
                _stay(stage)
        finally:
            appliance.stop()
            _end_daemons(stage)
    raise SystemExit(Exit.OK if reached else Exit.UNVERIFIED)


def _build(
    stage: Stage, seed: int, models: Sequence[Mapping[str, object]], *, as_root: bool
) -> None:
    hosts = host_trees(as_root=as_root)
    random.Random(seed).shuffle(hosts)  # noqa: S311  an order
    stage.build(hosts, models)
    click.echo(f"{len(hosts)} hosts, and this machine, read-only.  Their trees are in")
    click.echo(f"  {stage.folder}\n")
    click.echo("The config widens two default budgets, so that a minute suffices:")
    click.echo("  runs of one runbook on one host a day: 20 instead of 3")
    click.echo("  hosts that one rule may touch in an hour: all instead of 5 %")
    click.echo("Two others are narrower, for the same reason:")
    click.echo("  questions to a model about one kind of drift a day: 1 instead of 10")
    click.echo("  incidents that a new rule decides in shadow: 1 instead of 5")
    click.echo("Rules and plans heal by themselves here (mode: auto); a fresh install is in")
    click.echo("audit.  The model that plans is " + told(models) + ".\n")


def _summary(play: Play) -> bool:
    click.echo()
    for title, evidence in play.outcomes:
        mark = click.style("ok  ", fg="green") if evidence else click.style("NOT ", fg="red")
        click.echo(f"{mark} {title}")
    for title in play.not_run:
        click.echo(f"--   {title}: not run: needs root")
    reached = [evidence for _, evidence in play.outcomes if evidence]
    first = f"{play.first_healed_s:.1f} s" if play.first_healed_s is not None else "never"
    click.echo(f"\n{len(reached)} of {len(play.outcomes)} outcomes reached.")
    click.echo(f"First incident healed and verified after {first}.")
    return len(reached) == len(play.outcomes)


def _explain(play: Play) -> None:
    """Show that every decision can be explained, on the fix that the budget refused."""
    refused = play.shown(STOPPED[0].title)
    if refused is not None:
        click.echo(f"\n$ aright incident why {refused}")
        click.echo(why_page(mapping(read("incident", "why", id=refused))))


def _stay(stage: Stage) -> None:
    """Keep the appliance up for a person to look around."""
    command = f"aright --config {stage.config}"
    click.echo("\nThe appliance keeps running.  In another terminal:")
    for words in ("incident list --state all", "incident why ID", "ticket list", "top"):
        click.echo(f"  {command} {words}")
    click.echo("Ctrl-C ends it.")
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)


def _end_daemons(stage: Stage) -> None:
    """End the services that were started for the hosts: they have sessions of their own."""
    for pid_file in stage.folder.glob("hosts/*/run/*.pid"):
        with contextlib.suppress(ValueError, ProcessLookupError):
            os.kill(int(pid_file.read_text(encoding="ascii")), signal.SIGTERM)
