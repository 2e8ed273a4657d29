"""The verbs of identities, as an operator types them: what is said, and how each ends."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.agents import free_port
from tests.system.appliance import Appliance


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    """Give an appliance that asks agents for certificates."""
    listen = {"enabled": True, "port": free_port(), "enrol_port": free_port()}
    appliance = Appliance(tmp_path_factory.mktemp("clinic"), {"listen": listen})
    appliance.start()
    yield appliance
    appliance.kill()


def test_an_invitation_is_printed_once_and_stands_nowhere(clinic: Appliance) -> None:
    said = clinic.aright("agent", "invite", "--host", "WS-7", "--reason", "new desk")

    assert said.exit_code == 0, said.stderr
    mark, site, token, digest = said.stdout.strip().split(":")
    assert (mark, site, len(token), len(digest)) == ("aright-1", "clinic", 26, 64)
    [row] = [row for row in clinic.data("agent", "list") if row["host"] == "ws-7"]
    assert row["state"] == "invited"
    [line] = clinic.data("agent", "audit", "--host", "ws-7")
    assert (line["what"], line["reason"]) == ("invited", "new desk")
    kept = [path for path in clinic.state_dir.iterdir() if path.is_file()]
    assert not [path for path in kept if token.encode() in path.read_bytes()]
    assert token not in clinic.said()


def test_the_keys_are_for_our_user_alone(clinic: Appliance) -> None:
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in clinic.state_dir.glob("*.pem")
    }

    assert modes == {"site_ca.pem": 0o600, "port.pem": 0o600, "evidence_key.pem": 0o600}


def test_a_window_is_opened_shown_and_closed(clinic: Appliance) -> None:
    opened = clinic.aright(
        "agent", "enrol", "--open", "15m", "--count", "3", "--from", "192.0.2.0/24"
    )
    assert opened.exit_code == 0, opened.stderr
    assert opened.stdout.startswith("open until ")

    shown = clinic.data("agent", "enrol")
    assert (shown["open"], shown["places"], shown["from"]) == (True, 3, "192.0.2.0/24")
    assert 0 < shown["seconds_left"] <= 900
    assert "for 3 agents from 192.0.2.0/24" in clinic.aright("agent", "enrol").stdout

    assert clinic.aright("agent", "enrol", "--close").exit_code == 0
    assert clinic.data("agent", "enrol") == {"open": False}
    again = clinic.aright("agent", "enrol", "--close")
    assert (again.exit_code, again.stderr) == (5, "aright: no enrolment window is open\n")


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["invite"], 2, "--host"),
        (["invite", "--host", "a b"], 2, "no host name"),
        (["invite", "--host", "ws-7", "--hours", "0"], 2, "--hours"),
        (["invite", "--host", "ws-7", "--dry-run"], 10, "would invite ws-7 for 24 hours"),
        (["revoke", "ws-9"], 2, "--reason"),
        (["revoke", "ws-9", "--reason", "stolen"], 3, "no valid certificate or invitation of ws-9"),
        (["revoke", "ws-9", "--reason", "stolen", "--dry-run"], 3, "no valid certificate"),
        (["enrol", "--open", "soon"], 2, "no duration"),
        (["enrol", "--open", "25h"], 2, "24 hours at most"),
        (["enrol", "--open", "1m", "--from", "lan"], 2, "no CIDR block"),
        (["enrol", "--open", "1m", "--close"], 2, "either"),
        (["enrol", "--count", "3"], 2, "--open"),
        (["enrol", "--open", "1m", "--dry-run"], 10, "would open"),
        (["enrol", "--close", "--dry-run"], 10, "would close"),
    ],
)
def test_a_verb_ends_as_it_should(
    clinic: Appliance, words: list[str], code: int, text: str
) -> None:
    ended = clinic.aright("agent", *words)

    assert ended.exit_code == code, ended.output
    assert text in ended.output


def test_an_appliance_without_certificates_invites_nobody(site: Appliance) -> None:
    refused = site.aright("agent", "invite", "--host", "ws-7")

    assert refused.exit_code == 5
    assert "listen.enabled" in refused.stderr


def test_any_address_is_served_only_under_a_name(tmp_path: Path) -> None:
    config = tmp_path / "appliance.yaml"
    config.write_text(json.dumps({"listen": {"enabled": True, "host": "0.0.0.0"}}))  # noqa: S104
    appliance = Appliance(tmp_path, {})

    checked = appliance.aright("config", "check")

    assert checked.exit_code == 1
    assert "names must say what agents call this appliance by" in checked.stderr
