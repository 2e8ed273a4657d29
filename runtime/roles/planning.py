"""What a plan is made of on this site: the closed catalogue, and the question about an event."""

import secrets
from collections.abc import Mapping
from pathlib import Path

import attrs

from actors.l2_planner import (
    ClosedCatalogue,
    IncidentFacts,
    Prompt,
    SitePolicy,
    candidates,
    catalogue_of,
    drift_text_in,
    prompt_for,
    read_catalogue,
)
from runtime.roles.catalogue import load_catalogue
from runtime.scrub import Scrubber
from runtime.settings import Settings

_MARK = 16
"""Bytes: nobody who writes an event can guess the marks around it."""


@attrs.frozen
class Asked:
    """A question about an event, and what it offers."""

    prompt: Prompt
    offered: ClosedCatalogue


def closed_catalogue(settings: Settings, path: Path | None) -> ClosedCatalogue:
    """Close the catalogue in force, or read one from a file.

    Raises:
        InvalidFileError: a file cannot be read, with file, line and allowed values.
    """
    if path is not None:
        return read_catalogue(path)
    return catalogue_of(load_catalogue(settings).runbooks.values(), SitePolicy())


def ask_about(event: Mapping[str, object], catalogue: ClosedCatalogue) -> Asked:
    """Give the question that an event would lead to, with marks and tags of its own.

    Raises:
        ScrubError: something could not be scrubbed: nothing would be sent.
    """
    drift = drift_text_in(event)
    facts = IncidentFacts(host="", platform=drift.platform, check=drift.check)
    offered = candidates(catalogue, facts)
    scrubber = Scrubber(secrets.token_bytes(32))
    return Asked(prompt_for(drift, offered, secrets.token_hex(_MARK), scrubber), offered)
