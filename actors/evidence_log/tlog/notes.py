"""Signed notes: a text, and lines that say who signed it.

Keys are Ed25519 of two kinds: a log signs the text itself, a witness signs it with an instant.
A signature by a key that nobody named is ignored, as the form demands; one by a known key that does
not hold makes the whole note untrue.

Source: C2SP signed-note and tlog-cosignature (cosignature/v1).
"""

import enum
import hashlib
from collections.abc import Iterable
from typing import Final

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from actors.evidence_log.tlog import base64
from runtime.errors import ArightError, EvidenceFormatError

_MOST_BYTES: Final = 1 << 20
_MOST_SIGNATURES: Final = 64
_DASH: Final = "\u2014 "
_KEY_ID: Final = 4
_INSTANT: Final = 8
_LATEST: Final = 2**63 - 1
_SIGNATURE: Final = 64


class SignatureError(ArightError):
    """A note that is not signed as it must be: nothing in its text is believed."""


class KeyKind(enum.IntEnum):
    """What a key signs; the number is the signature type of the note's form."""

    LOG = 0x01
    """The text."""
    WITNESS = 0x04
    """The text and when it was seen."""


@attrs.frozen
class NoteKey:
    """A public key with the name under which it signs."""

    name: str
    public: bytes = attrs.field(repr=lambda value: value.hex())
    kind: KeyKind = KeyKind.LOG

    @property
    def key_id(self) -> bytes:
        """Four bytes that pick this key among others; no proof of anything."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(named).digest()[:_KEY_ID]

    @classmethod
    def parse(cls, text: str) -> "NoteKey":
        """Read a key as logs publish theirs: `name+id+base64`.

        Raises:
            EvidenceFormatError: it is none, or of a kind that is not known here.
        """
        name, *rest = text.strip().split("+", 2)
        if len(rest) != 2:  # noqa: PLR2004  name, id, key
            raise EvidenceFormatError("bad_key", "a key is spelled name+id+base64")
        material = base64.read(rest[1], "the key's material")
        kinds = {kind.value: kind for kind in KeyKind}
        if len(material) != 1 + 32 or material[0] not in kinds:
            raise EvidenceFormatError("unknown_key_kind", "the key is not an Ed25519 key of a note")
        key = cls(_checked_name(name), material[1:], kinds[material[0]])
        if rest[0] != key.key_id.hex():
            raise EvidenceFormatError("bad_key", "the key's id is not the one its material gives")
        return key

    def spelled(self) -> str:
        """Spell it as logs publish theirs."""
        material = base64.spelled(bytes([self.kind]) + self.public)
        return f"{self.name}+{self.key_id.hex()}+{material}"


@attrs.frozen
class NoteSignature:
    """One line below a note."""

    name: str
    key_id: bytes
    value: bytes

    @classmethod
    def parse(cls, line: str) -> "NoteSignature":
        """Read the line without its newline.

        Raises:
            EvidenceFormatError: it is none.
        """
        name, space, value = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space:
            raise EvidenceFormatError("bad_signature_line", "a line below the note is no signature")
        raw = base64.read(value, "a signature")
        if len(raw) <= _KEY_ID:
            raise EvidenceFormatError("bad_signature_line", "a signature below the note is empty")
        return cls(_checked_name(name), raw[:_KEY_ID], raw[_KEY_ID:])

    def spelled(self) -> str:
        """Spell the line with its newline."""
        return f"{_DASH}{self.name} {base64.spelled(self.key_id + self.value)}\n"


@attrs.frozen
class Signed:
    """A signature that holds."""

    key: NoteKey
    at: int | None
    """Seconds since 1970 at which a witness saw it; a log does not say."""


@attrs.frozen
class Note:
    """A text that ends with a newline, and its signatures in their order."""

    text: str
    signatures: tuple[NoteSignature, ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> "Note":
        """Take a note apart; that says nothing yet of its signatures.

        Raises:
            EvidenceFormatError: it is no signed note.
        """
        if len(data) > _MOST_BYTES:
            raise EvidenceFormatError("note_too_large", "a note has at most a mebibyte")
        try:
            whole = data.decode()
        except UnicodeDecodeError as error:
            raise EvidenceFormatError("bad_note", "the note is not UTF-8") from error
        if any(sign < " " and sign != "\n" for sign in whole):
            raise EvidenceFormatError("bad_note", "the note has a control character")
        text, blank, below = whole.rpartition("\n\n")
        lines = below.split("\n")
        if not blank or lines.pop() or not lines:
            raise EvidenceFormatError("bad_note", "the note has no signatures below its text")
        if len(lines) > _MOST_SIGNATURES:
            raise EvidenceFormatError("note_too_large", f"over {_MOST_SIGNATURES} signatures")
        return cls(text + "\n", tuple(NoteSignature.parse(line) for line in lines))

    def spelled(self) -> bytes:
        """Spell text and signatures."""
        return (self.text + "\n" + "".join(each.spelled() for each in self.signatures)).encode()

    def signed_by(self, keys: Iterable[NoteKey]) -> list[Signed]:
        """Give the signatures that hold, each once, in the note's order.

        Raises:
            SignatureError: a signature by one of `keys` does not hold.
        """
        known = {(key.name, key.key_id): key for key in keys}
        found = dict[NoteKey, Signed]()
        for line in self.signatures:
            key = known.get((line.name, line.key_id))
            if key is not None:
                signed = Signed(key, _verified(self.text, line, key))
                found.setdefault(key, signed)
        return list(found.values())

    def beside(self, signature: NoteSignature) -> "Note":
        """Add a signature below the others."""
        return Note(self.text, (*self.signatures, signature))


@attrs.frozen
class NoteSigner:
    """A private key with the name under which it signs."""

    name: str
    private: Ed25519PrivateKey = attrs.field(repr=False)

    def key(self, kind: KeyKind = KeyKind.LOG) -> NoteKey:
        """Give the public half."""
        return NoteKey(self.name, self.private.public_key().public_bytes_raw(), kind)

    def sign(self, text: str) -> NoteSignature:
        """Sign a note's text as its log."""
        return NoteSignature(self.name, self.key().key_id, self.private.sign(text.encode()))

    def cosign(self, text: str, at: int) -> NoteSignature:
        """Sign a checkpoint's text as a witness that saw it at `at`, seconds since 1970."""
        signature = self.private.sign(_seen(text, at))
        key_id = self.key(KeyKind.WITNESS).key_id
        return NoteSignature(self.name, key_id, at.to_bytes(_INSTANT) + signature)


def _verified(text: str, line: NoteSignature, key: NoteKey) -> int | None:
    at, message, signature = None, text.encode(), line.value
    if key.kind is KeyKind.WITNESS:
        at, signature = int.from_bytes(line.value[:_INSTANT]), line.value[_INSTANT:]
        message = _seen(text, at)
    if len(signature) != _SIGNATURE or (at is not None and at > _LATEST):
        raise SignatureError(f"the signature by {key.name} is not of the length of its kind")
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except InvalidSignature as error:
        raise SignatureError(f"the signature by {key.name} does not hold") from error
    return at


def _seen(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _checked_name(name: str) -> str:
    if not name or "+" in name or any(sign.isspace() for sign in name):
        raise EvidenceFormatError("bad_key_name", "a key's name is empty, or has a space or a plus")
    return name
