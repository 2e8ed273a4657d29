"""`aright evidence export` and `verify`: a kit of what an appliance did, and what becomes of it."""

import contextlib
import json
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.evidence_log.kit import parts as names, verify_kit
from actors.evidence_log.kit.archive import packed, unpacked
from tests.actors.evidence_log.kit.kits import OTHER, Site, sealed
from tests.system.appliance import Appliance, aright, until

EVER = ("--since", "2000-01-01")


@pytest.fixture(scope="module")
def kit(site: Appliance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kit of all that the appliance did so far."""
    out = tmp_path_factory.mktemp("kits") / "kit.zip"
    site.incident("ask-yes")

    def exported() -> bool:
        site.aright("evidence", "export", *EVER, "--out", str(out))
        return out.exists()

    until(lambda: exported() or None, "a head over some statements")
    return out


@pytest.fixture(scope="module")
def fingerprint(site: Appliance) -> str:
    told = until(lambda: site.data("evidence", "status")["key"], "a key")
    return str(told["fingerprint"])


def test_a_kit_is_verified_with_the_key_and_only_with_it(kit: Path, fingerprint: str) -> None:
    assert aright("evidence", "verify", str(kit), "--key", fingerprint).exit_code == 0
    assert aright("evidence", "verify", str(kit)).exit_code == 12
    assert aright("evidence", "verify", str(kit), "--key", "0" * 64).exit_code == 6


def test_a_person_reads_what_was_found(kit: Path, fingerprint: str) -> None:
    told = aright("evidence", "verify", str(kit), "--key", fingerprint).stdout.splitlines()

    assert told[0] == "verified: all holds"
    assert told[1].startswith("site ")
    assert told[2] == f"signed by {fingerprint}"

    unnamed = aright("evidence", "verify", str(kit)).stdout
    assert f"signed by {fingerprint}; that this is the site's key is not checked" in unnamed


def test_a_program_reads_the_same_from_both_verifiers(kit: Path, fingerprint: str) -> None:
    told = aright("evidence", "verify", str(kit), "--key", fingerprint, "-o", "json")
    assert json.loads(told.stdout) == verify_kit.verify(kit.read_bytes(), fingerprint, {})


def test_the_key_may_stand_in_a_file(kit: Path, fingerprint: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{fingerprint}\n")
    assert aright("evidence", "verify", str(kit), "--key", str(tmp_path / "key")).exit_code == 0
    (tmp_path / "key").write_text("nothing")
    assert aright("evidence", "verify", str(kit), "--key", str(tmp_path / "key")).exit_code == 1


def test_a_flipped_bit_is_a_mismatch(kit: Path, fingerprint: str, tmp_path: Path) -> None:
    data = bytearray(kit.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "kit.zip").write_bytes(data)

    done = aright("evidence", "verify", str(tmp_path / "kit.zip"), "--key", fingerprint)

    assert done.exit_code == 6
    assert done.stdout.startswith("mismatch: ")


def forged(tmp_path: Path, change: Callable[[dict[str, bytes], dict[str, Any]], object]) -> str:
    """Write a kit that somebody made with a key of their own, and with what no site writes."""
    members = unpacked(Site(key=OTHER).happen(2).sign().kit())
    assert members is not None
    manifest = json.loads(verify_kit.envelope(members[names.MANIFEST])[0])
    change(members, manifest["predicate"])
    members[names.MANIFEST] = sealed(json.dumps(manifest).encode(), OTHER)
    (tmp_path / "forged.zip").write_bytes(packed(members))
    return str(tmp_path / "forged.zip")


def test_what_a_forger_wrote_begins_no_line_and_moves_no_cursor(
    fingerprint: str, tmp_path: Path
) -> None:
    name = "\x1b[1A\x1b[2K\nverified: all holds"
    kit = forged(tmp_path, lambda members, _: members.update({name: b""}))

    done = aright("evidence", "verify", kit, "--key", fingerprint)

    assert done.exit_code == 6
    assert all(line.isprintable() for line in done.stdout.splitlines())
    assert [line for line in done.stdout.splitlines() if line.startswith("verified")] == []


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "yaml"])
def test_half_a_character_is_printed_as_it_was_spelled(
    form: str, fingerprint: str, tmp_path: Path
) -> None:
    kit = forged(tmp_path, lambda _, told: told.update(selection={"control": "\ud800"}))

    done = aright("evidence", "verify", kit, "--key", fingerprint, "-o", form)

    assert (done.exit_code, done.exception and type(done.exception)) == (6, SystemExit)
    if form.startswith("json"):
        assert json.loads(done.stdout)["selection"] == {"control": "\ud800"}


@pytest.mark.parametrize("content", [b"", b"no kit", b"PK\3\4"])
def test_what_is_no_kit_can_not_be_used(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "kit.zip").write_bytes(content)
    done = aright("evidence", "verify", str(tmp_path / "kit.zip"), "-o", "json")
    assert (done.exit_code, json.loads(done.stdout)["outcome"]) == (1, "unusable")


def test_a_kit_may_be_as_large_as_one_that_export_writes(tmp_path: Path) -> None:
    """Of 32,000 statements, which are one kit's most, it was larger than what was read."""
    with (tmp_path / "kit.zip").open("wb") as file:
        file.truncate(100 << 20)

    done = aright("evidence", "verify", str(tmp_path / "kit.zip"), "-o", "json")

    assert (done.exit_code, json.loads(done.stdout)["reason"]) == (1, "not_a_kit")


def test_a_kit_that_is_not_there_and_headers_that_are_none_are_errors(
    kit: Path, tmp_path: Path
) -> None:
    assert aright("evidence", "verify", str(tmp_path / "none.zip")).exit_code == 1
    (tmp_path / "headers").write_text("[]")
    words = ("evidence", "verify", str(kit), "--headers", str(tmp_path / "headers"))
    assert aright(*words).exit_code == 1


def test_options_for_a_kit_need_a_kit(site: Appliance) -> None:
    assert site.aright("evidence", "verify", "--key", "0" * 64).exit_code == 2


def test_export_never_writes_over_a_file(site: Appliance, kit: Path) -> None:
    before = kit.read_bytes()
    assert site.aright("evidence", "export", *EVER, "--out", str(kit)).exit_code == 5
    assert kit.read_bytes() == before


def test_export_tells_what_is_in_the_kit(site: Appliance, kit: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "kit.zip")
    told = site.data("evidence", "export", *EVER, "--out", out)
    assert told["file"] == out
    assert told["statements"] > 0
    assert told["left_out"] == told["purged"] == 0


def test_export_of_one_incident_holds_it_alone(
    site: Appliance, kit: Path, fingerprint: str, tmp_path: Path
) -> None:
    incident, out = site.incident("ask-yes")["id"], tmp_path / "kit.zip"
    assert (
        site.aright("evidence", "export", "--incident", incident, "--out", str(out)).exit_code == 0
    )
    told = verify_kit.verify(out.read_bytes(), fingerprint, {})
    assert told["outcome"] == "verified"
    assert told["selection"] == {"incident": incident}


@pytest.mark.parametrize("control", ["nist:ac-3", "ac-3"])
def test_export_of_a_control_holds_the_checks_that_stand_for_it(
    site: Appliance, kit: Path, fingerprint: str, tmp_path: Path, control: str
) -> None:
    out = tmp_path / "kit.zip"
    done = site.aright("evidence", "export", "--control", control, "--out", str(out))
    assert done.exit_code == 0, done.stderr
    told = verify_kit.verify(out.read_bytes(), fingerprint, {})
    assert (told["outcome"], told["selection"]) == ("verified", {"control": control})


def test_export_says_what_it_can_not_do(site: Appliance, kit: Path, tmp_path: Path) -> None:
    out = ("--out", str(tmp_path / "kit.zip"))

    def export(*words: str) -> int:
        return site.aright("evidence", "export", *words, *out).exit_code

    assert export() == 2
    assert export("--since", "yesterday") == 2
    assert export("--incident", "inc_none") == 3
    assert export("--since", "2999-01-01") == 3
    assert not (tmp_path / "kit.zip").exists()
    nowhere = ("--out", str(tmp_path / "no" / "kit.zip"))
    assert site.aright("evidence", "export", *EVER, *nowhere).exit_code == 1


def test_a_full_disk_leaves_no_half_of_a_kit(site: Appliance, kit: Path, tmp_path: Path) -> None:
    """It would be called changed, and the next try would find a file in its way."""
    out = tmp_path / "kit.zip"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        done = site.aright("evidence", "export", *EVER, "--out", str(out))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert (done.exit_code, "cannot be written" in done.stderr) == (1, True)
    assert not out.exists()
    assert site.aright("evidence", "export", *EVER, "--out", str(out)).exit_code == 0


def test_a_full_disk_leaves_the_report_that_was_there(site: Appliance, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    written = ("evidence", "report", "--since", "2000-01-01", "--out", str(out))
    assert site.aright(*written).exit_code == 0
    before, limits = out.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        done = site.aright(*written)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert (done.exit_code, "cannot be written" in done.stderr) == (1, True)
    assert out.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_what_is_too_long_for_a_name_is_an_error_and_no_crash(
    site: Appliance, kit: Path, tmp_path: Path
) -> None:
    long = "a" * 5000
    for words in (
        ("verify", str(kit), "--key", long),
        ("verify", long),
        ("export", *EVER, "--out", str(tmp_path / long)),
    ):
        done = site.aright("evidence", *words)
        assert (done.exit_code, done.stderr[:8]) == (1, "aright: ")


def test_export_needs_a_journal(tmp_path: Path) -> None:
    words = ("--state-dir", str(tmp_path), "evidence", "export", *EVER, "--out", "kit.zip")
    assert aright(*words).exit_code == 1


@pytest.mark.parametrize(
    "words",
    [("verify",), ("export", *EVER, "--out", "kit.zip"), ("list",), ("status",)],
    ids=lambda words: words[0],
)
def test_a_journal_that_is_damaged_is_an_error_and_no_crash(
    tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        connection.execute("CREATE TABLE schema_migrations (room TEXT)")

    done = aright("--state-dir", str(tmp_path), "evidence", *words)

    assert done.exit_code == 1
    assert "journal.db: cannot be read: no such table" in done.stderr


@pytest.mark.parametrize(("name", "begins"), [("r.pdf", b"%PDF-"), ("r.html", b"<!doctype html>")])
def test_a_report_is_written_in_the_form_that_its_name_says(
    site: Appliance, kit: Path, tmp_path: Path, name: str, begins: bytes
) -> None:
    out = tmp_path / name
    done = site.aright("evidence", "report", *EVER, "--out", str(out))
    assert done.exit_code == 0
    assert out.read_bytes().startswith(begins)
    assert "drifts" in done.stdout


def test_a_report_goes_into_a_pipe_too(site: Appliance, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.symlink_to("/dev/stdout")
    command = [sys.executable, "-m", "runtime", "--config", str(site.config)]
    command += ["evidence", "report", *EVER, "--out", str(out)]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("<!doctype html>")
    assert out.is_symlink()


def test_a_report_says_what_it_can_not_do(site: Appliance, tmp_path: Path) -> None:
    def report(*words: str, name: str = "r.html") -> int:
        out = ("--out", str(tmp_path / name))
        return site.aright("evidence", "report", *words, *out).exit_code

    assert report() == 2
    assert report("--since", "2999-01-01") == 2
    assert report(*EVER, name="r.doc") == 2
    assert report(*EVER, "--site", "elsewhere") == 3
    assert report(*EVER, name="no/r.html") == 1
