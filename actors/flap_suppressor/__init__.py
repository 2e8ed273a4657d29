"""Flap suppressor: stops healing in circles, and keeps what people hold back themselves.

Receives  SuppressionOf, Suppress, LiftSuppression, ExtendSuppression
Sends     nothing; it answers, and moves what it held back to `deciding` when that is over
Keeps     recurrences after verified fixes, and what they healed; suppressions, their history
Falls     harmlessly: all it knows is in the store, and each incident counts once
"""

from actors.flap_suppressor.accounts import FlapAccounts
from actors.flap_suppressor.actor import FlapSuppressorActor
from actors.flap_suppressor.core import FlapSettings
from actors.flap_suppressor.sqlite import SqliteFlaps
from actors.flap_suppressor.store import Flaps

__all__ = ["FlapAccounts", "FlapSettings", "FlapSuppressorActor", "Flaps", "SqliteFlaps"]
