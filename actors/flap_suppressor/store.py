"""What the flap suppressor needs remembered."""

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from actors.flap_suppressor.fight import Change
from actors.messages import Incident, Moment
from actors.messages.suppression import Suppression, SuppressionPage
from runtime.store import Query, Write


class Flaps(Protocol):
    """Recurrences, and what is held back because of them or because a person says so."""

    def standing(self, site: str, host: str, check: str) -> Query[Suppression | None]:
        """Look up the suppression of this very key that was not ended yet."""
        ...

    def get(self, suppression_id: str) -> Query[Suppression]:
        """Look up a suppression that was not ended yet.

        The query raises NotFoundError, or ConflictError when it was ended.
        """
        ...

    def recurred(self, incident: Incident, at: Moment) -> Write[Sequence[Moment]]:
        """Count an incident's recurrence, once ever; give those of its drift that count."""
        ...

    def healed(self, incident: Incident, change: Change, at: Moment) -> Write[None]:
        """Remember, once, a drift whose fix was verified."""
        ...

    def changes(self, incident: Incident) -> Query[Sequence[Change]]:
        """List the changes behind the latest verified fixes of the same drift, oldest first."""
        ...

    def last_fix(self, incident: Incident, path: str) -> Query[dt.datetime | None]:
        """Say when something in this file of the host was healed last."""
        ...

    def changed_files(self, most: int) -> Query[Sequence[tuple[str, str]]]:
        """List host and path of the files in which something was healed last, newest last."""
        ...

    def open(self, suppression: Suppression, who: str) -> Write[None]:
        """Keep a new suppression."""
        ...

    def extend(self, suppression: Suppression, who: str, reason: str, at: Moment) -> Write[None]:
        """Keep its new end."""
        ...

    def end(
        self, suppression: Suppression, what: str, who: str, reason: str, at: Moment
    ) -> Write[Sequence[str]]:
        """End it, forget what is behind it, and give the incidents it held back.

        `what` is lifted or expired.
        """
        ...

    def hold(self, suppression: Suppression, incident_id: str) -> Write[None]:
        """Note that an incident is held back.  Again is fine."""
        ...

    def pages(self, *, ended: bool = False) -> Query[Sequence[SuppressionPage]]:
        """List suppressions with their history, newest first: those that stand, or all."""
        ...
