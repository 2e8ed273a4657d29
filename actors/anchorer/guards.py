"""The guards around the library of proofs: limits of time and size, and one error for its many.

The library has no type annotations; `guards`, `proof`, `stamps` and `tree` alone know it.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false

import hashlib
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

from Cryptodome.Hash import RIPEMD160
from opentimestamps.core.dubious.notary import EthereumBlockHeaderAttestation
from opentimestamps.core.notary import (
    BitcoinBlockHeaderAttestation,
    LitecoinBlockHeaderAttestation,
    PendingAttestation,
)
from opentimestamps.core.op import OpRIPEMD160
from opentimestamps.core.serialize import (
    BadMagicError,
    BytesDeserializationContext,
    DeserializationError,
    RecursionLimitError,
    TrailingGarbageError,
    TruncationError,
    UnsupportedMajorVersion,
)
from typing_extensions import override

from runtime.errors import ArightError

MAX_PROOF = 64 * 1024
"""Bytes of a proof; real ones have 175 to 3,812."""

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


class Guarded(BytesDeserializationContext):  # type: ignore[misc]  # it is untyped
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


def guarded(work: Callable[[], T]) -> T:
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


def on_a_fresh_stack(work: Callable[[], T]) -> T:
    """Work in a thread: the library descends 256 operations, and the caller may stand deep."""
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
