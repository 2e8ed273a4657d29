"""Statements: what is said of a fact, as in-toto Statement v1 in canonical JSON.  Pure.

All predicate types have one shape, told in docs/evidence.md: what happened, when, to which incident
and check, by which rule and runbook.  Ids, numbers and reason codes go in as they are; what a fact
says in its own words goes through the scrubber first, and stays out where that cannot be done.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias, cast

from actors.evidence_log.canonical import NotCanonicalError, canonical, canonical_word
from actors.messages import JSON
from actors.messages.evidence import OwedFact, ProofKind
from actors.messages.many import one_of_many
from actors.messages.suppression import drift_key
from runtime.errors import ArightError

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
_PREDICATE: Final = "urn:aright:evidence:{}:v1"
_LONGEST: Final = 32_000
"""Bytes of a fact's own words: an entry of the log has 65,535, with the payload in base 64."""
_REMEMBERED: Final = 4096

Scrub: TypeAlias = Callable[[str], bytes]
"""Spells JSON canonically, without what may not leave; raises ArightError where it cannot tell, and
NotCanonicalError."""

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


@one_of_many
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
    withheld, body = "", b""
    try:
        body = scrub(fact.body)
    except NotCanonicalError:
        withheld = "not_canonical"
    except (ArightError, ValueError, RecursionError):  # the last two: it is no JSON, or too deep
        withheld = "not_scrubbed"
    if len(body) > _LONGEST:
        withheld = "too_long"
    proves = kind_of(fact)
    predicate = _predicate(fact, b"" if withheld else body, withheld, version, log)
    return Statement(proves, _payload(proves, _subject(fact, proves), predicate), withheld)


# A statement is put together of parts, in the order of their names, as canonical JSON has them.
# Most parts are those of many statements, so that they are spelled once: nothing on the way to a
# leaf took more time than to spell them all again, but to sign.


def _predicate(
    fact: OwedFact, body: bytes, withheld: str, version: str, log: Mapping[str, JSON] | None
) -> bytes:
    parts = [
        b'{"aright":', _word(version), b',"at":', canonical_word(fact.at),
        _check(fact),
        _decision(fact.decided, fact.allowed),
        b',"fact":{', b'"body":%b,' % body if body else b"",
        _fact(fact.kind, fact.now or "", fact.before or "", withheld),
        _incident(fact),
        b"" if log is None else b',"log":%b' % canonical(log),
        b',"site":', _word(fact.site), b"}",
    ]  # fmt: skip
    return b"".join(parts)


@lru_cache(_REMEMBERED)
def _word(word: str) -> bytes:
    return canonical_word(word)


def _check(fact: OwedFact) -> bytes:
    if not fact.host:
        return b""
    named = b',"id":%b' % _word(fact.check) if fact.check else b""
    return b',"check":{%b"host":%b%b}' % (_controls(fact.controls), _word(fact.host), named)


@lru_cache(_REMEMBERED)
def _controls(controls: str) -> bytes:
    told = cast("JSON", json.loads(controls))
    return b'"controls":%b,' % canonical(told) if told else b""


@lru_cache(_REMEMBERED)
def _fact(kind: str, now: str, was: str, withheld: str) -> bytes:
    """Spell what follows the body, up to the end of the fact."""
    told = _without_empty({"kind": kind, "now": now, "was": was, "withheld": withheld})
    return canonical(told)[1:]


def _incident(fact: OwedFact) -> bytes:
    if not fact.incident_id:
        return b""
    follows = canonical_word(fact.recurred_from) if fact.recurred_from else b""
    return b',"incident":{"id":%b,"observation":%b,"opened_at":%b%b,"severity":%b}' % (
        canonical_word(fact.incident_id),
        canonical_word(fact.observation_id),
        canonical_word(fact.opened_at),
        b',"recurred_from":%b' % follows if follows else b"",
        _word(fact.severity),
    )


@lru_cache(_REMEMBERED)
def _decision(decided: str, allowed: str) -> bytes:
    """Say by which rule and runbook; each as it then was, by its content's hash."""
    if not decided:
        return b""
    told = cast("Mapping[str, JSON]", json.loads(decided))
    names = ("mode", "rule_hash", "rule_id", "rule_version", "runbook_id")
    named = {name: told[name] for name in names if told.get(name)}
    if allowed:
        runbook = cast("Mapping[str, JSON]", json.loads(allowed)).get("runbook_hash")
        named.update({"runbook_hash": runbook} if runbook else {})
    return b',"decision":%b' % canonical(named)


def _without_empty(fields: dict[str, JSON]) -> dict[str, JSON]:
    return {name: value for name, value in fields.items() if value}


def _subject(fact: OwedFact, proves: ProofKind) -> bytes:
    if fact.incident_id:
        return canonical_word(f"incident/{fact.incident_id}")
    if fact.host:
        return canonical(f"check/{drift_key(fact.site, fact.host, fact.check)}")
    return canonical(f"{proves}/{drift_key(fact.site, '', '')}")


def _payload(proves: ProofKind, subject: bytes, predicate: bytes) -> bytes:
    """Put a statement together; its subject's digest is that of the predicate."""
    return (
        b'{"_type":"%b","predicate":%b,"predicateType":%b,'
        b'"subject":[{"digest":{"sha256":"%b"},"name":%b}]}'
    ) % (
        STATEMENT_TYPE.encode(),
        predicate,
        _word(predicate_type(proves)),
        hashlib.sha256(predicate).hexdigest().encode(),
        subject,
    )
