"""What a stop means, in a sentence for the person who reads the ticket."""

from collections.abc import Mapping

_BY_KIND: Mapping[str, str] = {
    "audit": "Would have been healed; the rule or the host is in audit mode.",
    "flap": "Healed and verified, but it keeps coming back: something else changes it.",
    "suppressed": "A person holds healing back here.",
    "breaker": "The runbook failed too often on this host and is stopped there.",
    "budget": "More would be done by itself than the budget allows.",
    "canary": "The rule or its runbook changed; the first host goes alone until it is verified.",
    "window": "Outside the maintenance window.",
    "approval": "Waits for a person: aright incident approve, or reject.",
    "rejected": "A person said no.",
    "expired": "Nobody approved it in time.",
    "no_rule": "No rule knows this drift.",
    "rule_escalates": "A rule says that this is for a person.",
    "fix_failed": "The fix did not reach the wanted state, and there is no undo.",
    "fix_unknown": "Nobody knows whether the fix took effect.",
    "rolled_back": "The fix did not reach the wanted state and was undone.",
    "dead_letter": "A message or an incident made its room fall time and again.",
    "room_down": "A room of the appliance is down and is tried again every five minutes.",
    "channel_dead": "A channel to people does not take messages.",
    "rules_set_aside": "Rules were set aside at load; the others are in force.",
    "store": "The journal cannot keep what it should.",
}


def sentence_of(kind: str, reason: str) -> str:
    """Say what a stop means; the reason code stands behind where it says more."""
    sentence = _BY_KIND.get(kind, kind)
    return sentence if reason in (kind, "") else f"{sentence} ({reason})"
