"""What must stay as it is: the names that machines give, whatever they look like."""

import ipaddress
import re
from typing import Final

from runtime.scrub.patterns import compiled

_KEPT: Final = compiled(
    r"[{(]?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}[)}]?"  # GUID
    r"|(?:sha\d{1,3}|md5)?[:=]?(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}"
    r"|[0-9a-f]{96}|[0-9a-f]{128})"
    r"|s-1(?:-\d{1,10}){2,15}"  # SID
    r"|(?:[0-9a-f]{2}[:\-]){5,7}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}"  # MAC
    r"|kb\d{6,8}|cve-\d{4}-\d{4,7}|cwe-\d{1,5}|ghsa(?:-\w{4}){3}|rfc ?\d{3,5}"
    r"|v?\d{1,5}(?:\.\d{1,6}){2,4}(?:[-+~][a-z0-9.\-+~]{1,30})?|v\d+(?:\.\d+)+"  # versions
    r"|\d(?:\.\d{1,10}){3,15}|\d{1,5}/(?:tcp|udp|sctp)"  # object ids, ports
    r"|\d{1,5}\.\d{1,5}|0x[0-9a-f]{1,16}"
    r"|\d{3}\.\d{3}(?:\([a-z0-9]{1,3}\)){1,4}",  # controls
    re.IGNORECASE,
)


_HASHES: Final = frozenset({32, 40, 56, 64, 96, 128})
"""Figures of a hash."""


def must_stay(token: str) -> bool:
    """Say whether a token has the form of something of a machine's."""
    if token.isdigit():
        return len(token) in _HASHES
    return _KEPT.fullmatch(token) is not None


_OF_PREMISES: Final = ("10.", "192.168.", "127.", "169.254.")
"""What most addresses begin with; to read one takes thirty times as long."""


def is_public(address: str) -> bool:
    """Say whether an address is one of the world's, and of no premises alone."""
    if address.startswith(_OF_PREMISES):
        return False
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if any(parsed in net for net in _DOCUMENTATION if net.version == parsed.version):
        return True
    return parsed.is_global and not parsed.is_multicast


def is_private(address: str) -> bool:
    """Say whether an address is of some premises: RFC 1918, or the like of version 6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in net for net in _PRIVATE if net.version == parsed.version)


_DOCUMENTATION: Final = tuple(
    ipaddress.ip_network(net)
    for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)
"""What examples are written with, and so is the text of whoever tries a scrubber."""
_PRIVATE: Final = tuple(
    ipaddress.ip_network(net)
    for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10")
)
