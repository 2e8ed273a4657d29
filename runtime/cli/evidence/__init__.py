"""`aright evidence`: what was proved, and how it is checked; each verb is a module of its own."""

from collections.abc import Mapping

import click

from runtime.cli.lazy import LazyGroup

VERBS: Mapping[str, str] = {
    "list": "List statements of the evidence log.",
    "show": "Show one statement, with the proof that it stands in the log.",
    "status": "Say how the log stands: size, last head, key, what is owed.",
    "export": "Write a kit for an auditor: statements, with all that proves them.",
    "verify": "Verify a kit offline, or compute the whole log of this appliance anew.",
    "anchor": "Say how far heads came into the Bitcoin chain, or ask calendars now.",
    "report": "Write a report for people, as PDF or HTML.",
    "rotate": "Let a new key sign, by an entry that both keys sign.",
    "begin": "Sign again, in a new log, where the old one cannot be continued.",
}
"""Verb -> its one line of help; the module of the same name beside this one has the command."""


@click.group(cls=LazyGroup, package=__name__, lazy=VERBS)
def command() -> None:
    """List what was proved, check it, and keep its key."""
