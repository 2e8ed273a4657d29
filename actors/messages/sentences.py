"""What a stop means, in a sentence for the person who reads the ticket."""

from collections.abc import Mapping
from typing import LiteralString

_BY_KIND: Mapping[str, LiteralString] = {
    "audit": "Would have been healed; the rule or the host is in audit mode."
    "  Lift it for one: aright incident approve; for all: change the mode.",
    "flap": "Healed and verified, but it keeps coming back: something else changes it."
    "  Find out what does, then: aright suppression lift.",
    "suppressed": "A person holds healing back here: aright suppression lift.",
    "breaker": "The runbook failed too often on this host and is stopped there."
    "  Mend it, then: aright breaker reset.",
    "budget": "More would be done by itself than the budget allows; it goes on when there is room."
    "  Sooner: aright incident approve.",
    "canary": "The rule or its runbook changed; the first host goes alone until it is verified."
    "  Sooner: aright incident approve.",
    "window": "Waits for the maintenance window.  Sooner: aright incident approve.",
    "approval": "Waits for a person: aright incident approve, or reject.",
    "rejected": "A person said no.  Changed your mind: aright incident approve.",
    "expired": "Nobody approved it in time: aright incident approve.",
    "no_rule": "No rule knows this drift.  Mend it by hand, or write a rule and say:"
    " aright incident reopen.",
    "plan_budget": "No more is spent on plans in this hour or day: what no rule knows comes to"
    " people meanwhile.  aright plan budget shows what is left; more: llm.budget.",
    "root_cause": "Healed three times in four hours, and back again: something else changes it."
    "  Find out what does.  A plan for it waits: aright incident approve.",
    "provider_down": "A provider of a model fails again and again and is left alone for a while;"
    " the next one is asked.  Mend its address, key or account; it is tried again by itself.",
    "rule_escalates": "A rule says that this is for a person.  A pass closes it; to have it"
    " decided again: aright incident reopen.",
    "fix_failed": "The fix did not come about, and nothing took it back."
    "  Look at the host, then: aright incident reopen.",
    "fix_unknown": "Nobody knows whether the fix took effect."
    "  Look at the host, then: aright incident reopen.",
    "rolled_back": "The fix did not reach the wanted state and was undone."
    "  Mend the runbook, then: aright incident reopen.",
    "dead_letter": "A message or an incident made its room fall time and again."
    "  Keep the log and report it; for an incident: aright incident reopen.",
    "room_down": "A room of the appliance is down and is tried again every five minutes:"
    " aright top, and the log.",
    "channel_dead": "A channel to people does not take messages.  Mend its address or secret.",
    "channel_test": "A person tried whether this channel works.  Nothing stopped.",
    "nobody_reached": "No channel brought a ticket to anybody: aright channel dead lists what"
    " people have not heard of.  Mend the channels, then: aright ticket resolve.",
    "rules_set_aside": "Rules were set aside at load; the others are in force."
    "  aright config check lists them; mend them, then: aright rule reload.",
    "promotion": "A plan proved itself and may become a rule, if a person signs:"
    " aright flywheel show, then approve, or reject.",
    "demotion": "A rule that was a plan did not keep what it promised and is out of force."
    "  aright flywheel show tells its attempts; it is proposed anew when they prove it again.",
    "anchor": "Checkpoints of the evidence log do not come into the Bitcoin chain as they should."
    "  Nothing is lost; aright evidence anchor says why.",
    "store": "No room is left: only changes of state are taken.  Free room.",
}
"""What it means, and the command that lifts it."""

_BY_REASON: Mapping[str, LiteralString] = {
    "no_calendar_answers": "No calendar has answered for a day.  Nothing is lost, and what waits is"
    " anchored when one does: aright evidence anchor.",
    "other_merkle_root": "A calendar named a block of Bitcoin that has something else.  Its answer"
    " was not kept.  Where it goes on, take it out of anchor.calendars.",
    "sources_disagree": "Two servers give different headers for one block of Bitcoin, both with"
    " work in them.  Find out which one lies; name another in anchor.esplora, or a file.",
    "no_candidates": "No rule knows this drift, and no runbook that a plan may name fits."
    "  Mend it by hand, or write a rule and say: aright incident reopen.",
    "plan_abstained": "No rule knows this drift, and the model saw no fix either."
    "  Mend it by hand, or write a rule and say: aright incident reopen.",
    "plan_rejected": "No rule knows this drift, and the model's answer was not let stand."
    "  Mend it by hand, or write a rule and say: aright incident reopen.",
    "planner_busy": "No rule knows this drift, and the planner had no room for it."
    "  Mend it by hand, or write a rule and say: aright incident reopen.",
    "providers_failed": "No rule knows this drift, and no model answered in time."
    "  Mend it by hand, or write a rule and say: aright incident reopen.",
    "scrub_failed": "No rule knows this drift, and it was not told to a model because it could not"
    " be scrubbed."
    "  Mend it by hand, or write a rule and say: aright incident reopen.",
    "signature_expired": "The signature under a rule that was a plan is too old, and the rule is"
    " out of force.  When its plan proves itself anew it is proposed again.",
    "host_unreachable": "A rule would heal it, but nothing can be run on this host: it is no target"
    " of the config, or its agent may not heal (listen.agents_heal).",
    "no_runbook": "A rule names a runbook that is not there (any more): aright config check.",
}
"""Where the reason says more than the kind."""


def meaning_of(kind: str, reason: str) -> LiteralString:
    """Say what a stop means and how it is lifted, in words of ours alone."""
    return _BY_REASON.get(reason) or _BY_KIND.get(kind) or "Something stopped."


def sentence_of(kind: str, reason: str) -> str:
    """Say what a stop means and how it is lifted; the reason code stands behind it."""
    sentence = _BY_REASON.get(reason) or _BY_KIND.get(kind, kind)
    return sentence if reason in (kind, "") else f"{sentence} ({reason})"
