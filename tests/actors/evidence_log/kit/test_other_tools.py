"""Each piece of a kit is checked by tools that other people wrote."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from pymerkle import InmemoryTree, verify_consistency
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # its own document says so

from actors.evidence_log import Checkpoint, Note, ProofText
from actors.evidence_log.kit.archive import unpacked
from actors.evidence_log.kit.making import make_kit
from tests.actors.evidence_log.kit.kits import KEY, Site, anchored_site

SITE = anchored_site()
MEMBERS = unpacked(SITE.kit()) or {}


def ending(suffix: str) -> list[str]:
    return sorted(name for name in MEMBERS if name.endswith(suffix))


@pytest.mark.parametrize("name", ending(".dsse.json"))
def test_securesystemslib_verifies_every_envelope(name: str) -> None:
    envelope = Envelope.from_dict(json.loads(MEMBERS[name]))
    key = SSlibKey(KEY.fingerprint, "ed25519", "ed25519", {"public": KEY.public.hex()})

    assert list(envelope.verify([key], 1)) == [KEY.fingerprint]

    statement = json.loads(envelope.payload)
    assert envelope.payload_type == "application/vnd.in-toto+json"
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert all(each["name"] and each["digest"]["sha256"] for each in statement["subject"])


@pytest.mark.parametrize("name", ending(".ots"))
def test_the_ots_client_reads_every_anchor_and_finds_its_file(name: str, tmp_path: Path) -> None:
    (tmp_path / "head").write_bytes(MEMBERS[name.removesuffix(".ots")])
    (tmp_path / "head.ots").write_bytes(MEMBERS[name])
    ots = Path(sys.executable).with_name("ots")

    told = subprocess.run([ots, "info", tmp_path / "head.ots"], capture_output=True, check=True)
    tried = subprocess.run(
        [ots, "--no-bitcoin", "--no-cache", "--no-default-whitelist", "verify", "head.ots"],
        capture_output=True,
        check=False,
        cwd=tmp_path,
    )

    assert b"verify BitcoinBlockHeaderAttestation" in told.stdout
    # Without a node of its own it can go no further than to name the block.
    assert b"Not checking Bitcoin attestation" in tried.stderr
    assert b"does not match" not in tried.stderr


def test_the_ots_client_refuses_an_anchor_of_another_file(tmp_path: Path) -> None:
    first, second = ending(".ots")
    (tmp_path / "head").write_bytes(MEMBERS[first.removesuffix(".ots")])
    (tmp_path / "head.ots").write_bytes(MEMBERS[second])

    tried = subprocess.run(
        [Path(sys.executable).with_name("ots"), "--no-bitcoin", "verify", tmp_path / "head.ots"],
        capture_output=True,
        check=False,
    )

    assert tried.returncode != 0
    assert b"File does not match original!" in tried.stderr


def oracle() -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for entry in SITE.log.entries:
        tree.append_entry(entry)
    return tree


@pytest.mark.parametrize("name", ending(".tlog-proof"))
def test_pymerkle_makes_the_same_proof_for_every_statement(name: str) -> None:
    proof, tree = ProofText.parse(MEMBERS[name]), oracle()
    head = Checkpoint.parse(Note.parse(proof.checkpoint).text)
    entry = MEMBERS[name.replace("tlog-proof", "dsse.json")]

    made = tree.prove_inclusion(proof.index + 1, head.size).serialize()

    assert [bytes.fromhex(each) for each in made["path"]] == [tree.hash_buff(entry), *proof.path]
    assert tree.get_root(head.size) == head.root


def test_pymerkle_has_the_same_roots_and_proves_the_growth_between_them() -> None:
    tree = oracle()
    old, new = (Checkpoint.parse(Note.parse(MEMBERS[name]).text) for name in ending(".checkpoint"))

    assert (tree.get_root(old.size), tree.get_root(new.size)) == (old.root, new.root)
    verify_consistency(old.root, new.root, tree.prove_consistency(old.size, new.size))


def test_a_zip_tool_lists_and_tests_a_kit(tmp_path: Path) -> None:
    (tmp_path / "kit.zip").write_bytes(make_kit(SITE.parts(), KEY))
    with zipfile.ZipFile(tmp_path / "kit.zip") as archive:
        assert archive.testzip() is None
    if (unzip := shutil.which("unzip")) is not None:
        subprocess.run([unzip, "-tq", tmp_path / "kit.zip"], check=True, capture_output=True)


def test_the_program_runs_by_itself_out_of_the_kit(tmp_path: Path) -> None:
    # In its own folder and isolated from ours, as an auditor runs it.
    site = Site().happen(3).sign()
    (tmp_path / "kit.zip").write_bytes(site.kit())
    with zipfile.ZipFile(tmp_path / "kit.zip") as archive:
        archive.extract("verify.py", tmp_path)
    (tmp_path / "key").write_text(f"{KEY.fingerprint}\n")

    def run(*words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-I", tmp_path / "verify.py", *words],
            capture_output=True,
            check=False,
            cwd=tmp_path,
        )

    assert run("kit.zip", "--key", KEY.fingerprint).returncode == 0
    assert run("kit.zip", "--key", "key").returncode == 0
    assert json.loads(run("kit.zip", "--key", "key").stdout)["outcome"] == "verified"
    assert run("kit.zip").returncode == 12
    assert run("kit.zip", "--key", "0" * 64).returncode == 6
    assert run("kit.zip", "--key", "nonsense").returncode == 1
    assert run("none.zip").returncode == 1
    assert run("key").returncode == 1
