"""When a drift is healed in circles, and how long healing it is then held back.  Pure."""

from collections.abc import Sequence

import attrs

from actors.flap_suppressor.fight import Partner
from actors.messages import Incident, Moment
from actors.messages.suppression import Suppression, SuppressionKind
from runtime.errors import ConflictError


@attrs.frozen
class FlapSettings:
    """When a recurrence is one too many."""

    recurrences: int = attrs.field(default=3, validator=attrs.validators.ge(1))
    """Recurrences after a verified fix that make a flap."""
    window_s: float = attrs.field(default=7200.0, validator=attrs.validators.gt(0))
    """Seconds within which they count."""
    expires_s: float | None = None
    """Seconds after which a flap's suppression ends by itself; None: a person lifts it."""


def within_window(recurrences: Sequence[Moment], now: Moment, settings: FlapSettings) -> int:
    """Count the recurrences that count; `settings.recurrences` of them are a flap."""
    return sum(now.since(at) < settings.window_s for at in recurrences)


def is_suspected(partner: Partner, settings: FlapSettings) -> bool:
    """Say whether the host is worth asking who it is: there is a beat, or nearly a flap."""
    changes = partner.changes
    recent = [
        each for each in changes if (changes[-1].at - each.at).total_seconds() < settings.window_s
    ]
    return partner.beat is not None or len(recent) >= settings.recurrences


def stop_reason(count: int, partner: Partner | None, settings: FlapSettings) -> str:
    """Say why a drift is not to be healed any more; empty where it is.

    Args:
        count: its recurrences within the window.
        partner: what is known of who changes it back.
        settings: how many are one too many.
    """
    if partner is not None and partner.beat is not None:
        return str(partner)
    if count < settings.recurrences:
        return ""
    counted = f"came back {count} times within {settings.window_s:g} s"
    return counted if partner is None else f"{counted}: {partner}"


def flap_of(
    incident: Incident, identity: str, now: Moment, settings: FlapSettings, reason: str
) -> Suppression:
    """Give the suppression that stops healing the drift of this incident."""
    return Suppression(
        identity,
        SuppressionKind.FLAP,
        incident.site,
        incident.host,
        incident.check,
        now,
        _after(settings.expires_s, now),
        reason,
    )


def extended(suppression: Suppression, seconds: float | None, now: Moment) -> Suppression:
    """Give the suppression as it stands after an extension.

    Args:
        suppression: what is to hold longer.
        seconds: from now on; None for until a person lifts it.
        now: the moment of the extension.

    Raises:
        ConflictError: it would end sooner.  Who wants that, lifts it.
    """
    left = suppression.remaining(now)
    if seconds is not None and (left is None or seconds < left):
        raise ConflictError(
            f"suppression {suppression.id} holds longer than {seconds:g} s; lift it to end it"
        )
    return attrs.evolve(suppression, until=_after(seconds, now))


def _after(seconds: float | None, now: Moment) -> Moment | None:
    return None if seconds is None else now.after(seconds)
