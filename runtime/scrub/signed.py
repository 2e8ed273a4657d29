"""What was scrubbed once is not scrubbed again, if it was signed to be so.

To scrub a signed body a second time would alter it, and break the signature over it.  So the flag
`pre_scrubbed` stands under the signature, with the version of the scrubber and the body itself.
"""

from collections.abc import Callable
from typing import Final

from runtime.scrub.scrubbed import SEAL, Scrubbed, ScrubError

VERSION: Final = 1
"""Of the scrubber; raised when it learns to find what it left before."""

Sign = Callable[[bytes], bytes]
Verify = Callable[[bytes, bytes], bool]
"""Whether a signature, the first, is of some bytes."""


def signed_scrubbed(content: Scrubbed, sign: Sign) -> bytes:
    """Sign that `content` was scrubbed, by this version."""
    return sign(_told(VERSION, content.body))


def pre_scrubbed(body: bytes, version: int, signature: bytes, verify: Verify) -> Scrubbed:
    """Take bytes as scrubbed on the word of who signed that they are.

    Raises:
        ScrubError: the signature does not cover flag, version and body, or the version is another
            than this scrubber's: older ones left what this one finds.
    """
    if version != VERSION or not verify(signature, _told(version, body)):
        raise ScrubError("bytes that nobody signed as scrubbed were to leave as such")
    try:
        return Scrubbed(body.decode(), SEAL)
    except UnicodeDecodeError:
        raise ScrubError("bytes that are no text were to leave as scrubbed") from None


def _told(version: int, body: bytes) -> bytes:
    # The length first: no other body and version spell the same bytes.
    return b"aright pre_scrubbed v%d %d\n%b" % (version, len(body), body)
