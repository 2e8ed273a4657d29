"""`aright tlog`: proofs and checkpoints of any log, from files and without a server."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from actors.evidence_log import Checkpoint, KeyKind, NoteSigner, ProofText
from tests.actors.evidence_log.trees import MemoryLog
from tests.system.appliance import aright

VECTORS = "tests/data/tlog/rfc6962-proof-vectors.json"
LOG = MemoryLog.of(40)
SITE = NoteSigner("aright.example/clinic", Ed25519PrivateKey.from_private_bytes(b"\1" * 32))
WITNESS = NoteSigner("witness.example", Ed25519PrivateKey.from_private_bytes(b"\2" * 32))
KEY = SITE.key().spelled()
OTHER = NoteSigner(SITE.name, WITNESS.private).key().spelled()
SEEN = WITNESS.key(KeyKind.WITNESS).spelled()


def b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def checkpoint(size: int) -> bytes:
    head = Checkpoint(SITE.name, size, LOG.root(size))
    return head.signed(SITE).beside(WITNESS.cosign(head.text, 1_700_000_000)).spelled()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """What a log hands out, in both forms."""
    path = [b64(each) for each in LOG.inclusion(5, 40)]
    grown = [b64(each) for each in LOG.consistency(13, 40)]
    written: dict[str, bytes | object] = {
        "path.json": {"leaf_index": 5, "audit_path": path},
        "grown.json": {"consistency": grown},
        "sth.json": {"tree_size": 40, "sha256_root_hash": b64(LOG.root(40))},
        "old": checkpoint(13),
        "new": checkpoint(40),
        "entry": LOG.entries[5],
        "keys": f"{KEY}\n".encode(),
        "entry.tlog-proof": ProofText(5, tuple(LOG.inclusion(5, 40)), checkpoint(40)).spelled(),
    }
    for name, content in written.items():
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_each_vector_is_one_line_with_what_the_verifier_decides() -> None:
    done = aright("tlog", "vectors", VECTORS)

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    document = json.loads(Path(VECTORS).read_bytes())
    assert done.exit_code == 0
    assert lines == [
        {"kind": kind, "name": vector["name"], "valid": not vector["wantErr"]}
        for kind in ("inclusion", "consistency")
        for vector in document[kind]
    ]


@pytest.mark.parametrize("content", ["", "[]", "[1", '{"inclusion": 1}', '{"inclusion": [1]}'])
def test_a_file_that_has_no_vectors_can_not_be_used(tmp_path: Path, content: str) -> None:
    file = tmp_path / "vectors.json"
    file.write_text(content)
    assert aright("tlog", "vectors", str(file)).exit_code == 1


@pytest.mark.parametrize("head", ["new", "sth.json"])
def test_an_entry_is_shown_to_be_in_a_log(files: Path, head: str) -> None:
    words = ("tlog", "verify-inclusion", str(files / "path.json"), "--head", str(files / head))

    by_entry = aright(*words, "--entry", str(files / "entry"))
    by_hash = aright(*words, "--leaf-hash", b64(LOG.leaf(5)), "-o", "json")
    other = aright(*words, "--leaf-hash", LOG.leaf(6).hex())

    assert (by_entry.exit_code, by_hash.exit_code, other.exit_code) == (0, 0, 6)
    assert by_entry.stdout == "verified: leaf 5 is in the tree of 40 leaves\n"
    assert json.loads(by_hash.stdout)["outcome"] == "verified"
    assert other.stdout.startswith("mismatch: it is not shown that")


def test_the_entry_must_be_named_in_one_way(files: Path) -> None:
    words = ("tlog", "verify-inclusion", str(files / "path.json"), "--head", str(files / "new"))
    assert aright(*words).exit_code == 2
    assert aright(*words, "--entry", str(files / "entry"), "--leaf-hash", "x").exit_code == 2
    assert aright(*words, "--leaf-hash", "x").exit_code == 1


def test_a_log_is_shown_to_have_only_grown(files: Path) -> None:
    old, new = str(files / "old"), str(files / "new")
    words = ("tlog", "verify-consistency", str(files / "grown.json"))

    assert aright(*words, "--old", old, "--new", new).exit_code == 0
    assert aright(*words, "--old", new, "--new", old).exit_code == 6
    assert aright(*words, "--old", old, "--new", str(files / "entry")).exit_code == 1


def test_a_checkpoint_is_checked_with_keys_from_elsewhere(files: Path) -> None:
    words = ("tlog", "verify-checkpoint", str(files / "new"))

    assert aright(*words).exit_code == 12
    assert aright(*words, "--key", KEY).exit_code == 0
    assert aright(*words, "--key", str(files / "keys")).exit_code == 0
    assert aright(*words, "--key", OTHER).exit_code == 6
    assert aright(*words, "--key", KEY, "--witness", SEEN, "--witnesses", "1").exit_code == 0
    assert aright(*words, "--key", KEY, "--witness", SEEN, "--witnesses", "2").exit_code == 6
    assert aright(*words, "--key", "no+key").exit_code == 1


def test_a_witness_is_told_with_its_instant(files: Path) -> None:
    done = aright(
        *("tlog", "verify-checkpoint", str(files / "new"), "-o", "json"),
        *("--key", KEY, "--witness", SEEN),
    )
    assert json.loads(done.stdout) == {
        "outcome": "verified",
        "origin": SITE.name,
        "size": 40,
        "root": LOG.root(40).hex(),
        "witnesses": [{"name": WITNESS.name, "at": 1_700_000_000}],
    }


def test_a_proof_file_is_checked_whole(files: Path) -> None:
    words = ("tlog", "verify-proof", str(files / "entry.tlog-proof"))
    entry = ("--entry", str(files / "entry"))

    assert aright(*words, *entry).exit_code == 12
    assert aright(*words, *entry, "--key", KEY).exit_code == 0
    assert aright(*words, "--leaf-hash", LOG.leaf(6).hex(), "--key", KEY).exit_code == 6
    assert aright(*words, *entry, "--key", OTHER).exit_code == 6


def test_a_file_that_is_not_there_can_not_be_used(tmp_path: Path) -> None:
    assert aright("tlog", "verify-checkpoint", str(tmp_path / "none")).exit_code == 1
