"""`aright ots`: one JSON object on standard output and one exit code, whatever it is given."""

import json
from pathlib import Path

import pytest
from click.testing import Result

from tests.actors.anchorer.forge import DATA, HEAD, bitcoin
from tests.system.appliance import aright

HEADERS = str(DATA / "bitcoin-headers.json")
HELLO = str(DATA / "hello-world.txt.ots")
DIGEST = "03ba204e50d126e4674c005e04d82e84c21366780af1f43bd54a37816b6ab340"
ROOT = "007ee445d23ad061af4a36b809501fab1ac4f2d7e7a739817dd0cbb7ec661b8a"


def told(result: Result) -> dict[str, object]:
    shown = json.loads(result.stdout)
    assert set(shown) == {"outcome", "digest", "attestations", "reason"}
    return dict(shown)


def without_work(folder: Path) -> str:
    raw = json.loads(Path(HEADERS).read_text(encoding="utf-8"))["358391"]["header"]
    file = folder / "headers.json"
    file.write_text(json.dumps({"358391": {"header": raw[:-2] + "00"}}), encoding="utf-8")
    return str(file)


def test_a_proof_whose_block_is_at_hand_is_verified() -> None:
    result = aright("ots", "verify", HELLO, "--headers", HEADERS)

    assert result.exit_code == 0
    assert told(result) == {
        "outcome": "verified",
        "digest": DIGEST,
        "attestations": [{"kind": "bitcoin", "height": 358391, "message": ROOT}],
        "reason": None,
    }


def test_a_proof_of_the_digest_that_was_asked_for_is_verified() -> None:
    asked = aright("ots", "verify", HELLO, "--digest", DIGEST.upper(), "--headers", HEADERS)

    assert asked.exit_code == 0


@pytest.mark.parametrize("digest", ["00" * 32, DIGEST[:-2], DIGEST + "00"])
def test_a_proof_of_another_digest_is_a_mismatch(digest: str) -> None:
    result = aright("ots", "verify", HELLO, "--digest", digest, "--headers", HEADERS)

    assert result.exit_code == 6
    assert told(result)["outcome"] == "mismatch"
    assert told(result)["reason"] == "other_digest"


@pytest.mark.parametrize("digest", ["", "0", "xyz", "0x00"])
def test_a_digest_that_is_none_is_bad_usage(digest: str) -> None:
    assert aright("ots", "verify", HELLO, "--digest", digest).exit_code == 2


def test_a_block_that_has_something_else_is_a_mismatch(tmp_path: Path) -> None:
    file = tmp_path / "proof.ots"
    file.write_bytes(HEAD + bitcoin(358391))
    result = aright("ots", "verify", str(file), "--headers", HEADERS)

    assert result.exit_code == 6
    assert told(result)["reason"] == "other_merkle_root"


def test_without_a_header_a_block_is_a_claim(tmp_path: Path) -> None:
    for words in ((), ("--headers", without_work(tmp_path))):
        result = aright("ots", "verify", HELLO, *words)
        assert result.exit_code == 12
        assert told(result)["outcome"] == "anchored"


@pytest.mark.parametrize(
    ("name", "outcome", "code"),
    [
        ("incomplete", "pending", 11),
        ("two-calendars", "pending", 11),
        ("merkle1", "pending", 11),
        ("merkle2", "pending", 11),
        ("merkle3", "pending", 11),
        ("known-and-unknown-notary", "pending", 11),
        ("unknown-notary", "refused", 1),
        ("hello-world", "anchored", 12),
    ],
)
def test_info_lists_what_every_real_proof_says(name: str, outcome: str, code: int) -> None:
    result = aright("ots", "info", str(DATA / f"{name}.txt.ots"))

    assert result.exit_code == code
    assert told(result)["outcome"] == outcome
    assert told(result)["attestations"]


def test_what_only_a_stranger_attests_is_refused_and_listed() -> None:
    result = aright("ots", "verify", str(DATA / "unknown-notary.txt.ots"))

    assert (result.exit_code, told(result)["reason"]) == (1, "no_known_attestation")
    (attestation,) = json.loads(result.stdout)["attestations"]
    assert set(attestation) == {"kind", "message"}


@pytest.mark.parametrize("verb", ["info", "verify"])
@pytest.mark.parametrize("path", sorted((DATA / "invalid").iterdir()), ids=lambda path: path.stem)
def test_a_bad_proof_is_refused_with_a_reason(verb: str, path: Path) -> None:
    result = aright("ots", verb, str(path))

    assert result.exit_code == 1
    assert told(result)["outcome"] == "refused"
    assert told(result)["reason"]
    assert result.stderr.startswith("aright: ")


@pytest.mark.parametrize("verb", ["info", "verify"])
def test_a_proof_that_cannot_be_read_is_refused(verb: str, tmp_path: Path) -> None:
    for path in (tmp_path / "none.ots", tmp_path, Path("/dev/null"), Path("/dev/zero")):
        result = aright("ots", verb, str(path))
        assert result.exit_code == 1
        assert told(result)["outcome"] == "refused"


@pytest.mark.parametrize("content", [b"", b"[]", b'{"358391": {"header": "00"}}'])
def test_a_file_of_headers_that_is_none_is_said_to_be_none(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "headers.json"
    for path in (file, tmp_path, tmp_path / "none"):
        file.write_bytes(content)
        result = aright("ots", "verify", HELLO, "--headers", str(path))
        assert result.exit_code == 1
        assert told(result)["reason"] == "bad_headers_file"
        assert str(path) in result.stderr


def test_no_file_beside_the_proof_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("something else", encoding="utf-8")
    (tmp_path / "a.txt.ots").write_bytes(Path(HELLO).read_bytes())

    result = aright("ots", "verify", str(tmp_path / "a.txt.ots"), "--headers", HEADERS)

    assert result.exit_code == 0
