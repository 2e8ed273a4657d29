"""What operators read about agents."""

import sqlite3

from actors.drift_receiver import agent_page
from runtime.errors import InvalidRequestError, NotFoundError
from runtime.roles.control import Args


def agent(connection: sqlite3.Connection, args: Args) -> object:
    """Show the agent of a host.

    Raises:
        InvalidRequestError: no host is named.
        NotFoundError: the agent of this host has not registered.
    """
    host = args.get("host")
    if not host:
        raise InvalidRequestError("host is missing")
    page = agent_page(host)(connection)
    if page is None:
        raise NotFoundError("agent", host)
    return page
