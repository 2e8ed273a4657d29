"""Runbooks: what params they take, and which files are refused with which words."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from actors.catalogue.runbook_files import load_runbooks
from actors.catalogue.runbooks import AgentCommand, InvalidParamError, Param, ParamType, Runbook
from actors.messages import JSON, Platform
from actors.runbook_runner.commands import NotRunnableError, Order
from runtime.errors import InvalidFileError

SHIPPED = Path(__file__).parents[2] / "rules" / "runbooks"

RUNBOOK = """\
runbooks:
  - id: RB-1
    title: Tidy
    platform: linux
    checks: [shadow_permissions]
    params:
      path: {type: path, required: true}
      mode: {type: mode, default: "0640"}
      note: {type: string, pattern: "[a-z]+"}
    act: {script: tidy}
    undo: tidy
    timeout_s: 15
    idempotent: true
    changes: [file]
"""


def written(folder: Path, text: str) -> Path:
    (folder / "scripts").mkdir(exist_ok=True)
    (folder / "scripts" / "tidy.py").write_text("pass\n")
    (folder / "own.yaml").write_text(text)
    return folder


@pytest.fixture
def runbook(tmp_path: Path) -> Runbook:
    return load_runbooks(written(tmp_path, RUNBOOK))["RB-1"]


def test_every_shipped_runbook_can_be_taken_back_and_runs_with_its_defaults() -> None:
    shipped = load_runbooks(SHIPPED)

    assert len(shipped) >= 10
    for runbook in shipped.values():
        by_others = runbook.by_person or isinstance(runbook.act, AgentCommand)
        assert by_others or not runbook.irreversible
        assert runbook.text
        assert runbook.controls
        runbook.bind({})


def test_params_get_their_defaults_and_optional_ones_stay_out(runbook: Runbook) -> None:
    assert runbook.bind({"path": "/etc/shadow"}) == {"path": "/etc/shadow", "mode": "0640"}


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({}, "path is missing"),
        ({"path": None}, "path is missing"),
        ({"path": "/a", "mode": None}, "mode is missing"),
        ({"path": "/a", "mode": 640}, "mode must be a mode in quotes"),
        ({"path": "/a", "mode": "0888"}, "mode must be a mode in quotes"),
        ({"path": "/a", "more": "x"}, "more is no param of it"),
        ({"path": "etc/shadow"}, "path must be an absolute path"),
        ({"path": "/etc/../root"}, "path must not hold"),
        ({"path": "/etc/"}, "path must be an absolute path"),
        ({"path": "/etc/a\nb"}, "path holds a control character"),
        ({"path": "/etc/a\x00"}, "path holds a control character"),
        ({"path": ["/etc/shadow"]}, "path must be a text"),
        ({"path": "/a", "note": "x; reboot"}, r"note does not match"),
        ({"path": "/a", "note": "x\nPermitRootLogin yes"}, "note holds a control character"),
        ({"path": "/" + "a" * 5000}, "path is longer than"),
    ],
)
def test_what_is_no_param_never_reaches_a_script(
    runbook: Runbook, params: dict[str, JSON], problem: str
) -> None:
    with pytest.raises(InvalidParamError, match=problem):
        runbook.bind(params)


@given(value=st.text())
def test_a_text_that_passes_is_one_line(value: str) -> None:
    param = Param("p", ParamType.STRING)
    assert param.problem_with(value) is not None or len(value.splitlines()) <= 1


def test_kinds_are_not_turned_into_each_other() -> None:
    assert Param("p", ParamType.INT).problem_with(True) is not None
    assert Param("p", ParamType.INT).problem_with("5") is not None
    assert Param("p", ParamType.BOOL).problem_with("true") is not None
    assert Param("p", ParamType.BOOL).problem_with(False) is None
    assert Param("p", ParamType.ENUM, allowed=("a",)).problem_with("b") is not None


def test_a_runbook_fits_its_checks_on_its_platform_only(runbook: Runbook) -> None:
    assert runbook.fits("shadow_permissions", Platform.LINUX)
    assert not runbook.fits("shadow_permissions", Platform.UNKNOWN)
    assert not runbook.fits("shadow_owner", Platform.LINUX)


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("    undo: tidy\n", "", 2, "either an undo or says irreversible: true"),
        ("    undo: tidy\n", "    undo: tidy\n    irreversible: true\n", 11, "either an undo"),
        ("undo: tidy", "undo: untidy", 11, "no script untidy; there are: tidy"),
        ("script: tidy", "script: untidy", 10, "no script untidy; there are: tidy"),
        ("script: tidy", "scrpt: tidy", 10, "did you mean 'script'"),
        ("script: tidy", "service: running", 10, "names no service"),
        ("script: tidy", "agent: {check_type: firewall, action: burn}", 10, "firewall enable"),
        ("{script: tidy}", "{script: tidy, service: running}", 10, "either a script or"),
        ("{script: tidy}", "{script: tidy, args: {mode: '0600'}}", 10, "is a param too"),
        ("platform: linux", "platform: plan9", 4, "'linux', 'windows'"),
        ("type: path", "type: paths", 7, "'string', 'int', 'bool', 'mode', 'path' or 'enum'"),
        ('default: "0640"', "default: 0640", 8, "must be a mode in quotes"),
        ('pattern: "[a-z]+"', 'pattern: "(?=x)"', 9, "the pattern is refused"),
        ("timeout_s: 15", "timeout_s: 0", 12, "greater than 0"),
        ("    changes: [file]\n", "", 2, "of: file, process, net, kernel"),
        ("changes: [file]", "changes: [disk]", 14, "'file', 'process', 'net' or 'kernel'"),
        ("    act: {script: tidy}\n", "", 10, "undo: stands only beside an act"),
        ("    idempotent: true\n", "", 2, "idempotent: is missing"),
        ("idempotent: true", "idempotent: 'yes'", 13, "valid boolean"),
    ],
)
def test_a_bad_file_is_refused_by_line_and_with_what_is_allowed(
    tmp_path: Path, old: str, new: str, line: int, problem: str
) -> None:
    with pytest.raises(InvalidFileError, match=problem) as caught:
        load_runbooks(written(tmp_path, RUNBOOK.replace(old, new)))
    assert caught.value.line == line


def test_an_agent_is_not_trusted_with_checks_that_nobody_would_ask(tmp_path: Path) -> None:
    """A fix by an agent is verified by what it tells of the check that drifted, and by no other."""
    agent = "agent: {check_type: firewall, action: enable}"
    text = RUNBOOK.replace("script: tidy", agent).replace("undo: tidy", "irreversible: true")
    load_runbooks(written(tmp_path, text))

    with pytest.raises(InvalidFileError, match="also: only the check that drifted"):
        load_runbooks(written(tmp_path, f"{text}    verify: {{also: [other_check]}}\n"))


def test_what_no_executor_can_do_is_told_to_a_person(tmp_path: Path) -> None:
    cut = RUNBOOK.index("    act:")
    head = RUNBOOK[:cut] + "    timeout_s: 15\n    idempotent: true\n"

    with pytest.raises(InvalidFileError, match="text: is needed where there is no act"):
        load_runbooks(written(tmp_path, head))

    runbook = load_runbooks(written(tmp_path, head + "    text: Tidy it by hand.\n"))["RB-1"]

    assert runbook.by_person
    assert runbook.irreversible
    with pytest.raises(NotRunnableError, match="RB-1 is done by a person or an agent"):
        Order.of(runbook, {"path": "/etc/shadow"}, "/").preview()


def test_an_id_stands_once(tmp_path: Path) -> None:
    twice = RUNBOOK + RUNBOOK.removeprefix("runbooks:\n")
    with pytest.raises(InvalidFileError, match="RB-1 is there already") as caught:
        load_runbooks(written(tmp_path, twice))
    assert caught.value.line == 15


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidFileError, match="cannot be read"):
        load_runbooks(tmp_path / "nowhere")


def test_a_folder_may_use_the_scripts_of_an_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(RUNBOOK.replace("tidy", "file_mode"))
    script = load_runbooks(SHIPPED, tmp_path)["RB-1"].act
    assert script == load_runbooks(SHIPPED, tmp_path)["RB-1"].undo


def test_the_content_hash_follows_the_definition_and_the_script(tmp_path: Path) -> None:
    first = load_runbooks(written(tmp_path, RUNBOOK))["RB-1"].content_hash
    again = load_runbooks(written(tmp_path, RUNBOOK))["RB-1"].content_hash
    changed = load_runbooks(written(tmp_path, RUNBOOK.replace("15", "16")))["RB-1"].content_hash
    (tmp_path / "scripts" / "tidy.py").write_text("print()\n")
    script_changed = load_runbooks(tmp_path)["RB-1"].content_hash

    assert first == again
    assert len({first, changed, script_changed}) == 3
