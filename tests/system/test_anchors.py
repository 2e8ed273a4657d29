"""A real appliance anchors its log by a calendar on loopback, and says how far it came."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typing_extensions import override

from actors.evidence_log.kit import verify_kit
from tests.fakes.calendar import Calendar, Chain
from tests.system.appliance import Appliance, until


@pytest.fixture
def calendar() -> Iterator[Calendar]:
    calendar = Calendar("", Chain())

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(calendar.submit(body))

        def do_GET(self) -> None:
            self._answer(calendar.timestamp(bytes.fromhex(self.path.rpartition("/")[2])))

        def _answer(self, body: bytes | None) -> None:
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    calendar.uri = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield calendar
    server.shutdown()
    thread.join()
    server.server_close()


def anchoring(calendar: Calendar, **more: object) -> dict[str, object]:
    told = {"enabled": True, "calendars": [calendar.uri], "allowed": [], "quorum": 1}
    return {"shipped_rules": True, "anchor": {**told, "esplora": [], **more}}


def kit_of(appliance: Appliance, out: Path) -> tuple[int, object]:
    """Export all there is and verify it twice; give the exit code and the reason."""
    words = ("--since", "2000-01-01", "--out", str(out))
    exported = appliance.aright("evidence", "export", *words)
    assert exported.exit_code == 0, exported.stderr
    key = appliance.data("evidence", "status")["key"]["fingerprint"]
    told = appliance.aright("evidence", "verify", str(out), "--key", key, "-o", "json")
    assert json.loads(told.stdout) == verify_kit.verify(out.read_bytes(), key, {})
    return told.exit_code, json.loads(told.stdout)["reason"]


def test_an_appliance_anchors_its_log_and_says_how_far_it_came(
    calendar: Calendar, tmp_path: Path
) -> None:
    appliance = Appliance(tmp_path, anchoring(calendar))
    try:
        appliance.start()
        appliance.aright("event", "submit", "--host", "pc-7", "--check", "firewall_status")

        def batch(stage: str) -> dict[str, object] | None:
            batches = appliance.data("evidence", "anchor")["batches"]
            return batches[0] if batches and batches[0]["stage"] == stage else None

        assert appliance.data("evidence", "anchor")["verified"] is None
        pending = until(lambda: batch("pending"), "a promise")
        assert len(calendar.heard) == 1
        assert calendar.heard[0].hex() == pending["batch"]
        assert kit_of(appliance, tmp_path / "early.zip") == (11, "anchor_pending")

        calendar.keep_promises()
        rehearsed = appliance.aright("evidence", "anchor", "--now", "--dry-run")
        assert (rehearsed.exit_code, len(calendar.asked)) == (10, 0)
        assert appliance.aright("evidence", "anchor", "--now").exit_code == 0
        until(lambda: batch("anchored"), "a block")
        assert kit_of(appliance, tmp_path / "later.zip") == (12, "anchor_unchecked")
        until(
            lambda: "not_at_hand" in appliance.aright("evidence", "anchor").stdout,
            "that nobody has its header",
        )

        assert appliance.drain() == 0
        assert appliance.data("evidence", "anchor")["batches"][0]["stage"] == "anchored"
    finally:
        appliance.kill()


def test_without_the_setting_nothing_is_anchored_and_nothing_loaded_for_it(
    calendar: Calendar, tmp_path: Path
) -> None:
    appliance = Appliance(tmp_path, anchoring(calendar, enabled=False))
    try:
        appliance.start()
        maps = Path(f"/proc/{appliance.running.pid}/maps").read_text(encoding="utf-8")
        assert "Cryptodome" not in maps
        refused = appliance.aright("evidence", "anchor", "--now")
        assert (refused.exit_code, "anchor.enabled" in refused.stderr) == (5, True)
        assert calendar.heard == []
    finally:
        appliance.kill()


def test_a_file_of_headers_that_is_none_is_said_at_the_start(
    calendar: Calendar, tmp_path: Path
) -> None:
    headers = tmp_path / "headers.json"
    headers.write_text(json.dumps({"1": {"header": "00"}}), encoding="utf-8")
    appliance = Appliance(tmp_path / "a", anchoring(calendar, headers=str(headers)))

    appliance.spawn()

    assert appliance.ended() == 1
    assert "no header of 80 bytes" in appliance.said()
