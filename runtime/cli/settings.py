"""Which config file a command means, and the settings that come of it."""

import os
from pathlib import Path

import click

from runtime.cli.exits import explained
from runtime.cli.main import Options
from runtime.settings import Loaded, Settings, load, shipped

_INSTALLED = Path("/etc/aright/config.yaml")


def config_file(options: Options) -> Path:
    """Find the config file: the named one, the installed one, or the shipped one."""
    if options.config is not None:
        return options.config
    return _INSTALLED if _INSTALLED.is_file() else shipped("config") / "appliance.yaml"


def loaded_settings(**flags: object) -> Loaded:
    """Load the settings of this command line; a mistake in them ends the command."""
    options = click.get_current_context().find_object(Options)
    assert options is not None  # noqa: S101  the root command made it
    given = {"state_dir": options.state_dir and str(options.state_dir), **flags}
    with explained():
        return load(config_file(options), os.environ, given)


def settings(**flags: object) -> Settings:
    """Give the settings of this command line."""
    return loaded_settings(**flags).settings
