"""How observations are spelled in their rows: as `to_json` does, in a tenth of its time."""

from collections.abc import Mapping
from json.encoder import encode_basestring as quoted

from actors.messages import JSON, Observation
from runtime.codec import to_json


def spelled(heard: Observation, when: str) -> str:
    """Spell an observation; `when` is its `observed_at` as ISO has it.

    The names stand in the order of the alphabet, and every one of them does: `from_json` reads it.
    """
    return (
        f'{{"absent":{"true" if heard.absent else "false"},"actual":{quoted(heard.actual)}'
        f',"agent_id":{quoted(heard.agent_id)},"boot_id":{quoted(heard.boot_id)}'
        f',"check":{quoted(heard.check)},"controls":[{",".join(map(quoted, heard.controls))}]'
        f',"details":{_mapping(heard.details)},"distro":{quoted(heard.distro)}'
        f',"expected":{quoted(heard.expected)},"host":{quoted(heard.host)},"id":{quoted(heard.id)}'
        f',"metadata":{_mapping(heard.metadata)},"observed_at":"{when}"'
        f',"platform":"{heard.platform._value_}","reason":{quoted(heard.reason)}'
        f',"seq":{"null" if heard.seq is None else heard.seq}'
        f',"severity":"{heard.severity._value_}","site":{quoted(heard.site)}'
        f',"source":{quoted(heard.source)},"status":"{heard.status._value_}"}}'
    )


def _mapping(data: Mapping[str, JSON]) -> str:
    if not data:
        return "{}"
    lines = list[str]()
    for name in sorted(data) if len(data) > 1 else data:
        value = data[name]
        if not isinstance(value, str):
            return to_json(data)
        lines.append(f"{quoted(name)}:{quoted(value)}")
    return f"{{{','.join(lines)}}}"
