"""OpenTimestamps proofs: read, judged fit to be kept, and written, by the library behind guards.

Everything that is known of the format, and every number in it, is read by `opentimestamps`.  What
stands here holds that library to limits of time and size, turns all its errors into one, and gives
what it read in types of ours.  No other module knows it.
"""

# The library has no type annotations.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false

import hashlib
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import TypeVar, cast

import attrs
from Cryptodome.Hash import RIPEMD160
from opentimestamps.core.dubious.notary import EthereumBlockHeaderAttestation
from opentimestamps.core.notary import (
    BitcoinBlockHeaderAttestation,
    LitecoinBlockHeaderAttestation,
    PendingAttestation,
    TimeAttestation,
)
from opentimestamps.core.op import OpRIPEMD160
from opentimestamps.core.serialize import (
    BadMagicError,
    BytesDeserializationContext,
    BytesSerializationContext,
    DeserializationError,
    RecursionLimitError,
    TrailingGarbageError,
    TruncationError,
    UnsupportedMajorVersion,
)
from opentimestamps.core.timestamp import DetachedTimestampFile, Timestamp
from typing_extensions import override

from runtime.errors import ArightError

MAX_PROOF = 64 * 1024
"""Bytes of a proof; real ones have 175 to 3,812."""

MAX_HEIGHT = 10_000_000
"""Of a Bitcoin block: a century and a half away.  The library would take 57,000 bits."""

_MAX_OPERATIONS = 2048
"""Real proofs have some hundred; in 64 KiB are 60,000, which take the library two seconds."""

_MAX_VARUINT = 10  # bytes of a 64-bit number; the library's time is quadratic in them

_PAYLOADS = {
    BitcoinBlockHeaderAttestation.TAG: (4, "bad_height"),  # bytes of the largest height
    LitecoinBlockHeaderAttestation.TAG: (_MAX_VARUINT, "bad_height"),
    EthereumBlockHeaderAttestation.TAG: (_MAX_VARUINT, "bad_height"),
    PendingAttestation.TAG: (2 + PendingAttestation.MAX_URI_LENGTH, "bad_uri"),
}
"""How many bytes follow at most, and what is wrong with more; the library takes 8,192."""

_ENDED = b"\xff\x00"  # what introduces an attestation, or another branch: no operation

T = TypeVar("T")


class ProofError(ArightError):
    """A proof that is not to be relied on; `reason` is a code in snake_case."""

    def __init__(self, reason: str, problem: str) -> None:
        super().__init__(f"{reason}: {problem}")
        self.reason, self.problem = reason, problem


class Kind(StrEnum):
    """What an attestation is, to us."""

    BITCOIN = "bitcoin"
    PENDING = "pending"
    UNKNOWN = "unknown"
    """Kept byte for byte, and believed in nothing; Litecoin and Ethereum are of these."""


@attrs.frozen
class Attestation:
    """Somebody's word that a message was there at some time."""

    kind: Kind
    message: bytes
    """At which the operations arrived: for Bitcoin the Merkle root of a block, as its header has
    it."""
    height: int | None = None
    """Of the Bitcoin block."""
    uri: str | None = None
    """Of the calendar that will know more later.  Whoever wrote the proof chose it."""


@attrs.frozen
class Proof:
    """What a proof says, after it was read and found fit to be kept."""

    digest: bytes
    """Of the file that was stamped."""
    attestations: tuple[Attestation, ...]
    data: bytes = attrs.field(repr=False)
    """The proof itself."""


