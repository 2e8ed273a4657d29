"""The event that rules see: the one mapping from an observation to the names of the rules page."""

from actors.messages import Observation, Status


def event_of(observation: Observation) -> dict[str, object]:
    """Spell an observation in the names that rules use.

    The agent's own words stay under `metadata`: an endpoint cannot overwrite a field.
    """
    return {
        "site_id": observation.site,
        "host_id": observation.host,
        "check_type": observation.check,
        "incident_type": observation.check,
        "platform": observation.platform.value,
        "distro": observation.distro,
        "status": observation.status.value,
        "drift_detected": observation.status is Status.FAIL,
        "severity": observation.severity.value,
        "expected": observation.expected,
        "actual": observation.actual,
        "details": observation.details,
        "metadata": observation.metadata,
        "source": observation.source,
        "agent_id": observation.agent_id,
    }
