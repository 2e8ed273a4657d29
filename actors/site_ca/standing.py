"""What the doorman must know by heart; whoever commits a change tells it here."""

import attrs

from actors.site_ca.core import Window


@attrs.define
class Standing:
    """The denylist, and the window that stands open."""

    revoked: set[str] = attrs.field(factory=set[str])
    """Serials."""
    window: Window | None = None
    """As last told: its time may be over."""
