"""Signed notes, checkpoints and proof texts: their one spelling, and whom they can be believed."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings, strategies as st

from actors.evidence_log import (
    Checkpoint,
    KeyKind,
    Note,
    NoteKey,
    NoteSigner,
    ProofText,
    SignatureError,
    open_checkpoint,
)
from runtime.errors import EvidenceFormatError
from tests.actors.evidence_log.trees import MemoryLog

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = """\
If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
""".encode()  # noqa: E501
"""Key and note of the tests of golang.org/x/mod/sumdb/note (BSD-3-Clause)."""


def signer(name: str, seed: int) -> NoteSigner:
    return NoteSigner(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


SITE = signer("aright.example/clinic-a", 1)
WITNESS = signer("witness.example/w1", 2)
LOG = MemoryLog.of(300)
HEAD = Checkpoint(SITE.name, 300, LOG.root(300))
SIGNED = HEAD.signed(SITE)


def test_a_note_that_other_programs_sign_is_read_and_holds() -> None:
    key, note = NoteKey.parse(PETER), Note.parse(NOTE)

    assert note.spelled() == NOTE
    assert key.spelled() == PETER
    assert [each.key for each in note.signed_by([key])] == [key]


@pytest.mark.parametrize(
    "key",
    [
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("c74f20a3", "C74F20A3"),
        PETER.replace("Peter", "Peter "),
        PETER.replace("+ARpc", "+ERpc"),
        PETER[:-4],
        PETER[:-1] + "X",
        PETER.rpartition("+")[0],
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "",
    ],
)
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(EvidenceFormatError):
        NoteKey.parse(key)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\nno signature\n",
        NOTE[:-1],
        NOTE.replace(b"\n\n", b"\n"),
        NOTE.replace(b"problem,", b"problem,\r"),
        NOTE.replace(b"problem,", b"problem\xff"),
        NOTE.replace(b"M=\n", b"N=\n"),
        NOTE.replace("— Peter".encode(), b"- Peter"),
        NOTE.replace(b"Neumann x0", b"Neumann  x0"),
        NOTE.replace(b"Neumann x0", b"Neu+mann x0"),
        NOTE + b"\n",
        b"x" * (1 << 20) + NOTE,
        NOTE + NOTE.rpartition(b"\n\n")[2] * 64,
    ],
)
def test_what_is_no_signed_note_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceFormatError):
        Note.parse(data)


def test_a_signature_by_an_unknown_key_is_ignored_and_one_by_a_known_key_must_hold() -> None:
    other = signer("other.example", 3)
    both = SIGNED.beside(other.sign(HEAD.text + "not this text\n"))

    assert [each.key for each in both.signed_by([SITE.key()])] == [SITE.key()]
    with pytest.raises(SignatureError, match=r"other\.example does not hold"):
        both.signed_by([SITE.key(), other.key()])


def test_a_second_line_by_a_known_key_must_hold_as_well() -> None:
    twice = SIGNED.beside(SITE.sign("another text\n"))
    with pytest.raises(SignatureError, match="does not hold"):
        twice.signed_by([SITE.key()])


def test_a_checkpoint_is_believed_when_its_log_signed_it() -> None:
    opened = open_checkpoint(SIGNED.spelled(), [SITE.key()])

    assert opened.checkpoint == HEAD
    assert opened.witnesses == ()
    assert opened.note.spelled() == SIGNED.spelled()


def test_a_checkpoint_that_only_witnesses_signed_is_not_believed() -> None:
    seen = Note(HEAD.text, (WITNESS.cosign(HEAD.text, 1_700_000_000),))
    with pytest.raises(SignatureError, match="no known key of"):
        open_checkpoint(seen.spelled(), [SITE.key()], [WITNESS.key(KeyKind.WITNESS)])


def test_a_witness_says_when_it_saw_the_checkpoint() -> None:
    seen = SIGNED.beside(WITNESS.cosign(HEAD.text, 1_700_000_000))

    opened = open_checkpoint(seen.spelled(), [SITE.key()], [WITNESS.key(KeyKind.WITNESS)])

    assert opened.witnesses == ((WITNESS.name, 1_700_000_000),)


def test_a_witness_can_not_be_made_to_have_seen_it_earlier() -> None:
    line = WITNESS.cosign(HEAD.text, 1_700_000_000)
    earlier = type(line)(line.name, line.key_id, (1).to_bytes(8) + line.value[8:])
    with pytest.raises(SignatureError):
        SIGNED.beside(earlier).signed_by([WITNESS.key(KeyKind.WITNESS)])


@pytest.mark.parametrize(
    "text",
    [
        "log\n3\n",
        "log\n03\n" + "A" * 43 + "=\n",
        "log\n-3\n" + "A" * 43 + "=\n",
        "log\n+3\n" + "A" * 43 + "=\n",
        "log\n3 \n" + "A" * 43 + "=\n",
        "log\n\u0663\n" + "A" * 43 + "=\n",
        "log\n18446744073709551616\n" + "A" * 43 + "=\n",
        "log\n" + "9" * 5000 + "\n" + "A" * 43 + "=\n",
        "\n3\n" + "A" * 43 + "=\n",
        "log\n3\n" + "A" * 42 + "B=\n",
        "log\n3\nAAAA\n",
        "log\n3\n" + "A" * 43 + "=\n\nmore\n",
        "log\n3\n" + "A" * 43 + "=",
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(EvidenceFormatError):
        Checkpoint.parse(text)


def test_lines_that_others_add_to_a_checkpoint_stay() -> None:
    text = HEAD.text + "more\nand more\n"
    assert Checkpoint.parse(text).text == text


@settings(deadline=None)
@given(index=st.integers(0, 299), extra=st.none() | st.binary(max_size=40))
def test_a_proof_text_is_spelled_as_it_was_read_and_proves_its_leaf(
    index: int, extra: bytes | None
) -> None:
    text = ProofText(index, tuple(LOG.inclusion(index, 300)), SIGNED.spelled(), extra)

    read = ProofText.parse(text.spelled())

    assert read == text
    assert read.proves(LOG.leaf(index), HEAD)
    assert not read.proves(LOG.leaf((index + 1) % 300), HEAD)


PROOF = ProofText(7, tuple(LOG.inclusion(7, 300)), SIGNED.spelled()).spelled()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        PROOF.replace(b"@v1", b"@v2"),
        PROOF.replace(b"index 7", b"index 07"),
        PROOF.replace(b"index 7", b"extra AB==\nindex 7"),
        PROOF.replace(b"index 7\n", b""),
        PROOF.replace(b"index 7\n", b"index 7\nAAAA\n"),
        PROOF.replace(b"index 7\n", b"index 7\n\n"),
        PROOF.replace(b"index 7", b"index 7 "),
        PROOF.partition(b"\n\n")[0] + b"\n\n",
    ],
)
def test_what_is_no_proof_text_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceFormatError):
        Checkpoint.parse(Note.parse(ProofText.parse(data).checkpoint).text)


@settings(deadline=None)
@given(at=st.integers(0, len(PROOF) - 1), bit=st.integers(0, 7))
def test_a_proof_text_with_a_flipped_bit_is_never_believed(at: int, bit: int) -> None:
    flipped = bytearray(PROOF)
    flipped[at] ^= 1 << bit
    assert not believed(bytes(flipped))


def believed(data: bytes) -> bool:
    try:
        read = ProofText.parse(data)
        head = open_checkpoint(read.checkpoint, [SITE.key()]).checkpoint
    except (EvidenceFormatError, SignatureError):
        return False
    return read.proves(LOG.leaf(7), head)


def test_a_proof_text_as_it_was_made_is_believed() -> None:
    assert believed(PROOF)
