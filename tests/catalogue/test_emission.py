"""What sources write: derived from the catalogue, or read from a file."""

from pathlib import Path

import pytest

from actors.catalogue.check_files import ALIASES, load_checks
from actors.catalogue.check_names import load_names
from actors.catalogue.emission import ANYTHING, MAPPING, MISSING, TEXT, Shape, emission_of, one_of
from actors.catalogue.emission_files import load_emitted
from runtime.errors import InvalidFileError

RULES = Path(__file__).parents[2] / "rules" / "checks"
CHECKS = load_checks(RULES).by_id
EMISSION = emission_of(CHECKS, load_names(RULES / ALIASES, CHECKS))


def test_the_scanner_answers_a_check_of_ours_in_four_ways_and_says_fail_of_drift_only() -> None:
    shapes = [
        s for s in EMISSION.where({"check_type": ["shadow_permissions"]}) if s.source == "scanner"
    ]

    said = {
        str(v): s.domain("drift_detected").values for s in shapes for v in s.domain("status").values
    }
    assert said == {"fail": (True,), "pass": (False,), "error": (False,), "unknown": (False,)}
    assert {s.domain("platform") for s in shapes} == {one_of("linux")}
    assert {s.domain("severity") for s in shapes} == {
        one_of(CHECKS["shadow_permissions"].severity.value)
    }
    assert {s.domain("incident_type") for s in shapes} == {one_of("shadow_permissions")}
    assert {s.domain("details.age") for s in shapes} == {MISSING}
    assert {s.domain("metadata.note") for s in shapes} == {MISSING}


def test_an_agent_says_pass_or_fail_and_adds_words_of_its_own_under_metadata() -> None:
    shapes = [
        s for s in EMISSION.where({"check_type": ["windows_defender"]}) if s.source == "agent"
    ]

    assert {v for s in shapes for v in s.domain("status").values} == {"pass", "fail"}
    assert {s.domain("metadata.note").kind for s in shapes} == {"text"}
    assert {s.domain("metadata.note").optional for s in shapes} == {True}


def test_a_field_that_nobody_writes_is_known_as_such() -> None:
    assert EMISSION.writes("host_id")
    assert EMISSION.writes("details")
    assert not EMISSION.writes("details.free_percent")
    assert not EMISSION.writes("runbook_id")


def test_what_stands_below_a_field_is_told_by_the_nearest_word() -> None:
    shape = Shape("s", {"a": TEXT, "b.c": TEXT, "b.*": one_of(1), "d": ANYTHING})

    assert shape.domain("a.x") == MISSING
    assert shape.domain("b") == MAPPING
    assert shape.domain("b.c") == TEXT
    assert (shape.domain("b.x").values, shape.domain("b.x").optional) == ((1,), True)
    assert shape.domain("d.x") == ANYTHING
    assert shape.domain("e") == MISSING
    assert one_of(True) != one_of(1)


def test_a_file_gives_each_source_a_shape_for_each_of_its_cases(tmp_path: Path) -> None:
    file = tmp_path / "emits.yaml"
    file.write_text(
        "actions: [escalate]\n"
        "sources:\n"
        "  - name: scan\n"
        "    fields: {check_type: [a, b], 'metadata.*': text, distro: [null, debian], n: number}\n"
        "    cases:\n"
        "      - {status: [fail], drift: [true]}\n"
        "      - {status: [pass], drift: [false]}\n",
        encoding="utf-8",
    )

    emitted = load_emitted(file)

    fail, passed = emitted.emission.shapes
    assert emitted.actions == ("escalate",)
    assert emitted.emission.checks == frozenset({"a", "b"})
    assert (fail.domain("drift"), passed.domain("drift")) == (one_of(True), one_of(False))
    assert fail.domain("distro") == one_of(None, "debian")
    assert fail.domain("n").kind == "number"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("sources: []\n", r":1: sources: "),
        ("sources:\n  - name: a\n    fieldz: {}\n", r":3: .*did you mean 'fields'"),
        (
            "sources:\n  - name: a\n    fields:\n      check_type: [a]\n      n: words\n",
            r":5: .*'text'",
        ),
        ("sources:\n  - name: a\n    fields: {n: text}\n", r"a source writes no check_type"),
    ],
)
def test_a_file_that_says_something_else_is_an_error_with_its_line(
    tmp_path: Path, text: str, problem: str
) -> None:
    file = tmp_path / "emits.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(InvalidFileError, match=problem):
        load_emitted(file)
