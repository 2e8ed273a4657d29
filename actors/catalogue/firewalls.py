"""Which firewalls filter what comes in after the next boot, by the files of a host."""

import re
from typing import Final

from actors.catalogue.drop_ins import CAP_BYTES, read_drop_ins
from actors.catalogue.target import Target

_NFT_RULES: Final = ("/etc/nftables.conf", "/etc/sysconfig/nftables.conf",
                     "/etc/nftables.d/*", "/etc/nftables/*.nft")  # fmt: skip
_SAVED_RULES: Final = ("/etc/iptables/rules.v4", "/etc/sysconfig/iptables")
_WANTS: Final = tuple(
    f"/etc/systemd/system/{stage}.target.wants"
    for stage in ("sysinit", "basic", "network-pre", "multi-user")
)
_COMMENT = re.compile(r"#.*")
_HOOKS_INPUT = re.compile(r"\bhook\s+input\b")
_FILTERS = re.compile(r"\b(?:drop|reject)\b")
_UFW_ON = re.compile(r"""^[^\S\n]*ENABLED=["']?yes["']?[^\S\n]*$""", re.MULTILINE | re.IGNORECASE)
_INPUT_CHAIN = re.compile(
    r"^:INPUT (?:DROP|REJECT)\b|^-A INPUT .*-j (?:DROP|REJECT)\b", re.MULTILINE
)


async def firewalls_at_boot(target: Target) -> tuple[str, ...]:
    """Name those that are enabled and have rules by which something is turned away.

    nftables without a chain on `hook input` that drops or rejects is no firewall.  firewalld always
    turns away what no zone lets in; which zones let in everything is not looked at.
    """
    found: list[str] = []
    if await _starts(target, "firewalld"):
        found.append("firewalld")
    if await _starts(target, "nftables") and await _nft_filters(target):
        found.append("nftables")
    if await _starts(target, "netfilter-persistent", "iptables") and await _saved_filters(target):
        found.append("iptables")
    if _UFW_ON.search(await target.read_text("/etc/ufw/ufw.conf", CAP_BYTES) or ""):
        found.append("ufw")
    return tuple(found)


async def _starts(target: Target, *units: str) -> bool:
    """Say whether a target of systemd wants one of the units; its link may lead anywhere."""
    for folder in _WANTS:
        for unit in units:
            if await target.glob(f"{folder}/{unit}.service"):
                return True
    return False


async def _nft_filters(target: Target) -> bool:
    text = "\n".join(text for _, text in await read_drop_ins(target, _NFT_RULES))
    rules = _COMMENT.sub("", text)
    return bool(_HOOKS_INPUT.search(rules) and _FILTERS.search(rules))


async def _saved_filters(target: Target) -> bool:
    text = "\n".join(text for _, text in await read_drop_ins(target, _SAVED_RULES))
    return bool(_INPUT_CHAIN.search(text))
