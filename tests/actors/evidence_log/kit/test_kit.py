"""Kits: what a sound one says, and that nothing in one can be changed unseen.

Each kit is judged twice: by our own code, and by the program that goes into every kit.
"""

import hashlib
import json
import random
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings, strategies as st

from actors.anchorer.headers import read_headers
from actors.evidence_log.envelope import Signer
from actors.evidence_log.kit import parts as names, verify_kit
from actors.evidence_log.kit.archive import packed, unpacked
from actors.evidence_log.kit.making import make_kit
from actors.evidence_log.kit.parts import KitKey, KitParts
from actors.evidence_log.tlog.checkpoint import Checkpoint
from actors.evidence_log.tlog.notes import NoteSigner
from runtime.errors import InvalidFileError
from tests.actors.evidence_log.kit.kits import (
    KEY,
    NEXT,
    OTHER,
    Chain,
    Site,
    anchored_site,
    checked,
    pending,
    sealed,
    statement,
)

SOUND = anchored_site().kit()
SOUND_HEADERS = (unpacked(SOUND) or {})[names.HEADERS]
MANIFEST = names.MANIFEST


def both(kit: bytes, fingerprint: str | None = KEY.fingerprint) -> tuple[str, str | None]:
    """Outcome and reason, on which both verifiers must agree; so must all else that they tell."""
    ours = checked(kit, fingerprint).data
    theirs = verify_kit.verify(kit, fingerprint, {})
    assert ours | {"where": None} == theirs | {"where": None}
    return str(ours["outcome"]), theirs["reason"]


def with_members(change: Callable[[dict[str, bytes]], None], kit: bytes = SOUND) -> bytes:
    """Change members and write the file anew, without a new manifest: nobody has the key."""
    members = unpacked(kit)
    assert members is not None
    change(members)
    return packed(members)


def test_a_sound_kit_is_verified_with_the_key_from_outside() -> None:
    assert both(SOUND) == ("verified", None)
    verdict = checked(SOUND)
    assert verdict.statements == 7
    assert [(each.size, each.statements) for each in verdict.anchors] == [(4, 4), (7, 3)]


def test_without_a_key_from_outside_a_kit_is_unchecked_and_its_fingerprint_is_told() -> None:
    assert both(SOUND, None) == ("unchecked", "no_key")
    assert checked(SOUND, None).fingerprint == KEY.fingerprint


def test_another_key_from_outside_is_a_mismatch() -> None:
    assert both(SOUND, OTHER.fingerprint) == ("mismatch", "other_key")


def test_the_same_parts_and_key_give_the_same_bytes() -> None:
    assert anchored_site().kit() == SOUND


def test_a_site_that_does_not_anchor_needs_no_anchors() -> None:
    kit = Site().happen(3).sign().kit()
    assert both(kit) == ("verified", None)


def test_a_head_that_waits_for_its_anchor_is_pending() -> None:
    site = anchored_site().happen(2).sign()
    assert both(site.kit()) == ("pending", "anchor_pending")
    site.anchors[9] = pending(site.heads[9])
    assert both(site.kit()) == ("pending", "anchor_pending")


def test_an_anchor_without_its_header_is_unchecked() -> None:
    parts = attrs.evolve(anchored_site().parts(), headers=b"{}")
    assert both(make_kit(parts, KEY)) == ("unchecked", "anchor_unchecked")


def test_headers_from_outside_stand_before_those_of_the_kit() -> None:
    site = anchored_site()
    bare = make_kit(attrs.evolve(site.parts(), headers=b"{}"), KEY)
    assert verify_kit.verify(bare, KEY.fingerprint, site.chain.blocks)["outcome"] == "verified"
    fork = Chain()
    fork.anchor(b"another note", 800_000)
    assert verify_kit.verify(SOUND, KEY.fingerprint, fork.blocks)["reason"] == "anchor_mismatch"


def test_a_kit_can_show_a_part_of_the_log() -> None:
    site = anchored_site()
    assert both(make_kit(site.parts(1, 6), KEY)) == ("verified", None)


@pytest.mark.parametrize("known", [KEY, NEXT])
def test_keys_that_a_logged_change_links_vouch_for_each_other(known: Signer) -> None:
    site = Site().happen(2).sign().rotate(NEXT).happen(2).sign()
    kit = make_kit(site.parts(keys=(KEY, NEXT)), NEXT)
    assert both(kit, known.fingerprint) == ("verified", None)


