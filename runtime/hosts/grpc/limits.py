"""How much of everything a caller may have: each bound, its default and why it is there."""

import attrs

KIB = 1024
MIB = 1024 * KIB

WINDOW_S = 10.0
"""The seconds for which resets and control frames are counted."""


@attrs.frozen
class Limits:
    """Bounds of the server.  Durations are seconds; 0 switches a cap or the rate off."""

    message_bytes: int = MIB
    batched_message_bytes: int = 64 * KIB
    """For calls that are answered in batches."""
    partial_bytes: int = 32 * MIB
    """Room for messages that are larger than a window, over all connections."""

    connections: int = 1024
    per_address: int = 32
    per_identity: int = 8
    """Connections of one certificate's owner."""
    streams: int = 100
    """Of one connection at once."""
    calls: int = 10_000
    """Of one connection in all; then it ends in order, for h2 remembers each."""

    handshake_s: float = 10.0
    """For TLS, and then for HTTP/2's preface."""
    first_call_s: float = 10.0
    idle_s: float = 300.0
    """For a connection without a call; one with a call that is silent for as long is pinged."""
    pong_s: float = 20.0
    age_s: float = 86_400.0
    """A connection ends when it is this old, give or take a tenth: certificates are shown anew."""
    request_s: float = 30.0
    """For the message of a call that takes one."""
    recheck_s: float = 60.0
    """Between two questions to the doorman about a call that goes on."""

    resets: int = 200
    """Streams that may be reset, by either side, within `WINDOW_S` (CVE-2023-44487)."""
    resets_in_all: int = 1000
    control_frames: int = 1000
    """Frames within `WINDOW_S` that carry no message (CVE-2019-9512 to 9518).  Each message that
    arrives allows for two more: clients measure their path with pings."""
    write_bytes: int = MIB
    """What may wait to be sent on a connection ..."""
    write_s: float = 10.0
    """... for as long."""

    events_per_s: float = 50.0
    """Messages of one identity, or else connection, in calls that are answered in batches."""
    burst: int = 500

    def look_s(self) -> float:
        """Give the seconds between two looks at what takes too long."""
        shortest = min(
            self.handshake_s, self.first_call_s, self.idle_s, self.pong_s, self.age_s,
            self.request_s, self.recheck_s, self.write_s,
        )  # fmt: skip
        return min(1.0, shortest / 4)
