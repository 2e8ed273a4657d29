"""The wire contract: the committed Python says what the contract says, and no number ever moves."""

from pathlib import Path

import pytest

from protos import compliance_pb2 as pb
from protos.generate import GENERATED, ROOT, generate

# What agents in the field speak.  Lines are added here, never changed.
SPOKEN = {
    "RegisterRequest": (
        "hostname os_version agent_version installed_software mac_address needs_certificates"
        " csr_pem"
    ),
    "RegisterResponse": (
        "agent_id check_interval_seconds enabled_checks capability_tier check_config ca_cert_pem"
        " agent_cert_pem agent_key_pem"
    ),
    "DriftEvent": (
        "agent_id hostname check_type passed expected actual hipaa_control timestamp metadata"
        " boot_id seq"
    ),
    "DriftAck": "event_id received error heal_command",
    "HealCommand": "command_id check_type action params timeout_seconds",
    "HealingResult": (
        "agent_id hostname check_type success error_message timestamp artifacts command_id"
    ),
    "HealingAck": "event_id received",
    "HeartbeatRequest": "agent_id timestamp drift_count healing_count agent_version",
    "HeartbeatResponse": (
        "acknowledged config_changed pending_commands update_available update_version update_url"
        " update_sha256"
    ),
    "RMMStatusReport": "agent_id hostname detected_agents timestamp",
    "RMMAgent": "name version running service_name",
    "RMMAck": "received",
}


def test_the_committed_code_is_what_the_contract_generates(tmp_path: Path) -> None:
    generate(tmp_path)

    for name in GENERATED:
        committed = (ROOT / "protos" / name).read_text(encoding="utf-8")
        assert committed == (tmp_path / "protos" / name).read_text(encoding="utf-8"), (
            f"{name} is stale: python -m protos.generate"
        )


@pytest.mark.parametrize("message", SPOKEN)
def test_a_field_keeps_its_number(message: str) -> None:
    fields = pb.DESCRIPTOR.message_types_by_name[message].fields

    assert [(field.name, field.number) for field in fields] == [
        (name, number) for number, name in enumerate(SPOKEN[message].split(), start=1)
    ]
