"""`aright agent tier`: what the agent of a host may do."""

import click

from runtime.cli.client import change, mapping, read, who
from runtime.cli.exits import Exit
from runtime.cli.rehearsal import dry_run_option


@click.command("tier")
@click.argument("host")
@click.argument("tier", type=click.Choice(["monitor_only", "self_heal"]))
@click.option("--reason", required=True, help="Why it may do more, or less.")
@dry_run_option
def command(*, host: str, tier: str, reason: str, dry_run: bool) -> None:
    """Say what the agent of a host may do; monitor_only holds at once.

    An agent that may do more than it was told is given no command until it has registered again,
    which its next heartbeat asks it to.  No agent may heal unless listen.agents_heal is on.
    """
    if dry_run:
        data = mapping(read("agent", "show", host=host))
        click.echo(f"would let {data['host']} {tier}; a person lets it {data['most']}")
        raise SystemExit(Exit.WOULD_CHANGE)
    data = mapping(change("agent", "tier", host=host, tier=tier, who=who(), reason=reason))
    limit = "" if data["tier"] == data["most"] else f"; the site lets no agent {data['most']}"
    click.echo(f"{data['host']} may {data['tier']}{limit}")
