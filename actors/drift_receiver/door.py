"""The door of the agents' port."""

import ssl
from collections.abc import Callable

import attrs

from runtime.hosts.grpc import Doorman


@attrs.frozen
class Door:
    """How agents show who they are."""

    doorman: Doorman
    tls: Callable[[], ssl.SSLContext]
    """Gives the context for the next connection."""
