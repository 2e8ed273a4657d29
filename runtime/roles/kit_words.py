"""What a verdict over a kit says to a person."""

from collections.abc import Iterator, Mapping

from actors.evidence_log.kit.verdict import Anchored, KitVerdict

WHY: Mapping[str, str] = {
    "not_a_kit": "the file is no kit",
    "not_canonical": "the file is not as a kit is written: it was changed",
    "bad_manifest": "the manifest cannot be read",
    "manifest_signature": "the signature of the manifest does not hold",
    "other_members": "this member is not the one that the manifest names, or is missing, or new",
    "bad_layout": "members are missing, or have names that no kit has",
    "bad_headers": "the block headers cannot be read",
    "bad_checkpoint": "the head cannot be read",
    "other_head": "the head is not the one it should be",
    "head_signature": "the signature of the head does not hold",
    "bad_growth": "the proof that the log only grew cannot be read",
    "not_consistent": "the log did not only grow between two heads",
    "bad_statement": "the statement cannot be read",
    "statement_signature": "the signature of the statement does not hold",
    "other_subject": "the statement is about something else than it contains",
    "other_site": "the statement is of another site",
    "bad_proof": "the proof cannot be read",
    "other_leaf": "the proof is for another leaf",
    "not_included": "the statement is not in the log",
    "other_key": "a key signed that the key you named does not vouch for",
    "anchor_refused": "the anchor proves nothing",
    "anchor_mismatch": "the anchor is of something else, or its block has something else",
    "no_key": "whose key signed is not checked: name its fingerprint with --key",
    "anchor_unchecked": "the header of a block is not at hand: give it with --headers",
    "anchor_pending": "all holds so far; an anchor is on its way",
}
"""Reason -> a sentence."""


def lines(verdict: KitVerdict, *, key_named: bool) -> Iterator[str]:
    """Say what was found, the outcome first."""
    reason = WHY.get(verdict.reason or "", "all holds")
    where = f"{_plain(verdict.where)}: " if verdict.where else ""
    yield f"{verdict.outcome}: {where}{reason}"
    if verdict.site is not None:
        count = f"{verdict.statements} statements" + (
            f", {verdict.purged} more purged" if verdict.purged else ""
        )
        yield f"site {verdict.site}, made {verdict.made_at}: {count}"
    if verdict.fingerprint is not None:
        named = "" if key_named else "; that this is the site's key is not checked"
        yield f"signed by {verdict.fingerprint}{named}"
    yield from map(_anchor, verdict.anchors)


def _plain(name: str) -> str:
    """Spell a member's name, which a forger may have chosen, so that it moves no cursor."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in name)


def _anchor(each: Anchored) -> str:
    begin = f"log {each.log}, head of {each.size} leaves: {each.statements} statements"
    word = each.word
    if word is None:
        return f"{begin}, not anchored"
    if word.outcome == "verified":
        return f"{begin}, in Bitcoin block {word.height} of {word.time}\n  {word.block}"
    said = {"anchored": "in a block whose header is not at hand", "pending": "anchor on its way"}
    return f"{begin}, {said.get(word.outcome, word.outcome)}"
