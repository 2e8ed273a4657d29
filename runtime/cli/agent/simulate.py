"""`aright agent simulate`: a fleet of agents that play at being many hosts."""

from pathlib import Path

import click

from runtime.cli.exits import Exit, end, explained
from runtime.cli.output import Format, output_option


@click.command()
@click.option("--hosts", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option(
    "--rate", type=click.FloatRange(0.1), default=10.0, show_default=True,
    help="Events a second, of all hosts together.",
)  # fmt: skip
@click.option("--duration", type=click.FloatRange(0.1), help="Seconds.  Default: until Ctrl-C.")
@click.option("--appliance", metavar="HOST:PORT", default="127.0.0.1:50051", show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same events again.")
@click.option(
    "--invite",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file with a line for each host: its name and its invitation.",
)
@click.option("--enrol-port", type=click.IntRange(1, 65535), default=50052, show_default=True)
@click.option("--insecure", is_flag=True, help="No certificates; a loopback address only.")
@output_option
def command(  # noqa: PLR0913  # each is an option
    *,
    hosts: int,
    rate: float,
    duration: float | None,
    appliance: str,
    seed: int,
    invite: Path | None,
    enrol_port: int,
    insecure: bool,
    output: Format,
) -> None:
    """Play a fleet of agents, each with its own connection, and time the acks.

    Ends with 1 when an ack is missing, or a host did not get through.
    """
    from runtime.cli.agent.fleet import simulated
    from runtime.roles.simulate import Fleet

    if insecure is (invite is not None):
        end(Exit.USAGE, "say either --insecure or --invite FILE")
    with explained():
        fleet = Fleet.of(
            appliance, hosts=hosts, rate=rate, duration=duration, seed=seed,
            invitations=invite, enrol_port=enrol_port,
        )  # fmt: skip
        simulated(fleet, output)
