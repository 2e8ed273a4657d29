"""Flywheel: counts what plans did, and makes of those that are proven rules, as long as they hold.

Receives  ReviewPromotions, ApprovePromotion, RejectPromotion, DemoteRule; of every verdict it
          learns within the commit that keeps it
Sends     nothing; it answers, has rule files written and rules loaded
Keeps     every attempt by exact action, where each promotion stands, the ledger of its changes
Falls     harmlessly: files follow what is kept, and the next review finds what is still to do
"""

from actors.flywheel.accounts import FlywheelAccounts
from actors.flywheel.actor import FlywheelActor, FlywheelCommand
from actors.flywheel.core import (
    AUTO_BOUND,
    BOUND,
    CLEAN_RUN,
    LEAST_HOSTS,
    TRANSITIONS,
    FlywheelSettings,
    Promotion,
    Record,
    entering,
    may_be_proposed,
    next_stage,
    shortfalls,
    taken_back,
)
from actors.flywheel.pattern import RULE_PREFIX, Pattern, pattern_id_of
from actors.flywheel.promoter import Promoter
from actors.flywheel.reviews import News, Reviews
from actors.flywheel.rule_text import Decides, Sample, rule_file, rule_of
from actors.flywheel.sqlite import SqliteFlywheel
from actors.flywheel.statistics import Tally, crossing, wilson_lower_bound
from actors.flywheel.steps import Steps
from actors.flywheel.store import Attempt, KeptLine, Known, LedgerLine, Replay, Rulebook

__all__ = [
    "AUTO_BOUND", "BOUND", "CLEAN_RUN", "LEAST_HOSTS", "RULE_PREFIX", "TRANSITIONS", "Attempt",
    "Decides", "FlywheelAccounts", "FlywheelActor", "FlywheelCommand", "FlywheelSettings",
    "KeptLine", "Known", "LedgerLine", "News", "Pattern", "Promoter", "Promotion", "Record",
    "Replay", "Reviews", "Rulebook", "Sample", "SqliteFlywheel", "Steps", "Tally", "crossing",
    "entering", "may_be_proposed", "next_stage", "pattern_id_of", "rule_file", "rule_of",
    "shortfalls", "taken_back", "wilson_lower_bound",
]  # fmt: skip
