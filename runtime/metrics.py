"""The snapshot as Prometheus reads it."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import attrs
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from runtime.health import Health, MailboxHealth
from runtime.vitals import State

_GAUGES = {
    "capacity": "How many messages may wait.",
    "depth": "How many messages wait.",
    "in_hand": "How many messages are being handled.",
    "high_water": "The most messages that ever waited.",
    "oldest_age": "Seconds since the oldest unsettled message came.",
}
_COUNTERS = {
    "accepted": "Messages accepted.",
    "handled": "Messages handled.",
    "dead": "Messages that made their actor fall three times.",
    "expired": "Requests that nobody waited for any more.",
    "waits": "Sends that had to wait for room.",
    "refused": "Messages refused.",
    "coalesced": "Messages replaced by a newer one.",
    "redelivered": "Deliveries after a fall.",
}
NO_GAUGES: Final[Mapping[str, float]] = MappingProxyType({})


def exposition(health: Health, gauges: Mapping[str, float] = NO_GAUGES) -> bytes:
    """Give the snapshot, and figures of the rooms by their names, in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(health, gauges))
    return generate_latest(registry)


@attrs.frozen(eq=False)
class _Snapshot(Collector):
    health: Health
    gauges: Mapping[str, float]

    @override
    def collect(self) -> Iterator[Metric]:
        yield from self._of_actors()
        for name, value in self.gauges.items():
            yield GaugeMetricFamily(
                f"aright_{name}", f"{name.replace('_', ' ').capitalize()}.", value=value
            )
        boxes = [one.mailbox for one in self.health.actors if one.mailbox is not None]
        for key, meaning in _GAUGES.items():
            name = "oldest_age_seconds" if key == "oldest_age" else key
            yield _labelled(
                GaugeMetricFamily(f"aright_mailbox_{name}", meaning, labels=_BOX), boxes, key
            )
        for key, meaning in _COUNTERS.items():
            yield _labelled(
                CounterMetricFamily(f"aright_mailbox_{key}", meaning, labels=_BOX), boxes, key
            )

    def _of_actors(self) -> Iterator[Metric]:
        state = GaugeMetricFamily(
            "aright_actor_state", "1 at the state.", labels=["actor", "state"]
        )
        fell = CounterMetricFamily("aright_actor_fell", "Falls of an actor.", labels=["actor"])
        took = GaugeMetricFamily(
            "aright_actor_handle_seconds", "Time of a handle.", labels=["actor", "quantile"]
        )
        for one in self.health.actors:
            for each in State:
                state.add_metric([one.name, each.value], float(one.state == each.value))
            fell.add_metric([one.name], one.fell)
            took.add_metric([one.name, "0.5"], one.handle_p50)
            took.add_metric([one.name, "0.99"], one.handle_p99)
        yield from (state, fell, took)


_BOX = ["mailbox"]


def _labelled(
    family: GaugeMetricFamily | CounterMetricFamily, boxes: list[MailboxHealth], key: str
) -> Metric:
    for box in boxes:
        value: float = getattr(box, key)
        family.add_metric([box.name], value)
    return family
