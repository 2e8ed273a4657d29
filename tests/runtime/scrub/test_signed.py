"""`pre_scrubbed` counts under a signature alone, and signed bytes are never altered."""

import hashlib
import hmac

import pytest

from runtime.scrub import Scrubber, ScrubError, pre_scrubbed, signed_scrubbed
from runtime.scrub.signed import VERSION

CLEAN = Scrubber(b"the key of the tests").text("offset 0.000123456 s, SSN 401-22-7730")


def sign(told: bytes) -> bytes:
    return hmac.digest(b"key", told, hashlib.sha256)


def verify(signature: bytes, told: bytes) -> bool:
    return hmac.compare_digest(signature, sign(told))


def test_signed_bytes_leave_as_they_are() -> None:
    signature = signed_scrubbed(CLEAN, sign)

    assert pre_scrubbed(CLEAN.body, VERSION, signature, verify).body == CLEAN.body


def test_a_signature_over_the_body_alone_is_not_enough() -> None:
    with pytest.raises(ScrubError):
        pre_scrubbed(CLEAN.body, VERSION, sign(CLEAN.body), verify)


@pytest.mark.parametrize(("body", "version"), [(b"SSN 401-22-7730", VERSION), (CLEAN.body, 0)])
def test_another_body_or_version_is_refused(body: bytes, version: int) -> None:
    with pytest.raises(ScrubError):
        pre_scrubbed(body, version, signed_scrubbed(CLEAN, sign), verify)


def test_bytes_that_are_no_text_are_refused_though_signed() -> None:
    told = b"aright pre_scrubbed v%d 1\n\xff" % VERSION

    with pytest.raises(ScrubError):
        pre_scrubbed(b"\xff", VERSION, sign(told), verify)
