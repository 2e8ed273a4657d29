"""`aright run`: the runtime itself, in the role that the settings name."""

import click

from runtime.cli.exits import explained
from runtime.cli.settings import settings


@click.command()
@click.option("--role", type=click.Choice(["appliance", "central"]), help="Instead of the config.")
@click.option("--site-id", help="Instead of the config.")
@click.option("--log-format", type=click.Choice(["json", "text"]), help="Text on a terminal.")
def command(role: str | None, site_id: str | None, log_format: str | None) -> None:
    """Run the appliance, or the central server, until SIGTERM.

    SIGTERM drains within `drain_within` seconds; a second one cuts.  SIGHUP reloads the rules.
    """
    import signal
    import sys

    # Else it would end what does not hear it yet, or no more.  Not ignored: that is inherited.
    signal.signal(signal.SIGHUP, _unheard)
    import trio

    from runtime.logs import configure_logs

    configured = settings(role=role, site_id=site_id)
    as_json = log_format == "json" if log_format else not sys.stderr.isatty()
    configure_logs(level=configured.log_level, as_json=as_json)
    with explained():
        try:
            if configured.role == "central":
                from runtime.roles.central import run_central

                trio.run(run_central, configured)
            else:
                from runtime.roles.appliance import run_appliance

                trio.run(run_appliance, configured)
        finally:
            # The interpreter, when it ends, takes back what hears a signal, but not this; and
            # nothing is started any more that would inherit it.
            signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _unheard(_number: int, _frame: object) -> None:
    """Do nothing."""
