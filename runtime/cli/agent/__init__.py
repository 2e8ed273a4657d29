"""`aright agent`: the agents on endpoints; each verb is a module of its own."""

from collections.abc import Mapping

import click

from runtime.cli.lazy import LazyGroup

VERBS: Mapping[str, str] = {
    "invite": "Invite the agent of a host; prints what it is to be told.",
    "list": "List agents, their certificates, and when they were last seen.",
    "show": "Show all that is known of the agent of a host.",
    "tier": "Say what the agent of a host may do.",
    "revoke": "Revoke a certificate, or all of a host.",
    "enrol": "Let agents in the field enrol for a while; show whether they may.",
    "audit": "List who invited, revoked, opened, and what was issued or refused.",
    "run": "Run the agent of this host.",
    "simulate": "Play a fleet of agents, and time the acks.",
}
"""Verb -> its one line of help; the module of the same name beside this one has the command."""


@click.group(cls=LazyGroup, package=__name__, lazy=VERBS)
def command() -> None:
    """Invite, list and revoke the agents on endpoints; run one, or play many."""
