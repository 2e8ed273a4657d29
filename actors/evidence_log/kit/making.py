"""Making a kit: every member from its parts, and a signed manifest over them all."""

import base64
import json
from importlib.resources import files

from actors.evidence_log.envelope import Signer, spelled_envelope
from actors.evidence_log.kit import parts as names
from actors.evidence_log.kit.archive import packed
from actors.evidence_log.kit.manifest import manifest_of
from actors.evidence_log.kit.parts import KitParts
from actors.evidence_log.kit.readme import readme
from actors.evidence_log.tlog.proof_text import ProofText


def make_kit(parts: KitParts, signer: Signer) -> bytes:
    """Write the kit's file; its manifest is signed by `signer`.

    The same parts and the same key give the same bytes.

    Raises:
        KitTooLargeError: it is more than one ZIP holds.
    """
    members = members_of(parts)
    members[names.README] = readme(parts, signer.fingerprint).encode()
    members[names.SCRIPT] = script()
    payload = manifest_of(parts, members)
    signature = (signer.fingerprint, signer.sign(payload))
    members[names.MANIFEST] = spelled_envelope(payload, [signature])
    return packed(members)


def script() -> bytes:
    """Give the verifier that goes into each kit."""
    return files("actors.evidence_log.kit").joinpath("verify_kit.py").read_bytes()


def members_of(parts: KitParts) -> dict[str, bytes]:
    """Spell statements, heads, growths and headers."""
    members = {names.HEADERS: parts.headers}
    notes, last = dict[tuple[int, int], bytes](), dict[int, int]()
    for head in sorted(parts.heads, key=lambda each: (each.log, each.size)):
        name = names.head_name(head.log, head.size)
        members[name] = notes[head.log, head.size] = head.note
        if head.ots is not None:
            members[f"{name}.ots"] = head.ots
        if head.grew is not None:
            growth = names.growth_name(head.log, last[head.log], head.size)
            members[growth] = json.dumps({"consistency": list(map(_base64, head.grew))}).encode()
        last[head.log] = head.size
    for each in parts.statements:
        proof = ProofText(each.leaf, each.path, notes[each.log, each.head]).spelled()
        members[names.statement_name(each.log, each.leaf)] = each.envelope
        members[names.statement_name(each.log, each.leaf, "tlog-proof")] = proof
    return members


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
