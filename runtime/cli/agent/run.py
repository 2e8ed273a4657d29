"""`aright agent run`: the endpoint agent of this host."""

from pathlib import Path

import click

from runtime.cli.exits import explained
from runtime.cli.main import Options

_INSTALLED = Path("/etc/aright/agent.yaml")


@click.command()
@click.option("--appliance", metavar="HOST:PORT", help="Instead of the config.")
@click.option("--host", help="The name of this host.  Default: the machine's own.")
@click.option(
    "--invitation",
    metavar="TEXT",
    help="Enrol first, with what `aright agent invite` printed; - reads it from standard input.",
)
@click.option("--insecure-loopback", is_flag=True, help="No certificates; loopback only.")
@click.option("--log-format", type=click.Choice(["json", "text"]), help="Text on a terminal.")
def command(
    *,
    appliance: str | None,
    host: str | None,
    invitation: str | None,
    insecure_loopback: bool,
    log_format: str | None,
) -> None:
    """Check this host, tell the appliance, and heal what it orders, until SIGTERM.

    Its settings stand in /etc/aright/agent.yaml, or in the file of `aright --config`.
    """
    import sys

    import trio

    from runtime.agent_settings import load_agent_settings
    from runtime.logs import configure_logs
    from runtime.roles.agent import invitation_of, run_agent
    from runtime.settings import shipped

    options = click.get_current_context().find_object(Options)
    assert options is not None  # noqa: S101  the root command made it
    config = options.config or (
        _INSTALLED if _INSTALLED.is_file() else shipped("config") / "agent.yaml"
    )
    flags = {
        "appliance": appliance,
        "host": host,
        "state_dir": options.state_dir,
        "insecure_loopback": insecure_loopback or None,
    }
    with explained():
        configured = load_agent_settings(config, flags)
        as_json = log_format == "json" if log_format else not sys.stderr.isatty()
        configure_logs(level=configured.log_level, as_json=as_json)
        text = sys.stdin.readline() if invitation == "-" else invitation
        trio.run(run_agent, configured, invitation_of(text))