def test_keys_that_no_logged_change_links_do_not_vouch_for_each_other() -> None:
    site = Site().happen(2).sign()
    site.key = NEXT  # and no entry says so
    site.happen(2).sign()
    kit = make_kit(site.parts(keys=(KEY, NEXT)), NEXT)
    for known in (KEY, NEXT):
        assert both(kit, known.fingerprint) == ("mismatch", "other_key")
    assert both(kit, None) == ("mismatch", "other_key")


def flips(count: int, kit: bytes) -> list[bytes]:
    chance = random.Random(6)  # noqa: S311  the same flips in each run
    flipped = list[bytes]()
    for _ in range(count):
        data = bytearray(kit)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        flipped.append(bytes(data))
    return flipped


def test_a_kit_with_one_flipped_bit_never_verifies() -> None:
    for kit in flips(300, SOUND):
        outcome, _ = both(kit)
        assert outcome in ("mismatch", "unusable")


@pytest.mark.parametrize("name", sorted(unpacked(SOUND) or {}))
def test_a_flipped_bit_in_any_member_is_found_though_the_file_is_written_anew(name: str) -> None:
    for at in (0, 40, -1):

        def flip(members: dict[str, bytes], at: int = at) -> None:
            data = bytearray(members[name])
            data[at] ^= 1
            members[name] = bytes(data)

        assert both(with_members(flip))[0] in ("mismatch", "unusable")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_file_cut_short_or_long_never_verifies(data: st.DataObject) -> None:
    end = data.draw(st.integers(0, len(SOUND) - 1))
    assert both(SOUND[:end])[0] in ("mismatch", "unusable")
    assert both(SOUND + SOUND[:end] + b"\0")[0] == "mismatch"
    assert both(b"\0" + SOUND)[0] == "unusable"


STATEMENT = names.statement_name(1, 2)
PROOF = names.statement_name(1, 2, "tlog-proof")


@pytest.mark.parametrize("name", sorted(unpacked(SOUND) or {}))
def test_a_member_that_was_taken_out_is_missed(name: str) -> None:
    def change(members: dict[str, bytes]) -> None:
        del members[name]

    expected = ("unusable", "bad_manifest") if name == MANIFEST else ("mismatch", "other_members")
    assert both(with_members(change)) == expected


def test_a_member_that_was_put_in_is_found() -> None:
    def change(members: dict[str, bytes]) -> None:
        members["statements/1/000000000002.note"] = b"read this"

    assert both(with_members(change)) == ("mismatch", "other_members")


def test_a_member_that_was_renamed_is_found() -> None:
    def change(members: dict[str, bytes]) -> None:
        members["statements/1/000000000012.dsse.json"] = members.pop(STATEMENT)

    assert both(with_members(change)) == ("mismatch", "other_members")


def test_members_that_changed_places_are_found() -> None:
    def change(members: dict[str, bytes]) -> None:
        other = names.statement_name(1, 3)
        members[STATEMENT], members[other] = members[other], members[STATEMENT]

    assert both(with_members(change)) == ("mismatch", "other_members")


def test_a_member_that_stands_twice_is_found() -> None:
    # Readers differ in which of two they take: one could be shown and another checked.
    end = SOUND.index(b"PK\1\2")
    first = SOUND[: SOUND.index(b"PK\3\4", 4)]
    assert both(SOUND[:end] + first + SOUND[end:]) == ("mismatch", "not_canonical")


def test_a_file_that_another_program_wrote_is_found(tmp_path: Path) -> None:
    members = unpacked(SOUND)
    assert members is not None
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(tmp_path / "kit.zip", "w", compression) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        assert both((tmp_path / "kit.zip").read_bytes())[0] in ("mismatch", "unusable")


def test_any_zip_reader_reads_a_kit(tmp_path: Path) -> None:
    (tmp_path / "kit.zip").write_bytes(SOUND)
    with zipfile.ZipFile(tmp_path / "kit.zip") as archive:
        assert archive.testzip() is None
        assert {each: archive.read(each) for each in archive.namelist()} == unpacked(SOUND)


# What follows is written anew with a sound manifest, by a site that lies or is not careful.


def again(parts: KitParts, key: Signer = KEY) -> tuple[str, str | None]:
    return both(make_kit(parts, key), key.fingerprint)


def changed(parts: KitParts, at: int, **changes: object) -> KitParts:
    each = attrs.evolve(parts.statements[at], **changes)  # type: ignore[arg-type]
    return attrs.evolve(
        parts, statements=(*parts.statements[:at], each, *parts.statements[at + 1 :])
    )


