"""The gate: what may be done with a model's answer.  Pure; it never raises.

An answer chooses from a closed catalogue or abstains; whatever else it says is text.  Each of the
rules below gives a verdict, and the worst one counts:

    accept   may run now, through the safety gate as any other fix
    review   a person may approve it
    reject   the answer is dropped; the incident goes on without it
"""

import enum
import math
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final, cast

import attrs

from actors.l2_planner.closed_catalogue import (
    ANY_PLATFORM,
    Choice,
    ClosedCatalogue,
    Scalar,
    Slot,
    SlotType,
)
from actors.l2_planner.plain_text import without_links
from actors.l2_planner.reply import Raw, Reply, Unreadable, read_reply
from actors.messages import JSON

_KNOWN: Final = frozenset({
    "runbook_id", "confidence", "requires_human_review", "params", "reasoning",
    "pattern_signature",
})  # fmt: skip
_SIGNATURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}")
_HOST_PARAMS: Final = frozenset({
    "host", "hostname", "host_id", "host_name", "target_host", "computer_name", "computername",
})  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BIGGEST: Final = 2**63 - 1
_REASONING = 2_000


class Ruling(enum.StrEnum):
    """What becomes of an answer."""

    ACCEPT = "accept"
    REVIEW = "review"
    REJECT = "reject"


@attrs.frozen
class IncidentFacts:
    """What of an incident a plan must fit; never taken from the answer."""

    host: str
    platform: str
    check: str


@attrs.frozen
class Judgement:
    """What may be done with an answer, and why not more."""

    decision: Ruling
    reason: str
    """A code in snake_case: of the first rule that decided so; "ok" for an answer that may run."""
    runbook_id: str | None = None
    params: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])
    """As judged; of an accepted or reviewed answer only."""
    confidence: float = 0.0
    reasoning: str = ""
    """Text of the model, without links and control characters."""


@attrs.frozen
class _Finding:
    ruling: Ruling
    reason: str


def judge(output: str | bytes, facts: IncidentFacts, catalogue: ClosedCatalogue) -> Judgement:
    """Judge the text that a model gave for an incident."""
    reply = read_reply(output, catalogue.max_output_bytes)
    if isinstance(reply, Unreadable):
        return Judgement(Ruling.REJECT, reply.reason)
    return judge_reply(reply, facts, catalogue)


def judge_reply(reply: Reply, facts: IncidentFacts, catalogue: ClosedCatalogue) -> Judgement:
    """Judge an answer that could be read."""
    findings = list(_findings(reply, facts, catalogue))
    reasoning = _reasoning(reply.fields.get("reasoning"))
    for finding in findings:
        if finding.ruling is Ruling.REJECT:
            return Judgement(Ruling.REJECT, finding.reason, reasoning=reasoning)
    worst = findings[0] if findings else _Finding(Ruling.ACCEPT, "ok")
    return Judgement(
        worst.ruling,
        worst.reason,
        _runbook_id(reply),
        _params(reply),
        _confidence(reply.fields.get("confidence")),
        reasoning,
    )


def _findings(reply: Reply, facts: IncidentFacts, catalogue: ClosedCatalogue) -> Iterator[_Finding]:
    """Yield what speaks against running an answer, in the order of the rules."""
    if not reply.bare:
        yield _review("prose_around")
    yield from _on_confidence(reply.fields.get("confidence"), catalogue.min_confidence)
    if reply.fields.get("requires_human_review") is not False:
        yield _review("human_review")
    yield from _on_runbook(reply, facts, catalogue)
    yield from _on_other_fields(reply.fields)


def _on_confidence(value: Raw, floor: float) -> Iterator[_Finding]:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        yield _reject("confidence_no_number")
    elif not 0 <= value <= 1:
        yield _reject("confidence_out_of_range")
    elif value < Decimal(str(floor)):
        yield _review("low_confidence")


def _on_runbook(
    reply: Reply, facts: IncidentFacts, catalogue: ClosedCatalogue
) -> Iterator[_Finding]:
    if "runbook_id" not in reply.fields:
        yield _reject("runbook_missing")
        return
    name, params = reply.fields["runbook_id"], reply.fields.get("params", {})
    if not isinstance(params, dict):
        yield _reject("params_no_object")
    elif name is None:
        yield _review("no_plan")
    elif not isinstance(name, str) or name not in catalogue.choices:
        yield _reject("unknown_runbook")
    else:
        choice = catalogue.choices[name]
        yield from _on_choice(choice, facts)
        yield from _on_params(params, choice, facts.host)
        if "params" not in reply.fields:
            yield _review("params_missing")


