"""`aright scrub`: text in, clean text out, with and without an appliance."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def scrub(
    given: bytes, *arguments: str, state_dir: Path, code: int = 0
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "runtime", "--state-dir", str(state_dir), "scrub", *arguments]
    done = subprocess.run(command, input=given, capture_output=True, cwd=ROOT, check=False)
    assert done.returncode == code, done.stderr
    return done


def test_lines_come_out_as_they_came_in_but_for_what_must_go(tmp_path: Path) -> None:
    given = b"host=ws-1 10.0.0.5\r\n\nMRN 00123456 on ws-2\nlast"

    clean = scrub(given, state_dir=tmp_path).stdout

    before, after = clean.split(b"MRN ")
    assert before == b"host=ws-1 10.0.0.5\r\n\n"
    assert after.startswith(b"<mrn:")
    assert after.endswith(b"> on ws-2\nlast")


def test_a_file_is_read_and_spans_are_of_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Zoë: SSN 078-05-1120\nclean\n", encoding="utf-8")

    lines = scrub(b"", str(file), "--spans", state_dir=tmp_path).stdout.splitlines()

    first, second = map(json.loads, lines)
    assert first["text"] == "Zoë: SSN 078-05-1120"
    [span] = first["spans"]
    assert first["text"][span["start"] : span["end"]] == "078-05-1120"
    assert span["label"] == "ssn"
    assert second == {"text": "clean", "spans": []}


def test_bytes_that_are_no_utf_8_stay_and_hide_nothing(tmp_path: Path) -> None:
    given = b"patient J\xf6rg M\xfcller, SSN 078-05-1120 \xff\xfe on ws-1\n"

    clean = scrub(given, state_dir=tmp_path).stdout
    shown = json.loads(scrub(given, "--spans", state_dir=tmp_path).stdout)

    assert b"rg" not in clean
    assert b"ller" not in clean
    assert b"1120" not in clean
    assert clean.endswith(b" \xff\xfe on ws-1\n")
    assert [span["label"] for span in shown["spans"]] == ["name", "ssn"]


def test_utf_16_hides_nothing(tmp_path: Path) -> None:
    given = "SSN 078-05-1120\n".encode("utf-16")

    assert b"1\x001\x002\x000" not in scrub(given, state_dir=tmp_path).stdout


def test_a_document_is_read_as_one(tmp_path: Path) -> None:
    given = b"last_name,port\nLowe,50051\n"

    clean = scrub(given, state_dir=tmp_path).stdout

    assert b"Lowe" not in clean
    assert clean.endswith(b",50051\n")


def test_the_key_of_the_site_or_a_named_one_makes_the_tags(tmp_path: Path) -> None:
    key, other = tmp_path / "scrub.key", tmp_path / "other.key"
    key.write_bytes(b"k" * 32)
    other.write_bytes(b"o" * 32)
    given = b"MRN 00123456"

    by_site = scrub(given, state_dir=tmp_path).stdout

    assert by_site == scrub(given, "--key", str(key), state_dir=tmp_path / "none").stdout
    assert by_site != scrub(given, "--key", str(other), state_dir=tmp_path).stdout


def test_without_a_key_the_tags_are_of_this_run_alone(tmp_path: Path) -> None:
    given = b"MRN 00123456"

    assert scrub(given, state_dir=tmp_path).stdout != scrub(given, state_dir=tmp_path).stdout
    assert list(tmp_path.iterdir()) == []


def test_private_addresses_go_by_flag_or_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert b"10.0.0.5" not in scrub(b"10.0.0.5", "--private-addresses", state_dir=tmp_path).stdout

    monkeypatch.setenv("MSP_SCRUB__PRIVATE_ADDRESSES", "true")
    assert b"10.0.0.5" not in scrub(b"10.0.0.5", state_dir=tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "code"), [(["missing.txt"], 1), (["--key", "missing"], 1), (["--sapns"], 2)]
)
def test_what_cannot_be_read_ends_it(arguments: list[str], code: int, tmp_path: Path) -> None:
    done = scrub(b"", *arguments, state_dir=tmp_path, code=code)

    assert done.stdout == b""
    assert b"Traceback" not in done.stderr


def test_a_line_comes_out_before_the_next_comes_in(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "runtime", "--state-dir", str(tmp_path), "scrub"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"MRN 00123456\nbegun")
        process.stdin.flush()

        assert process.stdout.readline().startswith(b"MRN <mrn:")
        process.stdin.close()
        assert process.stdout.read() == b"begun"


def test_who_reads_no_further_ends_it_quietly(tmp_path: Path) -> None:
    command = f"yes 'MRN 00123456' | {sys.executable} -m runtime scrub | head -1"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, cwd=ROOT, check=False,
        env={**os.environ, "ARIGHT_STATE_DIR": str(tmp_path)},
    )  # fmt: skip

    assert done.stdout.startswith(b"MRN <mrn:")
    assert done.stderr == b""
