"""Which schedules and scripts of a host name a file: who may be changing it back."""

import re
from collections.abc import AsyncIterator
from pathlib import PurePosixPath
from typing import Final

import trio

from actors.catalogue.target import Target
from runtime.errors import UnanswerableError, UnansweredError

_PLACES: Final = (
    "/etc/crontab", "/etc/anacrontab", "/etc/cron.d/*", "/etc/cron.hourly/*", "/etc/cron.daily/*",
    "/etc/cron.weekly/*", "/var/spool/cron/*", "/var/spool/cron/crontabs/*",
    "/etc/systemd/system/*.service", "/etc/systemd/system/*.timer", "/etc/rc.local",
    "/usr/local/bin/*", "/usr/local/sbin/*",
    "/etc/puppetlabs/code/environments/production/manifests/*.pp", "/etc/puppet/manifests/*.pp",
    "/etc/ansible/*.yml", "/srv/salt/*.sls", "/var/lib/cfengine3/inputs/*.cf",
)  # fmt: skip
"""Where schedules, what they start, and the trees of configuration managers usually stand."""

_CAP_BYTES: Final = 262_144
_MOST_FILES: Final = 500
_MOST_NAMED: Final = 3
_WITHIN_S: Final = 5.0


async def named_in(target: Target, path: str) -> tuple[str, ...]:
    """List a few files that name `path`; where none does, those that name the file without it.

    It takes seconds at most; what was not read by then, or cannot be, names nobody.
    """
    whole, only_name = list[str](), list[str]()
    name = PurePosixPath(path).name
    word = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")
    with trio.move_on_after(_WITHIN_S):
        async for place, text in _texts(target):
            if path in text:
                whole.append(place)
            elif word.search(text):
                only_name.append(place)
    return tuple((whole or only_name)[:_MOST_NAMED])


async def _texts(target: Target) -> AsyncIterator[tuple[str, str]]:
    left = _MOST_FILES
    for pattern in _PLACES:
        for place in (await _listed(target, pattern))[:left]:
            left -= 1
            try:
                text = await target.read_text(place, _CAP_BYTES)
            except (UnanswerableError, UnansweredError):
                continue
            # A name that a terminal would obey is not repeated to people.
            if text is not None and place.isprintable():
                yield place, text


async def _listed(target: Target, pattern: str) -> list[str]:
    if "*" not in pattern:
        return [pattern]
    try:
        return list(await target.glob(pattern))
    except (UnanswerableError, UnansweredError):
        return []