def _on_choice(choice: Choice, facts: IncidentFacts) -> Iterator[_Finding]:
    if choice.platform not in (ANY_PLATFORM, facts.platform):
        yield _reject("wrong_platform")
    if facts.check not in choice.checks:
        yield _review("wrong_check")
    if not choice.auto:
        yield _review("not_automatic")


def _on_params(params: Mapping[str, Raw], choice: Choice, host: str) -> Iterator[_Finding]:
    if not params.keys() <= choice.slots.keys():
        yield _reject("unknown_param")
    for name, slot in choice.slots.items():
        if name in params:
            yield from _on_value(params[name], slot)
            if name in _HOST_PARAMS and params[name] != host:
                yield _review("other_host")
        elif slot.required:
            yield _reject("param_missing")


def _on_value(value: Raw, slot: Slot) -> Iterator[_Finding]:
    match slot.type, value:
        case SlotType.BOOL, bool():
            pass
        case SlotType.ENUM, _:
            pass  # its values say all
        case SlotType.INT, int() if not isinstance(value, bool):
            if not _lower(slot) <= value <= _upper(slot):
                yield _reject("param_out_of_range")
        case SlotType.STR, str():
            yield from _on_text(value, slot)
        case _:
            yield _reject("param_type")
    if slot.values and not any(_same(value, allowed) for allowed in slot.values):
        yield _reject("param_not_allowed")
    if slot.is_free:
        yield _review("free_value")


def _on_text(text: str, slot: Slot) -> Iterator[_Finding]:
    if len(text) > slot.max_length:
        yield _reject("param_too_long")
    elif _CONTROL.search(text) or _has_half_characters(text):
        yield _reject("param_control_character")
    elif not all(matches(text) for matches in slot.matches):
        yield _reject("param_pattern")


def _on_other_fields(fields: Mapping[str, Raw]) -> Iterator[_Finding]:
    if not fields.keys() <= _KNOWN:
        yield _review("unknown_key")
    if not isinstance(fields.get("reasoning", ""), str):
        yield _review("reasoning_no_text")
    signature = fields.get("pattern_signature", "_")
    # Ours is never taken from an answer; but one that would stand for many is a try at something.
    if "pattern_signature" in fields and not (
        isinstance(signature, str) and _SIGNATURE.fullmatch(signature)
    ):
        yield _review("signature_no_name")


def _same(value: Raw, allowed: Scalar) -> bool:
    """Compare as the catalogue has it written: true is not 1, and 1.0 is not either."""
    if isinstance(value, Decimal) or isinstance(allowed, float):
        return (
            isinstance(value, Decimal)
            and isinstance(allowed, float)
            and math.isfinite(allowed)
            and value == Decimal(str(allowed))
        )
    return type(value) is type(allowed) and value == allowed


def _lower(slot: Slot) -> int:
    return -_BIGGEST if slot.min is None else slot.min


def _upper(slot: Slot) -> int:
    return _BIGGEST if slot.max is None else slot.max


def _has_half_characters(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _runbook_id(reply: Reply) -> str | None:
    name = reply.fields["runbook_id"]
    return name if isinstance(name, str) else None


def _params(reply: Reply) -> Mapping[str, JSON]:
    params = reply.fields.get("params", {})
    if reply.fields["runbook_id"] is None or not isinstance(params, dict):
        return {}
    # Judged: a slot takes no list and no object.
    return {
        name: float(value) if isinstance(value, Decimal) else cast("JSON", value)
        for name, value in params.items()
    }


def _confidence(value: Raw) -> float:
    return float(value) if isinstance(value, int | Decimal) else 0.0


def _reasoning(value: Raw) -> str:
    return without_links(value, _REASONING) if isinstance(value, str) else ""


def _review(reason: str) -> _Finding:
    return _Finding(Ruling.REVIEW, reason)


def _reject(reason: str) -> _Finding:
    return _Finding(Ruling.REJECT, reason)