class _Guarded(BytesDeserializationContext):  # type: ignore[misc]  # it is untyped
    """Reads as the library does, and stops where a real proof has long ended."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._operations = 0
        self._digits: int | None = None
        self._tag = b""

    @override
    def fd_read(self, l: int) -> bytes:  # noqa: E741  the library's name
        if self._digits is not None:
            self._digits += 1
            if self._digits > _MAX_VARUINT:
                raise ProofError("bad_number", f"a number of more than {_MAX_VARUINT} bytes")
        return cast("bytes", super().fd_read(l))

    @override
    def read_varuint(self) -> int:
        self._digits = 0
        try:
            return cast("int", super().read_varuint())
        finally:
            self._digits = None

    @override
    def read_bytes(self, expected_length: int | None = None) -> bytes:
        read = cast("bytes", super().read_bytes(expected_length))
        self._tag = read
        if len(read) == 1 and read not in _ENDED:
            self._operations += 1
            if self._operations > _MAX_OPERATIONS:
                raise ProofError("too_many_operations", f"more than {_MAX_OPERATIONS} operations")
        return read

    @override
    def read_varbytes(self, max_len: int, min_len: int = 0) -> bytes:
        most, reason = _PAYLOADS.get(self._tag, (max_len, "bad_length"))
        try:
            return cast("bytes", super().read_varbytes(min(max_len, most), min_len))
        except TruncationError:
            raise
        except DeserializationError as error:
            raise ProofError(reason, str(error)) from error


def read_proof(data: bytes) -> Proof:
    """Read a proof, on a stack of its own.

    Raises:
        ProofError: it is none, or it is not written as the library would write it again.
    """
    return _on_a_fresh_stack(lambda: _proof(data))


def _proof(data: bytes) -> Proof:
    if len(data) > MAX_PROOF:
        raise ProofError("too_large", f"more than {MAX_PROOF} bytes")
    file = _guarded(lambda: DetachedTimestampFile.deserialize(_Guarded(data)))
    written = BytesSerializationContext()
    _guarded(lambda: file.serialize(written))
    if written.getbytes() != data:
        # The library keeps one of two branches that begin with the same operation, so that an
        # attestation would disappear; and it takes a number in more bytes than it needs.
        raise ProofError("not_canonical", "written again it has other bytes")
    return Proof(file.file_digest, tuple(_attestations(file.timestamp)), data)


def _attestations(timestamp: Timestamp) -> Iterator[Attestation]:
    """Give them in the order of the file."""
    waiting = [timestamp]
    while waiting:
        stamp = waiting.pop()
        for each in sorted(stamp.attestations):
            yield _attestation(stamp.msg, each)
        waiting += [after for _, after in sorted(stamp.ops.items(), reverse=True)]


def _attestation(message: bytes, attestation: TimeAttestation) -> Attestation:
    match attestation:
        case BitcoinBlockHeaderAttestation():
            if attestation.height > MAX_HEIGHT:
                raise ProofError("bad_height", f"a block higher than {MAX_HEIGHT}")
            return Attestation(Kind.BITCOIN, message, height=attestation.height)
        case PendingAttestation():
            return Attestation(Kind.PENDING, message, uri=attestation.uri)
        case _:
            return Attestation(Kind.UNKNOWN, message)


_REASONS = (
    (BadMagicError, "bad_magic"),
    (UnsupportedMajorVersion, "unsupported_version"),
    (TruncationError, "truncated"),
    (TrailingGarbageError, "trailing_bytes"),
    (RecursionLimitError, "too_deep"),
    (RecursionError, "too_deep"),
)

_BEGINNINGS = (
    ("Unknown", "unknown_operation"),
    ("Invalid URI", "bad_uri"),
    ("Invalid timestamp", "bad_operation"),
)
"""What the library tells by its words alone."""


def _guarded(work: Callable[[], T]) -> T:
    """Do what may fail in the library; raises nothing but ProofError."""
    try:
        return work()
    except (
        DeserializationError,
        RecursionError,
        ValueError,
        TypeError,
        AssertionError,
    ) as error:
        raise ProofError(_reason(error), str(error)[:200]) from error


def _reason(error: Exception) -> str:
    for kind, code in _REASONS:
        if isinstance(error, kind):
            return code
    for beginning, code in _BEGINNINGS:
        if str(error).startswith(beginning):
            return code
    return "malformed"


def _on_a_fresh_stack(work: Callable[[], T]) -> T:
    # The library descends up to 256 operations deep, and the caller may stand deep already.
    with ThreadPoolExecutor(max_workers=1) as fresh:
        return fresh.submit(work).result()


def mend_ripemd160() -> None:
    """Hash by Cryptodome where OpenSSL has no RIPEMD-160: most Bitcoin proofs use it."""
    known = bytes.fromhex("8eb208f7e05d987a9b044a8e98c6b087f15a0bfc")  # of b"abc", by its authors

    def hashed(self: OpRIPEMD160, msg: bytes) -> bytes:  # noqa: ARG001  called as a method
        return RIPEMD160.new(msg).digest()

    try:
        sound = hashlib.new("ripemd160", b"abc").digest() == known
    except ValueError:
        sound = False
    if not sound:
        # The library has no other place for it.
        OpRIPEMD160._do_op_call = hashed  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    if OpRIPEMD160()(b"abc") != known:
        raise ProofError("no_ripemd160", "this machine cannot compute RIPEMD-160")


# The library warns of an operation that it may drop one day.  A proof that has it is none of ours,
# and under -W error it would not be judged.
warnings.filterwarnings("ignore", "OpReverse", PendingDeprecationWarning)
mend_ripemd160()