def test_a_statement_that_was_replaced_is_not_in_the_log() -> None:
    entry = sealed(statement("clinic-a", 99), KEY)
    parts = changed(anchored_site().parts(), 2, envelope=entry)
    assert again(parts) == ("mismatch", "not_included")


def test_a_statement_that_another_key_signed_is_found() -> None:
    entry = sealed(statement("clinic-a", 2), OTHER)
    parts = changed(anchored_site().parts(), 2, envelope=entry)
    assert again(parts) == ("mismatch", "statement_signature")
    known = attrs.evolve(
        parts,
        keys=(
            KitKey(KEY.fingerprint, KEY.public),
            KitKey(OTHER.fingerprint, OTHER.public),
        ),
    )
    assert again(known) == ("mismatch", "not_included")


def test_a_kit_that_somebody_else_made_whole_has_another_key() -> None:
    forged = Site(key=OTHER).happen(3).sign()
    assert both(make_kit(forged.parts(), OTHER)) == ("mismatch", "other_key")
    assert both(make_kit(forged.parts(), OTHER), None) == ("unchecked", "no_key")


def test_a_kit_of_another_site_with_the_same_key_is_told_by_its_statements() -> None:
    other = anchored_site().parts()
    assert again(attrs.evolve(other, site="clinic-b")) == ("mismatch", "other_site")


def test_a_log_of_another_name_is_found() -> None:
    parts = attrs.evolve(anchored_site().parts(), origins={1: "aright/clinic-b/1"})
    assert again(parts) == ("mismatch", "other_head")


def test_an_older_head_does_not_prove_a_newer_statement() -> None:
    site = anchored_site()
    parts = site.parts()
    head = attrs.evolve(parts.heads[1], note=parts.heads[0].note, ots=None, grew=())
    assert again(attrs.evolve(parts, heads=(parts.heads[0], head))) == ("mismatch", "other_head")


def test_a_proof_for_another_leaf_is_found() -> None:
    site = anchored_site()
    path = tuple(site.log.inclusion(3, 4))
    assert again(changed(site.parts(), 2, path=path)) == ("mismatch", "not_included")


def test_a_path_with_a_hash_dropped_or_swapped_is_found() -> None:
    site = anchored_site()
    path = tuple(site.log.inclusion(2, 4))
    for other in (path[1:], path[:-1], path[::-1], (*path, path[-1]), ()):
        assert again(changed(site.parts(), 2, path=other)) == ("mismatch", "not_included")


def test_a_chain_that_was_hashed_anew_is_not_the_one_that_was_anchored() -> None:
    # The predecessor repaired its chain by hashing the whole table anew, and nothing noticed.
    site = anchored_site()
    site.log.entries[1] = sealed(statement("clinic-a", 41), KEY)
    rewritten = type(site.log)()
    rewritten.append(list(site.log.entries))
    site.log = rewritten
    before = dict(site.heads)
    for size in before:
        head = Checkpoint(site.origin, size, rewritten.root(size))
        site.heads[size] = head.signed(NoteSigner(site.origin, KEY.private)).spelled()
    assert again(site.parts()) == ("mismatch", "anchor_mismatch")


def test_a_log_that_did_not_only_grow_is_found() -> None:
    site = anchored_site()
    fork = anchored_site()
    fork.log = type(site.log)()
    fork.happen(3)
    fork.log.append([sealed(statement("clinic-a", 77), KEY)])
    fork.happen(3)
    parts, other = site.parts(0), fork.sign().parts()
    heads = (parts.heads[0], attrs.evolve(other.heads[1], ots=None))
    assert again(attrs.evolve(parts, heads=heads, anchoring=False)) == (
        "mismatch",
        "not_consistent",
    )


def test_a_head_that_nobody_signed_is_found() -> None:
    site = anchored_site()
    head = Checkpoint(site.origin, 4, site.log.root(4))
    for note in (
        head.signed(NoteSigner(site.origin, OTHER.private)),
        head.signed(NoteSigner("aright/clinic-b/1", KEY.private)),
    ):
        site.heads[4] = note.spelled()
        assert again(site.parts()) == ("mismatch", "head_signature")


def test_an_anchor_of_another_head_is_found() -> None:
    site = anchored_site()
    site.anchors[4], site.anchors[7] = site.anchors[7], site.anchors[4]
    assert again(site.parts()) == ("mismatch", "anchor_mismatch")


