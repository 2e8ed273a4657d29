"""Statements: one spelling, checked by other people's tools, and nothing in them unscrubbed."""

import hashlib
import json
from pathlib import Path
from typing import cast

import attrs
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, strategies as st
from securesystemslib.dsse import Envelope as TheirEnvelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer._key import Key, SSlibKey

from actors.evidence_log.canonical import NotCanonicalError, canonical, whole
from actors.evidence_log.envelope import Envelope, Signer, spelled_envelope
from actors.evidence_log.scrubbing import scrub_with
from actors.evidence_log.statement import kind_of, statement_of
from actors.messages import JSON, Fact, State, StopKind
from actors.messages.evidence import FactSource, OwedFact, ProofKind
from runtime.errors import EvidenceFormatError
from runtime.scrub import Json, Scrubbed, Scrubber, ScrubError
from tests.actors.evidence_log.world import World, as_is, predicate, settled, statement

FACT = OwedFact(
    FactSource.TRACE, 7, 7, "2026-01-01T00:00:00+00:00", "healed", '{"attempt":1}', "site",
    "ws-1", "firewall_status", "verifying", "healed", "inc_1", "high",
)  # fmt: skip

documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(documents)
def test_the_short_way_spells_as_the_library_does(document: JSON) -> None:
    theirs = rfc8785.dumps(cast("dict[str, object]", document))  # type: ignore[arg-type]

    assert canonical(document) == theirs
    assert canonical(whole(document)) == theirs


@pytest.mark.parametrize("value", [float("nan"), 2**53, "\ud800", {"\udfff": 1}])
def test_what_has_no_spelling_is_refused(value: JSON) -> None:
    with pytest.raises(NotCanonicalError):
        canonical(value)


@given(
    body=st.dictionaries(st.text(), documents, max_size=4),
    words=st.lists(st.text(st.characters(codec="utf-8")), min_size=8, max_size=8),
    decided=st.booleans(),
)
def test_a_statement_put_together_of_parts_is_canonical(
    body: dict[str, JSON], words: list[str], decided: bool
) -> None:
    host, check, kind, rule, site, reason, incident, before = words
    fact = attrs.evolve(
        FACT, host=host, check=check, kind=kind, site=site, incident_id=incident, before=before,
        body=json.dumps(body), controls=json.dumps([reason] if reason else []),
        decided=json.dumps({"rule_id": rule, "mode": "auto"}) if decided else "",
        allowed=json.dumps({"runbook_hash": reason}) if decided else "",
    )  # fmt: skip

    payload = statement_of(fact, as_is, "1.0", {"origin": site} if decided else None).payload

    def number(text: str) -> int | float:
        return int(text) if abs(int(text)) < 2**53 else float(text)  # as other readers do

    assert rfc8785.dumps(json.loads(payload, parse_int=number)) == payload


@given(st.binary(max_size=200), st.integers(1, 3))
def test_an_envelope_is_read_back_and_holds(payload: bytes, count: int) -> None:
    signers = [Signer.of(Ed25519PrivateKey.generate()) for _ in range(count)]
    signatures = [(signer.fingerprint, signer.sign(payload)) for signer in signers]
    spelled = spelled_envelope(payload, signatures)

    envelope = Envelope.parse(spelled)

    keys = {signer.fingerprint: signer.public for signer in signers}
    assert envelope.payload == payload
    assert envelope.holds(keys)
    assert not envelope.holds(dict(list(keys.items())[1:]))
    assert rfc8785.dumps(json.loads(spelled)) == spelled


@given(at=st.integers(0), bit=st.integers(0, 7))
def test_an_envelope_with_a_flipped_bit_is_none_or_does_not_hold(at: int, bit: int) -> None:
    signer = Signer.of(Ed25519PrivateKey.from_private_bytes(bytes(32)))
    spelled = bytearray(spelled_envelope(b"{}", [(signer.fingerprint, signer.sign(b"{}"))]))
    spelled[at % len(spelled)] ^= 1 << bit

    try:
        envelope = Envelope.parse(bytes(spelled))
    except EvidenceFormatError:
        return
    assert not envelope.holds({signer.fingerprint: signer.public})


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_every_kind_of_envelope_is_verified_by_securesystemslib(world: World) -> None:
    incident = await world.drift()
    for to, kind in (
        (State.DECIDING, "rule_matched"),
        (State.AWAITING_APPROVAL, "approval_asked"),
        (State.REFUSED, "fix_rejected"),
        (State.DECIDING, "due_again"),
        (State.SUPPRESSED, "suppressed"),
        (State.DECIDING, "suppression_lifted"),
        (State.REFUSED, "budget_refused"),
        (State.DECIDING, "due_again"),
        (State.ACTING, "fix_allowed"),
        (State.VERIFYING, "verifying"),
        (State.HEALED, "healed"),
    ):
        await world.move(incident, to, kind, who="ada")
    for proves in (ProofKind.PROMOTION, ProofKind.OPERATION):
        owe = world.memory.owe(proves, Fact("told"), world.journal.now, site="site")
        await world.store.commit(owe)
    await (await world.prove()).rotate("ada", "yearly")

    logged = await world.logged()
    assert {each.proves for each in logged} == set(ProofKind)
    keys = {
        key.fingerprint: SSlibKey(
            key.fingerprint, "ed25519", "ed25519", {"public": key.public.hex()}
        )
        for key in await world.store.read(world.memory.keys())
    }
    for each in logged:
        assert each.envelope is not None
        told = json.loads(each.envelope)
        signers: list[Key] = [keys[line["keyid"]] for line in told["signatures"]]
        theirs = TheirEnvelope.from_dict(json.loads(each.envelope))
        assert len(theirs.verify(signers, len(signers))) == len(signers)
        assert theirs.payload_type == "application/vnd.in-toto+json"
        theirs.payload += b" "
        with pytest.raises(VerificationError):
            theirs.verify(signers, 1)


