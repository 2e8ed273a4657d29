"""`aright ots`: what an OpenTimestamps proof says, and whether it is true."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from runtime.cli.exits import Exit, end
from runtime.cli.output import Format, output_option, print_data
from runtime.errors import InvalidFileError

if TYPE_CHECKING:  # its libraries take 80 ms
    from actors.anchorer.headers import HeadersFile
    from actors.anchorer.proof import Attestation, Proof
    from actors.anchorer.verdict import Verdict

_EXITS = {
    "verified": Exit.OK,
    "mismatch": Exit.UNVERIFIED,
    "anchored": Exit.UNCHECKED,
    "pending": Exit.PENDING,
    "refused": Exit.ERROR,
}


@click.group()
def command() -> None:
    """Read and verify OpenTimestamps proofs, offline.

    \b
    Ends with  0  verified: a block of Bitcoin has it
               6  mismatch: it proves something else
              12  anchored: it names a block whose header is not at hand
              11  pending: a calendar promised to see to it
               1  refused: no proof, or none that proves anything
    """  # noqa: D301  \b is click's mark for a paragraph that keeps its lines


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@output_option
def info(file: Path, output: Format) -> None:
    """Say what a proof claims, and check no block.

    Ends as `verify` does without headers.
    """
    _tell(file, None, None, output)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--digest", help="Of what was stamped, in hex.  Default: the one in the proof.")
@click.option(
    "--headers",
    type=click.Path(path_type=Path),
    help="Headers of Bitcoin blocks as JSON, by height.",
)
@output_option
def verify(file: Path, digest: str | None, headers: Path | None, output: Format) -> None:
    """Say what a proof proves; each header's work is checked."""
    if digest is not None and re.fullmatch(r"([0-9a-fA-F]{2})+", digest) is None:
        end(Exit.USAGE, "--digest is not in hex")
    _tell(file, None if digest is None else bytes.fromhex(digest), headers, output)


def _tell(file: Path, digest: bytes | None, headers: Path | None, output: Format) -> None:
    from actors.anchorer.guards import MAX_PROOF, ProofError
    from actors.anchorer.proof import read_proof
    from actors.anchorer.verdict import judge

    try:
        at_hand = None if headers is None else _headers(headers)
    except InvalidFileError as error:
        _refuse("bad_headers_file", str(error), output)
    try:
        proof = read_proof(_content(file, MAX_PROOF))
    except InvalidFileError as error:
        _refuse("unreadable", str(error), output)
    except ProofError as error:
        _refuse(error.reason, f"{file}: {error}", output)
    verdict = judge(proof, lambda height: at_hand.at(height) if at_hand else None, digest)
    print_data(_told(proof, verdict), output)
    raise SystemExit(_EXITS[verdict.outcome])


def _content(file: Path, most: int) -> bytes:
    """Read a file, and one byte more than it may have at most."""
    try:
        with file.open("rb") as opened:
            return opened.read(most + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a null in it
        words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InvalidFileError(str(file), words) from error


def _headers(file: Path) -> "HeadersFile":
    from actors.anchorer.headers import MAX_HEADERS_FILE, read_headers

    return read_headers(str(file), _content(file, MAX_HEADERS_FILE))


def _refuse(reason: str, message: str, output: Format) -> NoReturn:
    print_data(_shape("refused", None, [], reason), output)
    end(Exit.ERROR, message)


def _told(proof: "Proof", verdict: "Verdict") -> dict[str, object]:
    attestations = [_attestation(each) for each in proof.attestations]
    return _shape(verdict.outcome.value, proof.digest.hex(), attestations, verdict.reason)


def _shape(
    outcome: str, digest: str | None, attestations: list[dict[str, object]], reason: str | None
) -> dict[str, object]:
    return {
        "outcome": outcome,
        "digest": digest,
        "attestations": attestations,
        "reason": reason,
    }


def _attestation(attestation: "Attestation") -> dict[str, object]:
    told: dict[str, object] = {"kind": attestation.kind.value}
    if attestation.height is not None:
        told["height"] = attestation.height
    if attestation.uri is not None:
        told["uri"] = attestation.uri
    return {**told, "message": attestation.message.hex()}
