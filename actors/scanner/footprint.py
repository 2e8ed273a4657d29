"""What a failing answer leaves behind for whoever asks who did it: small facts, never content."""

import datetime as dt
import hashlib

from actors.catalogue import probes
from actors.catalogue.target import Target
from actors.catalogue.users import file_that_says
from actors.messages import JSON
from runtime.errors import UnanswerableError, UnansweredError

_CAP_BYTES = 1_048_576


async def footprint(probe: probes.Probe, target: Target) -> dict[str, JSON]:
    """Say which file a probe looks at, when it was changed, and tell its content by a few digits.

    Gives `path`, `changed_at` and, where the probe reads the text, `content`; less where the host
    does not say, and nothing for what is no file.  Sets no deadline: the caller's scope does.
    """
    path = _file_of(probe)
    if path is None:
        return {}
    found: dict[str, JSON] = {"path": path}
    try:
        facts = await target.stat(path)
        if facts is None:
            return found
        # The time of the inode: that of the content is set back by rsync, tar and cp -p.
        found["changed_at"] = dt.datetime.fromtimestamp(facts.changed_at, dt.UTC).isoformat()
        if isinstance(probe, probes.FileContent | probes.SshdOption):
            text = await target.read_text(path, _CAP_BYTES)
            if text is not None:
                found["content"] = hashlib.sha256(text.encode()).hexdigest()[:16]
    except (UnanswerableError, UnansweredError, OSError, OverflowError, ValueError):
        pass  # the last three: no calendar has such a time
    return found


def _file_of(probe: probes.Probe) -> str | None:
    match probe:
        case (
            probes.FileContent(path=path)
            | probes.SshdOption(path=path)
            | probes.FileMode(path=path)
            | probes.FileOwner(path=path)
        ):
            return path
        case probes.Users(having):
            return file_that_says(having)
        case _:
            return None
