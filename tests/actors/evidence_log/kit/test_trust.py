"""Whose word counts: fingerprints as sites publish them, and keys that vouch for keys."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from actors.evidence_log import NoteKey
from actors.evidence_log.kit.trust import fingerprint_in, vouched
from runtime.errors import EvidenceFormatError
from tests.actors.evidence_log.kit.kits import KEY

PEM = (
    KEY.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
)


@pytest.mark.parametrize(
    "text",
    [
        KEY.fingerprint,
        f"  {KEY.fingerprint.upper()}\n",
        f"sha256:{KEY.fingerprint}",
        ":".join(KEY.fingerprint[at : at + 2] for at in range(0, 64, 2)),
        PEM,
        base64.b64encode(KEY.public).decode(),
        NoteKey("aright/clinic-a/1", KEY.public).spelled(),
    ],
)
def test_a_key_is_known_in_each_form_in_which_it_is_published(text: str) -> None:
    assert fingerprint_in(text) == KEY.fingerprint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "0" * 63,
        "-----BEGIN nothing",
        base64.b64encode(b"short").decode(),
        generate_private_key(SECP256R1())
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(EvidenceFormatError):
        fingerprint_in(text)


def test_changes_of_keys_link_them_in_either_direction_and_over_several_steps() -> None:
    changes = [frozenset("bc"), frozenset("ab"), frozenset("xy")]
    assert vouched("a", changes) == vouched("c", changes) == frozenset("abc")
    assert vouched("x", changes) == frozenset("xy")
    assert vouched("z", changes) == frozenset("z")
