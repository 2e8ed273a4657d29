"""`aright tlog`: checking proofs and checkpoints of any transparency log, without a server.

Works on the answers of RFC 6962 logs (JSON) and on C2SP checkpoints and `.tlog-proof` files.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import attrs
import click

from runtime.cli.exits import Exit, end, explained
from runtime.cli.output import Format, output_option, print_data
from runtime.cli.tlog_files import as_hash, document, head, keys, raw

_FILE = click.Path(path_type=Path, dir_okay=False)
_KEY = "A public key the log is known by, name+id+base64, or a file with one a line."


@click.group()
def command() -> None:
    """Check proofs and checkpoints of any transparency log, offline."""


@command.command("verify-inclusion")
@click.argument("proof", type=_FILE)
@click.option("--head", "head_file", required=True, type=_FILE, help="Checkpoint or tree head.")
@click.option("--entry", type=_FILE, help="The entry itself.")
@click.option("--leaf-hash", help="Its leaf hash, in hex or base 64.")
@output_option
def verify_inclusion(
    proof: Path, head_file: Path, entry: Path | None, leaf_hash: str | None, output: Format
) -> None:
    """Check that an entry is in a log, by an audit path as RFC 6962 logs answer it.

    PROOF is JSON with `leaf_index` and `audit_path`; the head is a checkpoint, or JSON with
    `tree_size` and `sha256_root_hash`.  Signatures are not looked at: see verify-checkpoint.
    """
    from actors.evidence_log import rfc6962, verify_inclusion

    with explained():
        leaf = _leaf(entry, leaf_hash)
        (index, path), tree = rfc6962.inclusion_in(document(proof)), head(head_file)
    valid = verify_inclusion(index=index, size=tree.size, leaf=leaf, path=path, root=tree.root)
    told = f"leaf {index} is in the tree of {tree.size} leaves"
    _tell({"index": index, "size": tree.size, "leaf": leaf.hex()}, told, output, valid=valid)


@command.command("verify-consistency")
@click.argument("proof", type=_FILE)
@click.option("--old", required=True, type=_FILE, help="The older checkpoint or tree head.")
@click.option("--new", required=True, type=_FILE, help="The newer one.")
@output_option
def verify_consistency(proof: Path, old: Path, new: Path, output: Format) -> None:
    """Check that a log only grew between two heads.

    PROOF is JSON with `consistency`, as RFC 6962 logs answer it.
    """
    from actors.evidence_log import rfc6962, verify_consistency

    with explained():
        path, before, after = rfc6962.consistency_in(document(proof)), head(old), head(new)
    valid = verify_consistency(
        old_size=before.size,
        new_size=after.size,
        old_root=before.root,
        new_root=after.root,
        path=path,
    )
    told = f"the tree of {after.size} leaves begins with that of {before.size}"
    _tell({"old_size": before.size, "new_size": after.size}, told, output, valid=valid)


@command.command("verify-checkpoint")
@click.argument("checkpoint", type=_FILE)
@click.option("--key", "log_keys", multiple=True, help=_KEY)
@click.option("--witness", "witnesses", multiple=True, help="A witness's key, likewise.")
@click.option("--witnesses", "quorum", default=0, type=click.IntRange(0), help="As many must sign.")
@output_option
def verify_checkpoint(
    checkpoint: Path,
    log_keys: tuple[str, ...],
    witnesses: tuple[str, ...],
    quorum: int,
    output: Format,
) -> None:
    """Check who signed a checkpoint.  Without a key of the log nothing is: ends with 12."""
    with explained():
        note = raw(checkpoint)
    _opened(note, log_keys, witnesses, quorum).tell(output)


@command.command("verify-proof")
@click.argument("proof", type=_FILE)
@click.option("--entry", type=_FILE, help="The entry itself.")
@click.option("--leaf-hash", help="Its leaf hash, in hex or base 64.")
@click.option("--key", "log_keys", multiple=True, help=_KEY)
@click.option("--witness", "witnesses", multiple=True, help="A witness's key, likewise.")
@click.option("--witnesses", "quorum", default=0, type=click.IntRange(0), help="As many must sign.")
@output_option
def verify_proof(  # noqa: PLR0913  one parameter an option
    *,
    proof: Path,
    entry: Path | None,
    leaf_hash: str | None,
    log_keys: tuple[str, ...],
    witnesses: tuple[str, ...],
    quorum: int,
    output: Format,
) -> None:
    """Check a .tlog-proof: that the entry is in the log, and who signed that head of it.

    Without a key of the log a path that holds is still unchecked: ends with 12.
    """
    from actors.evidence_log import Checkpoint, Note, ProofText

    with explained():
        leaf, text = _leaf(entry, leaf_hash), ProofText.parse(raw(proof))
        stated = Checkpoint.parse(Note.parse(text.checkpoint).text)
    opened = _opened(text.checkpoint, log_keys, witnesses, quorum)
    told = f"leaf {text.index} is in the log {stated.origin} of {stated.size} leaves"
    data = {**opened.data, "index": text.index, "leaf": leaf.hex()}
    if not text.proves(leaf, stated):
        _tell(data, told, output, valid=False)
    attrs.evolve(opened, data=data, says=f"{told}; {opened.says}").tell(output)


@command.command()
@click.argument("file", type=_FILE)
def vectors(file: Path) -> None:
    """Judge the vectors of a file and print one JSON line for each.

    FILE has the lists `inclusion` (leafIdx, treeSize, root, leafHash, proof) and `consistency`
    (size1, size2, root1, root2, proof), hashes in base 64.  What it expects is not read: compare.
    """
    from actors.evidence_log import rfc6962

    with explained():
        for verdict in rfc6962.judged(document(file)):
            click.echo(json.dumps(attrs.asdict(verdict), ensure_ascii=False))


@attrs.frozen
class _Opened:
    """What is known of a checkpoint's signatures, and the exit code that says so."""

    code: Exit
    data: dict[str, object]
    says: str

    def tell(self, output: Format) -> NoReturn:
        outcome = {Exit.OK: "verified", Exit.UNCHECKED: "unchecked"}.get(self.code, "mismatch")
        if output is Format.TABLE:
            click.echo(f"{outcome}: {self.says}")
        else:
            print_data({"outcome": outcome, **self.data}, output)
        raise SystemExit(self.code)


