"""The life of an appliance as a process: it starts, drains, is cut, is killed, and goes on."""

import json
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runtime.settings import shipped
from tests.system.appliance import Appliance, tree, until

SHADOW = {"etc/shadow": ("root:*:19000::::::\n", 0o644)}

Start = Callable[..., Appliance]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Give what starts the appliance of a test; it ends with the test."""
    started: list[Appliance] = []

    def starting(**settings: Any) -> Appliance:
        appliance = Appliance(tmp_path, settings)
        started.append(appliance)
        appliance.start()
        return appliance

    yield starting
    for appliance in started:
        appliance.kill()


def slow_host(folder: Path) -> dict[str, Any]:
    """Settings with one host, whose fix takes three seconds."""
    root = tree(folder / "slow-1", SHADOW)
    target = {"host": "slow-1", "root": str(root), "checks": ["shadow_permissions"]}
    return {
        "mode": "auto",
        "rules": str(shipped("rules") / "demo"),
        "targets": [{**target, "interval": 3600}],
    }


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def http(port: int, path: str) -> tuple[int, str]:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=60)) as wire:
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: wire.recv(65536), b"")).decode()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split()[1]), body


def adds_up(line: dict[str, Any]) -> bool:
    return bool(line["accepted"] == line["handled"] + line["dead"] + line["spooled"])


def test_it_is_ready_soon_and_small(tmp_path: Path) -> None:
    appliance = Appliance(tmp_path, {"targets": [{"host": "this-machine"}]})
    try:
        took = appliance.start()
        appliance.incident("this-machine", "open")
        time.sleep(1.0)  # the first round of checks is over; then it is idle
        status = Path(f"/proc/{appliance.running.pid}/status").read_text(encoding="ascii")
        [rss] = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")]
    finally:
        appliance.kill()
    print(f"ready after {took:.2f} s, {rss / 1024:.0f} MiB idle")  # noqa: T201  the figure
    # The budgets are 1 s and 80 MiB; beside other work on the machine more is allowed.
    assert took < 10
    assert rss / 1024 <= 120


def test_sigterm_drains_what_it_holds_and_counts_it(start: Start, tmp_path: Path) -> None:
    appliance = start(**slow_host(tmp_path))
    appliance.incident("slow-1", "acting")

    assert appliance.drain() == 0

    [line] = appliance.logged("drained")
    assert adds_up(line)
    assert line["accepted"] > 0
    assert line["spooled"] == line["dead"] == 0
    # The fix was let come to its end.
    [row] = appliance.data("incident", "list", "--state", "all")
    assert row["state"] == "healed"


def test_a_second_sigterm_cuts_and_what_was_cut_is_taken_up(start: Start, tmp_path: Path) -> None:
    appliance = start(**slow_host(tmp_path))
    appliance.incident("slow-1", "acting")
    appliance.send(signal.SIGTERM)
    appliance.waits_for("drain_asked")

    appliance.send(signal.SIGTERM)

    assert appliance.ended() == 0
    [line] = appliance.logged("drained")
    assert adds_up(line)
    assert line["spooled"] == 1
    appliance.start()
    appliance.incident("slow-1", "healed")


def test_a_kill_in_the_middle_of_a_fix_leaves_nothing_begun(start: Start, tmp_path: Path) -> None:
    appliance = start(**slow_host(tmp_path))
    appliance.incident("slow-1", "acting")
    until(lambda: intents(appliance) == ["started"], "the intent of the fix")

    appliance.kill()
    appliance.start()

    incident = appliance.incident("slow-1", "healed")["id"]
    assert intents(appliance) == ["finished"]
    kinds = [fact["kind"] for fact in appliance.data("incident", "show", incident)["trace"]]
    assert kinds.count("fix_started") <= 2
    # It looked again before anything else, and whatever it did is verified.
    taken_up = kinds[kinds.index("fix_started") + 1 :]
    assert next(kind for kind in taken_up if kind != "act_finished").startswith("detect")
    assert "verify_passed" in taken_up
    assert (tmp_path / "slow-1/etc/shadow").stat().st_mode & 0o777 == 0o640


def intents(appliance: Appliance) -> list[str]:
    journal = f"file:{appliance.state_dir}/journal.db?mode=ro"
    with closing(sqlite3.connect(journal, uri=True)) as connection:
        return [state for (state,) in connection.execute("SELECT state FROM intents")]


def test_a_second_process_on_the_same_state_dir_is_refused(start: Start, tmp_path: Path) -> None:
    appliance = start()

    other = Appliance(tmp_path / "other", {"state_dir": str(appliance.state_dir)}).spawn()

    assert other.ended() == 1
    assert f"is held by process {appliance.running.pid}" in other.said()
    assert appliance.is_ready()


def test_probes_answer_on_a_loopback_port(start: Start) -> None:
    port = free_port()
    start(health={"port": port})

    code, health = http(port, "/health")
    assert code == 200
    assert {actor["name"] for actor in json.loads(health)["actors"]} >= {"journal", "scanner"}
    code, ready = http(port, "/ready")
    assert (code, json.loads(ready)) == (200, {"ready": True})
    code, metrics = http(port, "/metrics")
    assert code == 200
    assert 'mailbox="heard"' in metrics
    # What an operator may do is no matter of that port.
    assert http(port, "/v1/incident/list")[0] == 404


def test_the_control_socket_is_ours_alone(start: Start) -> None:
    appliance = start()

    assert (appliance.state_dir / "control.sock").stat().st_mode & 0o777 == 0o600
    assert appliance.state_dir.stat().st_mode & 0o777 == 0o700
    assert appliance.ask("/v1/nothing/list").status == 404
    assert appliance.ask("/v1/incident/list", "DELETE").status == 405
    assert appliance.drain() == 0
    assert not (appliance.state_dir / "control.sock").exists()


def test_the_environment_reaches_it(tmp_path: Path) -> None:
    environment = {"MSP_SITE_ID": "ward-7", "MSP_DRY_RUN": "true"}
    appliance = Appliance(tmp_path, {**slow_host(tmp_path)}, environment)
    try:
        appliance.start()
        refused = appliance.incident("slow-1", "refused")
    finally:
        appliance.kill()

    assert (refused["site"], refused["reason"]) == ("ward-7", "audit")


def test_central_starts_says_that_it_has_no_rooms_and_drains(start: Start) -> None:
    port = free_port()

    central = start(role="central", health={"port": port})

    assert central.logged("no_rooms_yet")
    assert http(port, "/health")[0] == 200
    said = central.aright("incident", "list")
    assert said.exit_code == 3
    assert central.drain() == 0
    assert adds_up(central.logged("drained")[0])
