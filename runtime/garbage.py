"""How often Python looks for garbage that refers to itself: seldom, for we make hardly any.

What is read at the start stays, and a batch of a thousand events is ten thousand objects that all
die by themselves; the collector's own pace looks at each of them several times first, which took
8 us of an event's 105.
"""

import gc

_YOUNG = 50_000
"""Objects that may be made before the young ones are looked through: some megabytes."""


def look_seldom() -> None:
    """Look for garbage seldom, and never at what is there by now: call it when all is loaded."""
    gc.freeze()
    gc.set_threshold(_YOUNG)
