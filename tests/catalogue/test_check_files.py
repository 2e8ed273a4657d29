"""Check files: what is read, and how the reader is told what is wrong with the rest."""

from pathlib import Path

import pytest

from actors.catalogue.check_files import ALIASES, load_checks
from actors.catalogue.check_names import NamedCheck, load_names
from actors.catalogue.probes import PROBES
from actors.messages import Severity
from runtime.errors import InvalidFileError

SHIPPED = Path(__file__).parents[2] / "rules" / "checks"

GOOD = """\
checks:
  - id: a_check
    title: A check
    platform: linux
    probe: {kind: file_mode, path: /etc/shadow}
    baseline: {operator: mode_within, value: "0640"}
    severity: high
"""


def write(folder: Path, text: str, name: str = "a.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_every_shipped_check_is_good_and_maps_to_a_control() -> None:
    checks = load_checks(SHIPPED)

    assert checks.problems == ()
    assert len(checks.by_id) >= 10
    for check in checks.by_id.values():
        assert any(control.startswith("hipaa:") for control in check.controls), check.id
        assert any(control.startswith("nist:") for control in check.controls), check.id


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("kind: file_mode", "kind: file_mod", 5, "did you mean 'file_mode'"),
        ("kind: file_mode", "kind: [a]", 5, "allowed: file_content"),
        ("path: /etc/shadow", "pth: /etc/shadow", 5, "path"),
        ("path: /etc/shadow", "path: etc/shadow", 5, "probe.path"),
        ("path: /etc/shadow", "path: 7", 5, "valid string"),
        ("mode_within", "mode_withn", 6, "'mode_within'"),
        ('"0640"', "0640", 6, "a mode in quotes"),
        ('"0640"', "yes", 6, "a mode in quotes"),
        ("severity: high", "severity: hgh", 7, "'high'"),
        ("severity: high", "severty: high", 7, "did you mean 'severity'"),
        ("platform: linux", "platform: linx", 4, "'linux'"),
        ("    title: A check\n", "", 2, "title: is missing"),
        ("id: a_check", "id: A Check", 2, "pattern"),
        ("severity: high", "severity: high\n    interval: 0", 8, "greater than 0"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    (problem,) = load_checks(write(tmp_path, GOOD.replace(old, new, 1))).problems

    assert (problem.path, problem.line) == (str(tmp_path / "a.yaml"), line)
    assert said in str(problem)


def test_one_bad_check_leaves_the_others_working(tmp_path: Path) -> None:
    write(tmp_path, GOOD + GOOD.removeprefix("checks:\n").replace("a_check", "B"))

    checks = load_checks(tmp_path)

    assert list(checks.by_id) == ["a_check"]
    assert [problem.line for problem in checks.problems] == [8]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("checks: [", ":2: is no YAML|:1: is no YAML"),
        ("checks:\n\t", ":2: is no YAML"),
        ("check: []", ":1: check: is not a known key; did you mean 'checks'"),
        ("- a list", "should be a mapping"),
        ("", "should be a mapping"),
    ],
)
def test_a_file_that_is_none_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path, GOOD, "a.yaml")
    write(tmp_path, text, "b.yaml")

    with pytest.raises(InvalidFileError, match=rf"b\.yaml.*({said})"):
        load_checks(tmp_path)


def test_of_two_checks_of_one_name_the_first_stands(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "a.yaml")
    write(tmp_path, GOOD.replace("high", "low"), "b.yaml")

    checks = load_checks(tmp_path)

    assert checks.by_id["a_check"].severity is Severity.HIGH
    assert "is there already" in str(checks.problems[0])


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidFileError, match=r"none: cannot be read: No such file"):
        load_checks(tmp_path / "none")


def test_every_kind_of_probe_has_a_name_that_a_file_can_use(tmp_path: Path) -> None:
    for kind in PROBES:
        probe = f"{{kind: {kind}, no_such_key: 1}}"
        text = GOOD.replace("{kind: file_mode, path: /etc/shadow}", probe)
        (problem,) = load_checks(write(tmp_path, text)).problems
        assert "no kind of probe" not in str(problem)


def test_agents_names_become_ours() -> None:
    names = load_names(SHIPPED / ALIASES, load_checks(SHIPPED).by_id)

    assert [names.named(name).name for name in ("defender", "firewall", "screenlock")] == [
        "windows_defender",
        "firewall_status",
        "screen_lock_policy",
    ]
    assert names.named("shadow_permissions").severity is Severity.CRITICAL
    assert names.named("heard_nowhere") == NamedCheck("heard_nowhere", Severity.MEDIUM)


def test_a_name_that_is_a_check_has_its_severity_from_there(tmp_path: Path) -> None:
    checks = load_checks(write(tmp_path, GOOD)).by_id
    (check,) = checks.values()

    write(tmp_path, f"names:\n  {check.id}: {{agents_say: [theirs]}}\n", ALIASES)
    assert load_names(tmp_path / ALIASES, checks).named("theirs").severity is check.severity

    write(tmp_path, f"names:\n  {check.id}: {{agents_say: [theirs], severity: low}}\n", ALIASES)
    with pytest.raises(InvalidFileError, match="is a check, which has its severity"):
        load_names(tmp_path / ALIASES, checks)


def test_a_name_that_would_mean_two_checks_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "names:\n  a: {agents_say: [x], severity: low}\n  b: {agents_say: [x], severity: low}\n", ALIASES)  # noqa: E501  # fmt: skip

    with pytest.raises(InvalidFileError, match=r"aliases.yaml:3: names.b: 'x' is taken"):
        load_names(tmp_path / ALIASES, {})
