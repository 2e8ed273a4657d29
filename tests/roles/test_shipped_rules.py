"""The shipped rules and scenarios: all tests come true, and they notice every mutant."""

from runtime.roles.rule_test import Subject, report_on
from runtime.settings import Settings


def test_each_shipped_rule_has_tests_that_hold_and_notice_every_mutant() -> None:
    report = report_on(Subject.of(Settings()), mutate=True)

    assert [f"{each.place}: {each.says}" for each in report.findings] == []
    assert report.scenarios
    assert report.mutation is not None
    assert report.mutation.score == 100.0
    assert [f"{each.rule_id}: {each.what}" for each in report.mutation.excused] == EXCUSED


EXCUSED: list[str] = []
"""Mutants of shipped rules that decide as the rule does."""
