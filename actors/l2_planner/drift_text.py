"""What of an event a model may read: a few fields, scrubbed, cut, without invisible characters.

The host is not among them: an answer cannot choose one, so nothing is gained by telling it.
"""

from collections.abc import Mapping
from typing import Final, cast

import attrs

from actors.l2_planner.plain_text import visible
from actors.messages import JSON, Observation
from runtime.scrub import Json, Scrubbed, Scrubber, Template

FIELD: Final = 2_000
"""Characters of one field that reach a model."""
_READ: Final = 8_192
"""Characters of one field that are looked at at all."""
_MARGIN: Final = 256
"""Characters before such a cut that do not count: half a number there could not be recognised."""


@attrs.frozen
class DriftText:
    """The event as its sender wrote it: every field is untrusted."""

    check: str
    platform: str
    expected: str = ""
    actual: str = ""
    distro: str = ""
    severity: str = ""
    details: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])
    metadata: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])
    """The agent's own words."""


def drift_text_of(observation: Observation) -> DriftText:
    """Give the text of a live event."""
    return DriftText(
        observation.check,
        observation.platform.value,
        observation.expected,
        observation.actual,
        observation.distro,
        observation.severity.value,
        observation.details,
        observation.metadata,
    )


def drift_text_in(event: Mapping[str, object]) -> DriftText:
    """Give the text of an event in the names of the rules page; what is no text stays out."""

    def text(name: str) -> str:
        value = event.get(name)
        return value if isinstance(value, str) else "" if value is None else str(value)

    def data(name: str) -> Mapping[str, JSON]:
        value = event.get(name)
        return cast("Mapping[str, JSON]", value) if isinstance(value, Mapping) else {}

    return DriftText(
        text("check_type"),
        text("platform"),
        text("expected"),
        text("actual"),
        text("distro"),
        text("severity"),
        data("details"),
        data("metadata"),
    )


def shown(drift: DriftText, scrubber: Scrubber) -> Mapping[str, Template]:
    """Give what a model reads of an event; fields that are empty are left out.

    Raises:
        ScrubError: a field could not be scrubbed, so that nothing may be sent.
    """
    texts = {
        "check": drift.check,
        "platform": drift.platform,
        "distro": drift.distro,
        "severity": drift.severity,
        "expected": drift.expected,
        "actual": drift.actual,
    }
    data = {"details": drift.details, "metadata": drift.metadata}
    return {
        **{name: _text(text, scrubber) for name, text in texts.items() if text},
        **{name: _data(value, scrubber) for name, value in data.items() if value},
    }


def _text(text: str, scrubber: Scrubber) -> Scrubbed:
    return _read(text, scrubber).cut(FIELD)


def _data(value: Mapping[str, JSON], scrubber: Scrubber) -> Scrubbed:
    """Give structured data as JSON text, which is cut like any other."""
    return scrubber.document(_visible(value, scrubber)).cut(FIELD)


def _read(text: str, scrubber: Scrubber) -> Scrubbed:
    scrubbed = scrubber.text(visible(text[:_READ]))
    if len(text) <= _READ:
        return scrubbed
    return scrubbed.cut(max(0, len(scrubbed.text) - _MARGIN))


def _visible(value: JSON, scrubber: Scrubber) -> Json:
    match value:
        case str():
            # What its key tells is found later, in what is left of a long one too.
            return visible(value) if len(value) <= _READ else _read(value, scrubber).text
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {visible(key): _visible(inner, scrubber) for key, inner in value.items()}
        case _:
            return [_visible(inner, scrubber) for inner in value]
