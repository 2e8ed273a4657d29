"""Skips by reason at the end of a run; one whose reason nobody agreed to fails it.

A test that is skipped says nothing, and looks like one that passed.  The reasons that are agreed to
stand in pyproject.toml: `[tool.aright] allowed_skips`.
"""

import tomllib
from collections import Counter

import pytest
from _pytest.terminal import TerminalReporter


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that would have passed."""
    if session.exitstatus == pytest.ExitCode.OK and _unknown(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    """Tell how often which reason was given."""
    skips = _skips(config)
    if not skips:
        return
    terminalreporter.section("skips by reason")
    for reason, count in sorted(skips.items()):
        terminalreporter.line(f"{count:4}  {reason}")
    for reason in _unknown(config):
        terminalreporter.line(
            f"FAILED: nobody agreed to skip because of {reason!r}; see allowed_skips", red=True
        )


def _unknown(config: pytest.Config) -> list[str]:
    return sorted(_skips(config).keys() - _allowed(config))


def _allowed(config: pytest.Config) -> set[str]:
    with (config.rootpath / "pyproject.toml").open("rb") as file:
        settings = tomllib.load(file)
    reasons: list[str] = settings["tool"].get("aright", {}).get("allowed_skips", [])
    return set(reasons)


def _skips(config: pytest.Config) -> Counter[str]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if not isinstance(reporter, TerminalReporter):
        return Counter()
    reports = reporter.stats.get("skipped", [])
    return Counter(report.longrepr[2].removeprefix("Skipped: ") for report in reports)
