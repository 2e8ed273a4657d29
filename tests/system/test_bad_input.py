"""Bad input: a clear error that names the place, the exit code of its kind, and nothing lost."""

import asyncio
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result
from grpclib.exceptions import GRPCError, StreamTerminatedError

from tests.system.agents import drift, free_port, report
from tests.system.appliance import NOBODY, Appliance, aright, until

WITHOUT_RIGHTS = NOBODY if os.geteuid() == 0 else None
"""Root may do everything: the child drops to an uid without rights.  Others have none already."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder that an uid without rights may look into."""
    made = [each for each in tmp_path.parents if each.name.startswith(("pytest-", "popen-"))]
    for each in (tmp_path, *made):
        each.chmod(each.stat().st_mode | 0o755)
    return tmp_path


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Appliance]:
    listen = {"enabled": True, "port": free_port(), "insecure_loopback": True}
    appliance = Appliance(tmp_path / "site", {"listen": listen})
    appliance.start()
    yield appliance
    appliance.kill()


def refused(folder: Path, settings: Mapping[str, object], uid: int | None = None) -> str:
    """Start an appliance that must end with 1; give what it said."""
    appliance = Appliance(folder / "site", settings, uid=uid)
    appliance.folder.mkdir()
    if uid is not None:
        os.chown(appliance.folder, uid, uid)
    appliance.spawn()
    assert appliance.ended() == 1
    said = appliance.said()
    assert "Traceback" not in said
    assert said.startswith("aright: ")
    return said


def own(rules: Path) -> dict[str, object]:
    """Give the settings of a site with rules of its own alone."""
    return {"rules": str(rules), "shipped_rules": False}


def checked(folder: Path, config: str) -> Result:
    file = folder / "appliance.yaml"
    file.write_text(config, encoding="utf-8")
    return aright("--config", str(file), "config", "check")


@pytest.mark.parametrize(
    ("config", "place", "said"),
    [
        ("site_id: a\n  b: c\n", ":2", "no YAML"),
        ("site_id: a\nmode: automatic\n", ":2", "'audit', 'approve' or 'auto'"),
        ("site_id: a\nmdoe: auto\n", ":2", "did you mean 'mode'?"),
        ("health:\n  port: 9151\n  prot: 1\n", ":3", "did you mean 'port'?"),
        ("health:\n  port: many\n", ":2", "integer"),
        ("targets:\n  - host: a\n  - host: a\n", "", "name a twice"),
        ("targets:\n  - host: a\n    kind: ssh\n", ":3", "'local'"),
        ("site_id: a\nsite_id: b\n", ":2", "says 'site_id' twice"),
        ("listen: {enabled: true, insecure_loopback: true, host: 0.0.0.0}\n", ":1", "loopback"),
        ("- a list\n", ":1", "mapping"),
    ],
)
def test_a_broken_config_is_told_with_file_line_and_what_is_allowed(
    tmp_path: Path, config: str, place: str, said: str
) -> None:
    told = checked(tmp_path, config)

    assert (told.exit_code, told.stdout) == (1, "")
    assert f"appliance.yaml{place}" in told.stderr
    assert said in told.stderr


def test_a_config_that_is_not_there_is_told(tmp_path: Path) -> None:
    told = aright("--config", str(tmp_path / "nobody.yaml"), "config", "check")

    assert told.exit_code == 1
    assert "nobody.yaml" in told.stderr


def test_a_variable_that_means_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MSP_SIET_ID", "a")

    told = checked(tmp_path, "")

    assert told.exit_code == 1
    assert "MSP_SIET_ID" in told.stderr
    assert "did you mean 'site_id'?" in told.stderr


@pytest.mark.parametrize(
    ("file", "content", "place", "said"),
    [
        ("l1/own.yaml", "rules:\n  - id: [\n", ":3", "no YAML"),
        ("l1/own.yaml", "rulse: []\n", "", "rules"),
        ("checks/own.yaml", "checkz: []\n", ":1", "did you mean 'checks'?"),
        ("checks/own.yaml", "checks:\n  - id: a\n  - [\n", ":4", "no YAML"),
        ("runbooks/own.yaml", "runbooks:\n  - id: RB-1\n    tilte: b\n", ":3", "'title'"),
        ("runbooks/own.yaml", "runbooks: {}\n", ":1", "list"),
    ],
)
def test_a_broken_file_of_the_catalogue_stops_the_start_and_names_itself(
    tmp_path: Path, file: str, content: str, place: str, said: str
) -> None:
    broken = tmp_path / "rules" / file
    broken.parent.mkdir(parents=True)
    broken.write_text(content, encoding="utf-8")

    told = refused(tmp_path, {"rules": str(tmp_path / "rules")})

    assert f"{file}{place}" in told
    assert said in told
    assert not (tmp_path / "site" / "state" / "journal.db").exists()
    by_check = checked(tmp_path, json.dumps({"rules": str(tmp_path / "rules")}))
    assert (by_check.exit_code, by_check.stderr) == (1, told)