def test_an_anchor_with_append_and_prepend_swapped_is_found() -> None:
    # The predecessor read them the wrong way round: f0 appends, f1 prepends.
    site = anchored_site()
    swapped = site.anchors[4].replace(b"\xf0\x05nonce", b"\xf1\x05nonce")
    assert swapped != site.anchors[4]
    site.anchors[4] = swapped
    assert again(site.parts()) == ("mismatch", "anchor_mismatch")


def test_an_anchor_that_lost_its_path_is_found() -> None:
    # The predecessor glued a calendar's answer to the digest itself and called it anchored.
    site = anchored_site()
    whole = site.anchors[4]
    digest_ends = len(verify_kit.MAGIC) + 32
    glued = whole[:digest_ends] + whole[whole.index(b"\xf1\x20") :]
    site.anchors[4] = glued
    assert again(site.parts()) == ("mismatch", "anchor_mismatch")


@pytest.mark.parametrize("ots", [b"", b"\0" * 80, verify_kit.MAGIC, verify_kit.MAGIC + bytes(40)])
def test_an_anchor_that_is_none_makes_the_kit_unusable(ots: bytes) -> None:
    site = anchored_site()
    site.anchors[4] = ots
    assert again(site.parts()) == ("unusable", "anchor_refused")


@pytest.mark.parametrize(
    "headers", [b"", b"[1]", b"[]", b'""', b"{", b'{"1": 2}', b'{"x": {"header": "00"}}', b"\xff"]
)
def test_headers_that_are_none_make_the_kit_unusable(headers: bytes) -> None:
    parts = attrs.evolve(anchored_site().parts(), headers=headers)
    assert again(parts) == ("unusable", "bad_headers")


RAW = b"0" * 160


@pytest.mark.parametrize(
    "headers",
    [
        b'[["1", {"header": "%b"}]]' % RAW,
        b'{"1": [["header", "%b"]]}' % RAW,
        b'{"1": {"header": "%b", "header": "%b"}}' % (RAW, RAW),
        b'{"1": {"header": "%b"}, "1": {"header": "%b"}}' % (RAW, RAW),
        b'{"1": {"header": "%b", "more": {"a": 1, "a": 2}}}' % RAW,
        b'{"1": {"header": %b}}' % (b"1" * 160),
        b'{"01": {"header": "%b"}}' % RAW,
        b"\xef\xbb\xbf{}",
        b"[]",
        b'""',
        b"null",
    ],
)
def test_what_one_reader_of_headers_refuses_the_other_does_not_take(headers: bytes) -> None:
    with pytest.raises(InvalidFileError):
        read_headers("headers.json", headers)
    with pytest.raises(verify_kit.BROKEN):
        verify_kit.headers(headers)


def test_what_one_reader_of_headers_takes_the_other_does() -> None:
    for headers in (b"{}", b' {"1": {"header": "%b", "time": [{}]}} ' % RAW, SOUND_HEADERS):
        read_headers("headers.json", headers)
        verify_kit.headers(headers)


def test_a_header_without_work_is_not_at_hand() -> None:
    site = anchored_site()
    site.chain.blocks = {
        height: raw[:72] + b"\xff\xff\x00\x1d" + raw[76:]
        for height, raw in site.chain.blocks.items()
    }
    assert verify_kit.verify(site.kit(), KEY.fingerprint, {})["reason"] == "anchor_unchecked"


def test_a_kit_without_a_statement_proves_nothing() -> None:
    parts = attrs.evolve(anchored_site().parts(), statements=())
    assert again(parts) == ("unusable", "bad_layout")


def test_a_statement_whose_subject_is_something_else_is_found() -> None:
    payload = statement("clinic-a", 2).replace(b"healed", b"failed")
    site = Site().happen(2)
    site.log.append([sealed(payload, KEY)])
    assert again(site.sign().parts()) == ("mismatch", "other_subject")


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"{}", b'{"predicateType": "x", "predicate": 5, "subject": []}', b"\xff"],
)
def test_a_statement_that_is_none_makes_the_kit_unusable(payload: bytes) -> None:
    site = Site().happen(2)
    site.log.append([sealed(payload, KEY)])
    assert again(site.sign().parts()) == ("unusable", "bad_statement")


@pytest.mark.parametrize("entry", [b"", b"[]", b"{}", b'{"payload": 1}', b'{"payload":"","x":1}'])
def test_an_envelope_that_is_none_makes_the_kit_unusable(entry: bytes) -> None:
    site = Site().happen(2)
    site.log.append([entry])
    assert again(site.sign().parts()) == ("unusable", "bad_statement")


