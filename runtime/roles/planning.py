"""What a plan is made of on this site: the closed catalogue, and the question about an event."""

import secrets
from collections.abc import Mapping
from pathlib import Path

import attrs

from actors.l2_planner import (
    ClosedCatalogue,
    IncidentFacts,
    Prompt,
    Ruling,
    candidates,
    drift_text_in,
    prompt_for,
)
from actors.l2_planner.catalogue_file import read_catalogue
from actors.l2_planner.redteam import Outcome, attack, sound_answers
from actors.l2_planner.redteam_file import load_attacks
from runtime.roles.catalogue import load_catalogue
from runtime.roles.planner import closed_by, planner_settings
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
    return closed_by(planner_settings(settings), load_catalogue(settings))


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


@attrs.frozen
class Attacked:
    """What came of all attacks on a catalogue."""

    outcomes: list[Outcome]
    lets_run: int
    """Runbooks of which the gate lets a sound answer run: what there is to win."""
    attacked: int
    """Runbooks that were attacked."""


def attack_plans(settings: Settings, path: Path | None) -> Attacked:
    """Try the shipped attacks, and the site's own, on the catalogue in force or on one of a file.

    Raises:
        InvalidFileError: a file cannot be read, with file, line and allowed values.
    """
    catalogue = closed_catalogue(settings, path)
    folders = [folder / "redteam" for folder in settings.rule_folders]
    attacks = load_attacks(folder for folder in folders if folder.is_dir())
    scrubber = Scrubber(secrets.token_bytes(32))
    outcomes = attack(catalogue, attacks, scrubber, secrets.token_hex(_MARK))
    sound = sound_answers(catalogue).values()
    return Attacked(outcomes, sum(each.decision is Ruling.ACCEPT for each in sound), len(sound))
