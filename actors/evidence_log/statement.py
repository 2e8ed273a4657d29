"""Statements: what is said of a fact, as in-toto Statement v1 in canonical JSON.  Pure.

All predicate types have one shape, told in docs/evidence.md: what happened, when, to which incident
and check, by which rule and runbook.  Ids, numbers and reason codes go in as they are; what a fact
says in its own words goes through the scrubber first, and stays out where that cannot be done.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, cast

import attrs

from actors.evidence_log.canonical import NotCanonicalError, canonical
from actors.messages import JSON
from actors.messages.evidence import OwedFact, ProofKind
from actors.messages.suppression import drift_key
from runtime.errors import ArightError

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
_PREDICATE: Final = "urn:aright:evidence:{}:v1"
_LONGEST: Final = 32_000
"""Bytes of a predicate: an entry of the log has 65,535, with the payload in base 64."""

Scrub: TypeAlias = Callable[[str], JSON]
"""Reads JSON without what may not leave; raises ArightError where it cannot tell."""

_KINDS: Final[Mapping[str, ProofKind]] = {
    **dict.fromkeys(
        ("drift_observed", "passed", "passed_meanwhile", "recurred"),
        ProofKind.CHECK,
    ),
    **dict.fromkeys(
        (
            "rule_matched", "no_rule_matched", "fix_allowed", "due_again", "reopened", "escalated",
            "dead_lettered", "runbook_missing", "host_unreachable", "canary_proven",
            "breaker_closed", "breaker_reset",
        ),
        ProofKind.DECISION,
    ),
    **dict.fromkeys(
        ("approval_asked", "fix_approved", "fix_rejected", "approval_expired"), ProofKind.APPROVAL
    ),
    **dict.fromkeys(
        ("suppressed", "cooldown_held", "partner_named", "suppression_lifted",
         "suppression_expired"),
        ProofKind.SUPPRESSION,
    ),
    **dict.fromkeys(
        ("healed", "no_drift", "rolled_back", "fix_failed", "fix_unknown", "stayed_healed"),
        ProofKind.VERDICT,
    ),
}  # fmt: skip

_STATES: Final[Mapping[str, ProofKind]] = {
    "refused": ProofKind.REFUSAL,
    "suppressed": ProofKind.SUPPRESSION,
    "deciding": ProofKind.DECISION,
    "escalated": ProofKind.DECISION,
    "healed": ProofKind.VERDICT,
    "rolled_back": ProofKind.VERDICT,
}
"""Where a fact has no kind of its own, it is told from the state that it led to."""


@attrs.frozen
class Statement:
    """What is signed of a fact."""

    proves: ProofKind
    payload: bytes
    withheld: str = ""
    """Why the fact's own words are not in it, as a code; empty where they are."""


def kind_of(fact: OwedFact) -> ProofKind:
    """Say what a fact proves."""
    if fact.proves is not None:
        return fact.proves
    return _KINDS.get(fact.kind) or _STATES.get(fact.now or "", ProofKind.STEP)


def predicate_type(proves: ProofKind) -> str:
    """Spell the type of a predicate."""
    return _PREDICATE.format(proves.value)


def statement_of(
    fact: OwedFact, scrub: Scrub, version: str, log: Mapping[str, JSON] | None = None
) -> Statement:
    """State a fact.  It is stated in any case; without its own words where they must not go out.

    Args:
        fact: to be stated.
        scrub: through which its own words go.
        version: of Aright.
        log: what the log says of itself.
    """
    withheld = ""
    body: JSON = None
    try:
        body = scrub(fact.body)
        predicate = canonical(_predicate(fact, body, version, "", log))
    except ArightError:
        withheld, predicate = "not_scrubbed", b""
    except NotCanonicalError:
        withheld, predicate = "not_canonical", b""
    if len(predicate) > _LONGEST:
        withheld = "too_long"
    if withheld:
        predicate = canonical(_predicate(fact, None, version, withheld, log))
    proves = kind_of(fact)
    return Statement(proves, _payload(proves, _subject(fact, proves), predicate), withheld)


def _predicate(
    fact: OwedFact, body: JSON, version: str, withheld: str, log: Mapping[str, JSON] | None
) -> JSON:
    told: dict[str, JSON] = {
        "aright": version,
        "at": fact.at,
        "fact": _without_empty({
            "kind": fact.kind, "was": fact.before, "now": fact.now, "withheld": withheld,
            "body": body,
        }),
        "site": fact.site,
    }  # fmt: skip
    if fact.host:
        check: dict[str, JSON] = {"host": fact.host, "id": fact.check}
        if fact.controls != "[]":
            check["controls"] = cast("JSON", json.loads(fact.controls))
        told["check"] = _without_empty(check)
    if fact.incident_id:
        told["incident"] = _without_empty({
            "id": fact.incident_id, "severity": fact.severity, "opened_at": fact.opened_at,
            "observation": fact.observation_id, "recurred_from": fact.recurred_from,
        })  # fmt: skip
    if fact.decided:
        told["decision"] = _decision(fact)
    if log is not None:
        told["log"] = log
    return told


def _decision(fact: OwedFact) -> JSON:
    """Say by which rule and runbook; each as it then was, by its content's hash."""
    decided = cast("Mapping[str, JSON]", json.loads(fact.decided))
    names = ("rule_id", "rule_hash", "rule_version", "runbook_id", "mode")
    told = {name: decided[name] for name in names if decided.get(name)}
    if fact.allowed:
        allowed = cast("Mapping[str, JSON]", json.loads(fact.allowed))
        if allowed.get("runbook_hash"):
            told["runbook_hash"] = allowed["runbook_hash"]
    return told


def _without_empty(fields: dict[str, JSON]) -> dict[str, JSON]:
    return {name: value for name, value in fields.items() if value not in ("", None)}


def _subject(fact: OwedFact, proves: ProofKind) -> str:
    if fact.incident_id:
        return f"incident/{fact.incident_id}"
    if fact.host:
        return f"check/{drift_key(fact.site, fact.host, fact.check)}"
    return f"{proves}/{drift_key(fact.site, '', '')}"


def _payload(proves: ProofKind, subject: str, predicate: bytes) -> bytes:
    """Put a statement together; its subject's digest is that of the predicate."""
    digest = hashlib.sha256(predicate).hexdigest()
    return (
        b'{"_type":"%b","predicate":%b,"predicateType":"%b",'
        b'"subject":[{"digest":{"sha256":"%b"},"name":%b}]}'
        % (
            STATEMENT_TYPE.encode(),
            predicate,
            predicate_type(proves).encode(),
            digest.encode(),
            canonical(subject),
        )
    )
