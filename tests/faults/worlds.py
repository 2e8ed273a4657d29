"""The worlds that the tests live in: a long one with all that may happen, and one scenario."""

import datetime as dt
from collections.abc import Iterator, Mapping
from itertools import chain, repeat
from random import Random
from zoneinfo import ZoneInfo

import attrs
import trio

from actors.circuit_breaker import GateSettings, Window
from actors.flap_suppressor import FlapSettings
from actors.messages import Mode, Status
from runtime.roles.line import LineSettings
from tests.faults.drifts import DRIFTS
from tests.faults.host import Mood, SimHost
from tests.faults.people import Agent, Operator, Saboteur
from tests.faults.planted import BUGS, NONE
from tests.faults.power import Cut, End, Fate
from tests.faults.simulator import World
from tests.faults.virtual_time import stream

DAY_S = 86_400.0

_MOODS = (Mood.NOTHING, Mood.FAILS, Mood.HANGS, Mood.LATE)


@attrs.frozen
class Season:
    """How long, how large and how rough a world is."""

    days: float
    """Virtual ones, with faults."""
    quiet_s: float
    """Seconds without faults in the end, so that what must come true can."""
    cut_p: float
    """The chance of a power cut at each port call."""
    hosts: int
    every_s: float
    """Mean seconds between two drifts of one host."""
    flap_share: float
    """Of the drifts, those that something brings back after each fix."""
    interval_s: float
    """Seconds between two looks at a check."""


SEASONS: Mapping[str, Season] = {
    "week": Season(7.0, 1.5 * DAY_S, 0.001, 4, 6 * 3600.0, 0.3, 900.0),
    "hunt": Season(0.5, 3 * 3600.0, 0.004, 2, 3600.0, 0.6, 600.0),
    "day": Season(1.0, 3600.0, 0.0, 1, 3 * 3600.0, 1.0, 1800.0),
}


def long_world(seed: int, season: str, bug: str = "") -> World:
    """Make days of drifts, flaps, windows, cooldowns, approvals and cuts, then quiet ones."""
    it = SEASONS[season]
    until = it.days * DAY_S
    hosts = [_host(f"host-{number}", seed, until) for number in range(it.hosts)]
    night = Window("night", ZoneInfo("Europe/Zurich"), frozenset(range(7)), dt.time(1), dt.time(5))
    gate = GateSettings(
        runs_per_day=stream(seed, "budget").choice((3, 30)), hosts_share=0.5, windows=(night,)
    )
    return World(
        seed=seed,
        settings=LineSettings(Mode.AUTO, gate, FlapSettings(), it.interval_s, 90),
        hosts=hosts,
        checks=tuple(DRIFTS),
        operator=Operator(
            stream(seed, "operator"), {host.name: host for host in hosts}, 1800.0, until
        ),
        fate=now_and_then(seed, it.cut_p, until),
        ends_at=until + it.quiet_s,
        agents=[Agent("ws-1", list(_events(stream(seed, "agent"), until)))],
        saboteurs=[
            Saboteur(host, stream(seed, f"{host.name}/saboteur"), it.every_s, until, it.flap_share)
            for host in hosts
        ],
        channel_fails=0.2,
        bug=BUGS.get(bug, NONE),
        replay=f"python -m tests.faults --seed {seed} --season {season}{bug and f' --bug {bug}'}",
    )


def now_and_then(seed: int, chance: float, until: float) -> Fate:
    """Cut with a chance at each port call."""
    random = stream(seed, "fate")

    def fate(_call: int) -> tuple[Cut, End] | None:
        if trio.current_time() >= until or random.random() >= chance:
            return None
        return random.choice(list(Cut)), random.choice(list(End))

    return fate


def _host(name: str, seed: int, until: float) -> SimHost:
    random = stream(seed, f"{name}")

    def troubled(chance: float) -> bool:
        return trio.current_time() < until and random.random() < chance

    return SimHost(
        name,
        random,
        moods=lambda: random.choice(_MOODS) if troubled(0.15) else Mood.WELL,
        silent=lambda: troubled(0.01),
    )


def _events(random: Random, until: float) -> Iterator[tuple[float, str, Status]]:
    at = 0.0
    while (at := at + random.expovariate(1 / 1800.0)) < until:
        status = random.choice([Status.FAIL, Status.PASS])
        yield at, random.choice(["windows_defender", "bitlocker_status"]), status


def scenario(cut_at: int = 0, cut: Cut = Cut.BEFORE, end: End = End.DARK) -> World:
    """Detect, approve, act, verify, undo; then a person has it done again, and it is healed.

    The power goes once, at the port call of that number; 0 for never.
    """
    moods = chain([Mood.NOTHING], repeat(Mood.WELL))
    host = SimHost("host-0", stream(0, "scenario"), moods=lambda: next(moods))
    DRIFTS["ssh_password_auth"].breaks(host.target)
    return World(
        seed=0,
        settings=LineSettings(
            Mode.AUTO, GateSettings(hosts_share=1.0), FlapSettings(window_s=600.0), 1200.0, 90
        ),
        hosts=[host],
        checks=("ssh_password_auth",),
        operator=Operator(stream(0, "operator"), {host.name: host}, 30.0, 3600.0, eager=True),
        fate=lambda call: (cut, end) if call == cut_at else None,
        ends_at=2 * 3600.0,
        replay=f"python -m tests.faults --cut {cut.value} {cut_at} --end {end.value}",
    )