def _opened(note: bytes, log_keys: Sequence[str], witnesses: Sequence[str], quorum: int) -> _Opened:
    from actors.evidence_log import Checkpoint, Note, SignatureError, open_checkpoint

    with explained():
        stated = Checkpoint.parse(Note.parse(note).text)
        known, seeing = keys(log_keys), keys(witnesses)
    data: dict[str, object] = {
        "origin": stated.origin,
        "size": stated.size,
        "root": stated.root.hex(),
        "witnesses": [],
    }
    if not known:
        return _Opened(Exit.UNCHECKED, data, "no --key of the log was given")
    try:
        opened = open_checkpoint(note, known, seeing)
    except SignatureError as error:
        return _Opened(Exit.UNVERIFIED, data, str(error))
    data["witnesses"] = [{"name": name, "at": at} for name, at in opened.witnesses]
    if len(opened.witnesses) < quorum:
        says = f"{len(opened.witnesses)} known witnesses signed, {quorum} must"
        return _Opened(Exit.UNVERIFIED, data, says)
    says = f"{stated.origin} signed its head of {stated.size} leaves"
    return _Opened(Exit.OK, data, f"{says}, with {len(opened.witnesses)} witnesses")


def _leaf(entry: Path | None, leaf_hash: str | None) -> bytes:
    from actors.evidence_log import leaf_hash as hash_of

    if entry is not None and leaf_hash is None:
        return hash_of(raw(entry))
    if leaf_hash is None or entry is not None:
        end(Exit.USAGE, "say either --entry or --leaf-hash")
    return as_hash(leaf_hash, "--leaf-hash")


def _tell(data: dict[str, object], told: str, output: Format, *, valid: bool) -> NoReturn:
    if output is Format.TABLE:
        click.echo(f"verified: {told}" if valid else f"mismatch: it is not shown that {told}")
    else:
        print_data({"outcome": "verified" if valid else "mismatch", **data}, output)
    raise SystemExit(Exit.OK if valid else Exit.UNVERIFIED)
