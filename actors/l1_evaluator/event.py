"""The event that rules see: the one mapping from an observation to the names of the rules page."""

from collections.abc import Mapping

from actors.messages import Observation, Status


def event_of(observation: Observation) -> dict[str, object]:
    """Spell an observation in the names that rules use.

    The agent's own words stay under `metadata`: an endpoint cannot overwrite a field.
    """
    # Not `value`: it is a property, which takes as long as four fields.
    return {
        "site_id": observation.site,
        "host_id": observation.host,
        "check_type": observation.check,
        "incident_type": observation.check,
        "platform": observation.platform._value_,
        "distro": observation.distro,
        "status": observation.status._value_,
        "drift_detected": observation.status is Status.FAIL,
        "severity": observation.severity._value_,
        "expected": observation.expected,
        "actual": observation.actual,
        "details": observation.details,
        "metadata": observation.metadata,
        "source": observation.source,
        "agent_id": observation.agent_id,
    }


def event_in(told: Mapping[str, object]) -> dict[str, object]:
    """Give the event of an observation as the journal stored it, its fields as JSON has them.

    So a journal is read without making an observation of each row.
    """
    check, status = told["check"], told["status"]
    return {
        "site_id": told["site"],
        "host_id": told["host"],
        "check_type": check,
        "incident_type": check,
        "platform": told["platform"],
        "distro": told["distro"],
        "status": status,
        "drift_detected": status == Status.FAIL,
        "severity": told["severity"],
        "expected": told["expected"],
        "actual": told["actual"],
        "details": told["details"],
        "metadata": told["metadata"],
        "source": told["source"],
        "agent_id": told["agent_id"],
    }