@pytest.mark.parametrize("keyid", ["5", "null", "[]", r'"\ud800"'])
def test_an_envelope_that_names_no_key_makes_the_kit_unusable(keyid: str) -> None:
    spelled = (
        '{"payload":"e30=","payloadType":"application/vnd.in-toto+json",'
        f'"signatures":[{{"keyid":{keyid},"sig":"AA=="}}]}}'
    ).encode()

    def change(members: dict[str, bytes]) -> None:
        members[MANIFEST] = spelled

    assert both(with_members(change)) == ("unusable", "bad_manifest")
    site = Site().happen(2)
    site.log.append([spelled])
    assert again(site.sign().parts()) == ("unusable", "bad_statement")


def manifest_with(change: Callable[[dict[str, object]], None]) -> bytes:
    members = unpacked(SOUND)
    assert members is not None
    payload = json.loads(verify_kit.envelope(members[MANIFEST])[0])
    change(payload)
    members[MANIFEST] = sealed(json.dumps(payload).encode(), KEY)
    return packed(members)


def test_a_manifest_that_was_written_anew_with_the_key_still_verifies() -> None:
    assert both(manifest_with(lambda _: None)) == ("verified", None)


@pytest.mark.parametrize("key", ["_type", "predicateType", "predicate", "subject"])
def test_a_manifest_that_lacks_something_makes_the_kit_unusable(key: str) -> None:
    def lose(told: dict[str, object]) -> None:
        del told[key]

    assert both(manifest_with(lose)) == ("unusable", "bad_manifest")


def test_a_manifest_with_a_key_that_is_not_its_fingerprint_is_none() -> None:
    def change(told: dict[str, object]) -> None:
        keys = told["predicate"]["keys"]  # type: ignore[index]
        keys[0]["fingerprint"] = OTHER.fingerprint

    assert both(manifest_with(change)) == ("unusable", "bad_manifest")


NO_MANIFESTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "a site that is no text": lambda told: told.update(site=5),
    "a site that is half a character": lambda told: told.update(site="\ud800"),
    "a site that moves the cursor": lambda told: told.update(
        site="\x1b[1A\x1b[2Kverified: all holds"
    ),
    "a site of two lines": lambda told: told.update(site="clinic-a\nverified: all holds"),
    "a time that is none": lambda told: told.update(made_at=None),
    "a time of two lines": lambda told: told.update(made_at="now\nverified: all holds"),
    "purged that are no list": lambda told: told.update(purged={}),
    "a log whose number is none": lambda told: told["logs"][0].update(number=True),
    "a log whose number is a text": lambda told: told["logs"][0].update(number="1"),
    "a log without a name": lambda told: told["logs"].append({"number": 2, "origin": 5}),
}


@pytest.mark.parametrize("case", NO_MANIFESTS)
def test_a_manifest_that_says_what_no_site_says_makes_the_kit_unusable(case: str) -> None:
    kit = manifest_with(lambda told: NO_MANIFESTS[case](told["predicate"]))  # type: ignore[arg-type]
    assert both(kit) == ("unusable", "bad_manifest")


def test_a_head_over_nothing_proves_nothing() -> None:
    site = anchored_site()
    site.heads[0] = (
        Checkpoint(site.origin, 0, hashlib.sha256(b"").digest())
        .signed(NoteSigner(site.origin, KEY.private))
        .spelled()
    )
    parts = site.parts(6)
    heads = tuple(attrs.evolve(each, grew=(bytes(32),)) for each in parts.heads[1:])
    assert again(attrs.evolve(parts, heads=(parts.heads[0], *heads))) == (
        "mismatch",
        "not_consistent",
    )


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\3\4", b"PK\5\6" + bytes(18), b"\0" * 99])
def test_what_is_no_kit_is_unusable(data: bytes) -> None:
    assert both(data)[0] == "unusable"


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200))
def test_noise_is_unusable(data: bytes) -> None:
    assert both(b"PK\3\4" + data)[0] in ("unusable", "mismatch")


def test_the_program_in_the_kit_is_one_that_can_be_read() -> None:
    text = (unpacked(SOUND) or {})[names.SCRIPT].decode()
    assert text == Path(verify_kit.__file__).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    imported = {
        line.split()[1].partition(".")[0]
        for line in text.splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imported - sys.stdlib_module_names == {"cryptography"}
