"""The page that goes into each kit: what is in it, and how to check it without us."""

from actors.evidence_log.kit.parts import KitParts

_PAGE = """\
Evidence of site {site}
Made at {made_at} by Aright {version}.  Selection: {selection}.
{count} statements{purged}{waiting}{left_out}.

WHAT IS HERE
  manifest.dsse.json              what belongs to this kit, signed by the site
  statements/LOG/LEAF.dsse.json   a signed statement: one thing that happened
  statements/LOG/LEAF.tlog-proof  that it stands in the site's log, up to a signed head
  logs/LOG/SIZE.checkpoint        that head
  logs/LOG/SIZE.checkpoint.ots    its anchor in Bitcoin, or a calendar's promise of one
  logs/LOG/OLD-NEW.consistency.json   that the log only grew between two heads
  headers.json                    the Bitcoin headers that the anchors lead to
  verify.py                       a verifier of 300 lines, to be read before it is run

HOW TO CHECK IT
You need the fingerprint of the site's key, from the site and not from this file:
  its manifest is signed by   {fingerprint}
With Python 3.11 or newer and the package `cryptography`, and without a network:
  python verify.py KIT.zip --key FINGERPRINT
or, where Aright is installed:
  aright evidence verify KIT.zip --key FINGERPRINT

  0   verified     every statement is signed, logged and, where the site anchors, anchored
  6   mismatch     something in the kit is not what was signed, logged or anchored
  1   unusable     this is no kit
  11  pending      all holds so far; an anchor is still on its way
  12  unchecked    all holds so far; the key, or a Bitcoin header, was not at hand

A verifier that came with what it verifies proves little to those who did not read it.  So each
piece is in a form that other people's tools check:
  statements   DSSE envelopes with in-toto statements: any DSSE verifier, such as securesystemslib
  proofs       C2SP tlog-proof, tlog-checkpoint and signed notes: any verifier of those
  anchors      OpenTimestamps: `ots verify logs/LOG/SIZE.checkpoint.ots`
  headers      any Bitcoin node or block explorer: compare the hash of the block

A purged statement is one whose content is no more kept; its place in the log stays.  A kit holds
what its selection names and leaves out the rest: ask for a wider one to see what stands beside it.
"""


def readme(parts: KitParts, fingerprint: str) -> str:
    """Write the page."""
    purged, waiting, left_out = len(parts.purged), parts.waiting, parts.left_out
    asked = ", ".join(f"{name} {value}" for name, value in sorted(parts.selection.items()))
    return _PAGE.format(
        site=parts.site,
        made_at=parts.made_at,
        version=parts.version,
        selection=asked,
        count=len(parts.statements),
        purged=f"; {purged} more were purged after retention" if purged else "",
        waiting=f"; {waiting} more wait for the next head" if waiting else "",
        left_out=f"; {left_out} more are of another key or site name" if left_out else "",
        fingerprint=fingerprint,
    )
