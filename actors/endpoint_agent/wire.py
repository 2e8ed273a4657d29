"""Our words and those of `protos/compliance.proto`."""

from typing import Final

from actors.endpoint_agent.core import Fate, Given, Report, Tier, Wishes, fate_of
from actors.endpoint_agent.store import Done
from protos.compliance_pb2 import DriftAck, DriftEvent, HealCommand, HealingResult, RegisterResponse

PATH: Final = "/compliance.ComplianceAgent"

_DEFAULT_TIMEOUT_S = 60.0


def event_of(agent_id: str, boot_id: str, seq: int, report: Report, untold: int = 0) -> DriftEvent:
    """Spell a report; one that follows on drops says how many they were."""
    event = DriftEvent(
        agent_id=agent_id,
        hostname=report.host,
        check_type=report.check,
        passed=report.passed,
        expected=report.expected,
        actual=report.actual,
        hipaa_control=report.control,
        timestamp=report.observed_at,
        metadata=report.metadata,
        boot_id=boot_id,
        seq=seq,
    )
    if untold:
        event.metadata["dropped_before"] = str(untold)
    return event


def ack_of(ack: DriftAck, now: float) -> tuple[Fate, Given | None]:
    """Read what became of an event, and what is to be healed; `now` by trio's clock."""
    given = given_of(ack.heal_command, now) if ack.HasField("heal_command") else None
    return fate_of(received=ack.received, error=ack.error), given


def given_of(command: HealCommand, now: float) -> Given | None:
    """Read a command that came now; None for one without an id, which nobody could confirm."""
    if not command.command_id:
        return None
    return Given(
        command.command_id,
        command.check_type,
        command.action,
        dict(command.params),
        now + (command.timeout_seconds if command.timeout_seconds > 0 else _DEFAULT_TIMEOUT_S),
    )


def result_of(agent_id: str, host: str, done: Done, timestamp: int) -> HealingResult:
    """Spell what became of a command."""
    return HealingResult(
        agent_id=agent_id,
        hostname=host,
        check_type=done.check_type,
        success=done.outcome.success,
        error_message=done.outcome.reason,
        timestamp=timestamp,
        command_id=done.command_id,
    )


def tier_of(number: int) -> Tier:
    """Read a tier; one that we do not know allows nothing."""
    return next((tier for tier in Tier if tier == number), Tier.MONITOR_ONLY)


def wishes_of(answer: RegisterResponse) -> Wishes:
    """Read what the appliance would have asked, and how often."""
    return Wishes(float(max(answer.check_interval_seconds, 0)), tuple(answer.enabled_checks))
