"""Scenarios: days of drifts, fixes and people, played on the line itself in virtual time."""

from runtime.roles.scenario.model import SCENARIOS, Scenario, Written, read_scenarios
from runtime.roles.scenario.play import Theatre, UnplayableError
from runtime.roles.scenario.standing import Miss

__all__ = [
    "SCENARIOS", "Miss", "Scenario", "Theatre", "UnplayableError", "Written", "read_scenarios",
]  # fmt: skip
