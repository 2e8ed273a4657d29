"""Lint of runbooks, finding by finding."""

from pathlib import Path
from typing import Any

import attrs
import pytest

from actors.catalogue.baseline import Baseline
from actors.catalogue.checks import Check
from actors.catalogue.probes import Argv, FileMode, Probe, Reported
from actors.catalogue.runbook_lint import lint_runbook, reads_an_exit_code
from actors.catalogue.runbooks import ByPerson, Param, ParamType, Runbook, Script
from actors.messages import Platform, Severity

SCRIPT = Script("file_mode", Path("/scripts/file_mode.py"))
SOUND = Runbook(
    id="R",
    title="A sound one",
    platform=Platform.LINUX,
    checks=("mode",),
    act=SCRIPT,
    undo=SCRIPT,
    timeout_s=15,
    idempotent=True,
    content_hash="0",
    controls=("nist:cm-6",),
    text="Takes permissions away.",
)


def check(name: str, probe: Probe, platform: Platform = Platform.LINUX, **baseline: Any) -> Check:
    right = Baseline(**{"operator": "eq", "value": "yes", **baseline})
    return Check(name, "A check", platform, probe, right, Severity.LOW)


CHECKS = {
    each.id: each
    for each in (
        check("mode", FileMode("/etc/motd")),
        check("ran", Argv(("true",)), operator="matches", value=".*"),
        check("told", Reported()),
        check("win", FileMode("/etc/motd"), Platform.WINDOWS),
        check("net", Reported(), Platform.UNKNOWN),
    )
}


def codes(**changes: Any) -> list[str]:
    runbook = attrs.evolve(SOUND, **changes)
    return [each.code for each in lint_runbook(runbook, CHECKS, {**CHECKS, "agents": None})]


def test_a_sound_runbook_is_left_in_peace() -> None:
    assert codes() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"checks": ("mode", "moed")}, "no_verify"),
        ({"checks": ("win",)}, "no_verify"),
        ({"checks": ("told",)}, "no_verify"),
        ({"checks": ("agents",)}, "no_verify"),
        ({"also_verify": ("moed",)}, "no_verify"),
        ({"checks": ("ran",)}, "exit_code_only"),
        ({"params": (Param("owner", ParamType.STRING),)}, "open_param"),
        ({"timeout_s": 3601.0}, "long_timeout"),
        ({"controls": ()}, "no_controls"),
        ({"text": ""}, "no_text"),
    ],
)
def test_what_is_found(changes: dict[str, Any], expected: str) -> None:
    assert codes(**changes) == [expected]


def test_what_only_a_person_does_needs_a_check_that_somebody_tells() -> None:
    by_person = {"act": ByPerson(), "undo": None, "params": (Param("n", ParamType.STRING),)}

    for name in ("mode", "told", "agents", "net"):
        assert codes(**by_person, checks=(name,)) == []
    assert codes(**by_person, checks=("win",)) == ["no_verify"]


def test_a_text_of_a_known_form_may_reach_a_program() -> None:
    assert codes(params=(Param("owner", ParamType.STRING, pattern="[a-z]+"),)) == []


@pytest.mark.parametrize(
    ("probe", "baseline", "expected"),
    [
        (Argv(("true",)), {"operator": "matches", "value": ""}, True),
        (Argv(("sh", "-c", "grep -q x f; echo $?")), {"value": "0"}, True),
        (Argv(("sh", "-c", "grep -q x f && echo yes")), {}, True),
        (Argv(("aa-status",)), {"operator": "matches", "value": "[1-9]"}, False),
        (Argv(("aa-status",), pattern="x"), {"operator": "matches", "value": ""}, False),
        (Argv(("nproc",)), {"operator": "gte", "value": 1}, False),
        (FileMode("/etc/motd"), {}, False),
    ],
)
def test_a_check_that_no_output_can_fail_tells_an_exit_code_only(
    probe: Probe, baseline: dict[str, Any], expected: bool
) -> None:
    assert reads_an_exit_code(check("c", probe, **baseline)) is expected