async def test_the_digest_of_a_subject_is_that_of_its_predicate(world: World) -> None:
    await world.drift()
    await world.prove()

    for each in await world.logged():
        [subject] = cast("list[dict[str, JSON]]", statement(each)["subject"])
        digest = hashlib.sha256(canonical(predicate(each))).hexdigest()
        assert subject["digest"] == {"sha256": digest}


@pytest.mark.parametrize(
    ("kind", "now", "proves"),
    [
        ("drift_observed", "observed", ProofKind.CHECK),
        ("rule_matched", "deciding", ProofKind.DECISION),
        ("window_refused", "refused", ProofKind.REFUSAL),
        ("fix_rejected", "refused", ProofKind.APPROVAL),
        ("fix_approved", None, ProofKind.APPROVAL),
        ("cooldown_held", "suppressed", ProofKind.SUPPRESSION),
        ("fix_failed", "escalated", ProofKind.VERDICT),
        ("verifying", "verifying", ProofKind.STEP),
        ("verify_passed", None, ProofKind.STEP),
        ("something_new", "rolled_back", ProofKind.VERDICT),
    ],
)
def test_what_a_fact_proves_is_told_from_its_kind_and_from_where_it_led(
    kind: str, now: str | None, proves: ProofKind
) -> None:
    assert kind_of(attrs.evolve(FACT, kind=kind, now=now)) is proves


# Scrubbing.


async def test_what_a_person_wrote_is_scrubbed_before_it_is_signed(world: World) -> None:
    world.scrub = scrub_with(Scrubber(bytes(32)).document)
    incident = await world.drift()
    await world.move(incident, State.DECIDING, "reopened", why="call 555-11-1111, SSN 123-45-6789")
    await world.prove()

    last = (await world.logged())[-1]
    assert last.envelope is not None
    assert b"123-45-6789" not in last.envelope
    assert "123-45-6789" not in json.dumps(statement(last))


async def test_where_the_scrubber_fails_the_words_stay_out_and_a_person_is_told(
    world: World,
) -> None:
    def fails(_: Json) -> Scrubbed:
        raise ScrubError("no")

    world.scrub = scrub_with(fails)
    await world.drift()

    await settled(world.room())

    last = (await world.logged())[-1]
    assert predicate(last)["fact"] == {
        "kind": "drift_observed",
        "now": "observed",
        "withheld": "not_scrubbed",
    }
    assert world.journal.tickets.stops == [(StopKind.EVIDENCE, "withheld")]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('{"number":1e400}', "not_canonical"),
        (json.dumps({"why": "x" * 40_000}), "too_long"),
        # One fact that nobody can read would hold up all that follow it, for ever.
        ('{"why":' * 5000 + "1" + "}" * 5000, "not_scrubbed"),
        (f'{{"number":{"9" * 5000}}}', "not_scrubbed"),
        ("{", "not_scrubbed"),
    ],
    ids=["no number", "long", "deep", "many digits", "cut short"],
)
def test_words_that_cannot_be_signed_stay_out(body: str, why: str) -> None:
    stated = statement_of(attrs.evolve(FACT, body=body), as_is, "1.0")

    assert stated.withheld == why
    assert json.loads(stated.payload)["predicate"]["fact"]["withheld"] == why


def test_the_same_words_are_scrubbed_once() -> None:
    asked: list[Json] = []

    def document(value: Json) -> Scrubbed:
        asked.append(value)
        return Scrubber(bytes(32)).document(value)

    scrub = scrub_with(document)
    assert scrub('{"by":"agent"}') == scrub('{"by":"agent"}') == b'{"by":"agent"}'
    assert len(asked) == 1