def test_a_rules_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    told = refused(tmp_path, {"rules": str(tmp_path / "nobody")})

    assert str(tmp_path / "nobody") in told


@pytest.mark.parametrize("inside", ["", "l1", "checks", "runbooks"])
def test_a_rules_folder_that_cannot_be_read_is_told(folder: Path, inside: str) -> None:
    rules = folder / "rules"
    (rules / inside).mkdir(parents=True)
    (rules / inside).chmod(0)
    try:
        told = refused(folder, own(rules), WITHOUT_RIGHTS)
    finally:
        (rules / inside).chmod(0o755)

    assert str(rules / inside) in told
    assert "ermission denied" in told


def test_a_rules_file_that_cannot_be_read_is_told(folder: Path) -> None:
    rules = folder / "rules" / "l1" / "own.yaml"
    rules.parent.mkdir(parents=True)
    rules.write_text("rules: []", encoding="utf-8")
    rules.chmod(0)

    told = refused(folder, own(folder / "rules"), WITHOUT_RIGHTS)

    assert f"{rules}: cannot be read: Permission denied" in told


def test_a_state_dir_that_cannot_be_written_is_told(folder: Path) -> None:
    state = folder / "read-only"
    state.mkdir(mode=0o555)

    told = refused(folder, {"state_dir": str(state), "shipped_rules": False}, WITHOUT_RIGHTS)

    assert f"state dir {state}: Permission denied" in told
    assert "--state-dir" in told


@pytest.mark.parametrize("which", ["health", "listen"])
def test_a_port_in_use_is_told_before_anything_starts(tmp_path: Path, which: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        more = {"enabled": True, "insecure_loopback": True} if which == "listen" else {}
        told = refused(tmp_path, {which: {"port": port, **more}})

    assert f"127.0.0.1:{port}" in told
    assert "in use" in told


def test_an_unknown_option_is_a_usage_error(tmp_path: Path) -> None:
    appliance = Appliance(tmp_path, {}).spawn("--fast")

    assert appliance.ended() == 2
    assert "No such option" in appliance.said()


def test_a_missing_secret_is_told_and_nothing_starts(tmp_path: Path) -> None:
    channel = {"name": "pager", "url": "https://hooks.example.org/x", "secret": "env:NOT_THERE"}

    told = refused(tmp_path, {"channels": [channel]})

    assert "env:NOT_THERE" in told


def test_an_event_too_large_for_the_control_socket_is_refused_and_costs_nothing(
    running: Appliance,
) -> None:
    event = {"host_id": "ws-1", "check_type": "big", "details": {"text": "x" * 2_000_000}}

    said = running.aright("event", "submit", "-", stdin=json.dumps(event))

    assert (said.exit_code, said.stdout) == (1, "")
    assert "the body has more than 1048576 bytes" in said.stderr
    assert running.aright("event", "submit", "--host", "ws-1", "--check", "c").exit_code == 0
    assert running.is_ready()


@pytest.mark.parametrize("size", [100_000, 8_000_000])
def test_an_event_too_large_for_the_agents_port_is_refused_and_costs_nothing(
    running: Appliance, size: int
) -> None:
    port: int = running.settings["listen"]["port"]  # type: ignore[index]  # as the fixture made it

    try:
        acks = asyncio.run(report(port, [drift(actual="x" * size, seq=1, boot_id="b1")]))
    except (GRPCError, StreamTerminatedError):
        acks = []
    small = asyncio.run(report(port, [drift(seq=2, boot_id="b1")]))

    assert [ack.received for ack in acks] in ([], [False])
    assert [ack.received for ack in small] == [True]
    [row] = until(lambda: running.data("incident", "list", "--state", "all"), "the small one")
    assert row["host"] == "ws-7"
