"""How what an observation says beside its columns is spelled: as JSON, of which most is alike."""

import functools
from collections.abc import Mapping
from json.encoder import encode_basestring as quoted
from typing import cast

from actors.messages import JSON, Observation
from runtime.codec import to_json


@functools.lru_cache(maxsize=1024)
def _controls(controls: tuple[str, ...]) -> str:
    """Spell the controls of a check, of which there are few."""
    return to_json(list(controls))


def _mapping(data: Mapping[str, JSON]) -> str:
    """Spell a mapping; one of texts in a tenth of the time that `to_json` takes."""
    texts = cast("Mapping[str, str]", data)
    try:
        lines = [f"{quoted(name)}:{quoted(text)}" for name, text in texts.items()]
    except TypeError:  # one is no text
        return to_json(data)
    return f"{{{','.join(lines)}}}"


def body_cell(heard: Observation) -> str:
    """Spell what an observation says beside its columns; what few say only where they do."""
    controls, metadata, more = "", "", ""
    if heard.controls:
        controls = f',"controls":{_controls(heard.controls)}'
    if heard.metadata:
        metadata = f',"metadata":{_mapping(heard.metadata)}'
    if heard.details or heard.distro or heard.reason or heard.absent:
        more = f",{_more(heard)}"
    return (
        f'{{"actual":{quoted(heard.actual)},"agent_id":{quoted(heard.agent_id)}'
        f',"boot_id":{quoted(heard.boot_id)},"expected":{quoted(heard.expected)}'
        f',"platform":"{heard.platform._value_}","severity":"{heard.severity._value_}"'
        f',"site":{quoted(heard.site)},"source":{quoted(heard.source)}{controls}{metadata}{more}}}'
    )


def _more(heard: Observation) -> str:
    few = {
        "absent": heard.absent,
        "details": heard.details,
        "distro": heard.distro,
        "reason": heard.reason,
    }
    return to_json(few)[1:-1]
