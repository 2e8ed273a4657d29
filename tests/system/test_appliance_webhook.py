"""A channel to people: a signed notice that comes again until it is taken, also after a kill."""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.system.appliance import Appliance, tree, until

SECRET = "a key for tests"
SHADOW = {"etc/shadow": ("root:*:19000::::::\n", 0o644)}


@attrs.define
class Bridge:
    """The other end: answers as told, and keeps what it heard."""

    answers: list[int]
    """The status of the first answer, the second, ...; the last one for all that follow."""
    heard: list[tuple[dict[str, str], bytes]] = attrs.field(factory=list)

    def answer(self) -> int:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def bridge() -> Iterator[tuple[Bridge, int]]:
    bridge = Bridge([200])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            bridge.heard.append((dict(self.headers.items()), body))
            self.send_response(bridge.answer())
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield bridge, server.server_address[1]
        server.shutdown()
        thread.join()


def appliance(folder: Path, port: int) -> Appliance:
    channel = {"name": "bridge", "url": f"http://127.0.0.1:{port}/hook", "secret": "env:HOOK_KEY"}
    target = {"host": "ws-1", "root": str(tree(folder / "ws-1", SHADOW))}
    targets = [{**target, "checks": ["shadow_permissions"], "interval": 3600}]
    return Appliance(folder, {"channels": [channel], "targets": targets}, {"HOOK_KEY": SECRET})


def test_a_notice_is_signed_comes_again_and_says_no_more_than_it_may(
    tmp_path: Path, bridge: tuple[Bridge, int]
) -> None:
    receiver, port = bridge
    receiver.answers = [503, 503, 204]
    site = appliance(tmp_path, port)
    try:
        site.start()
        incident = site.incident("ws-1", "refused")["id"]
        until(lambda: len(receiver.heard) >= 3, "three tries")
        [ticket] = site.data("ticket", "list")
        until(lambda: delivered(site, ticket["id"]) == "sent", "the delivery is written down")
    finally:
        site.kill()

    assert len(receiver.heard) == 3
    assert len({headers["Aright-Delivery"] for headers, _ in receiver.heard}) == 1
    for headers, body in receiver.heard:
        at, digest = (part.split("=")[1] for part in headers["Aright-Signature"].split(", "))
        signed = hmac.new(SECRET.encode(), at.encode() + b"." + body, hashlib.sha256)
        assert digest == signed.hexdigest()
    notice = json.loads(receiver.heard[-1][1])
    assert (notice["kind"], notice["host"], notice["ticket_id"]) == ("audit", "ws-1", ticket["id"])
    assert notice["incident_ids"] == [incident]
    for leak in (b"0644", b"0640", b"root:"):
        assert leak not in receiver.heard[-1][1]
    assert SECRET not in site.said()


@pytest.mark.parametrize("end", [Appliance.kill, Appliance.drain])
def test_what_nobody_took_is_sent_by_the_next_life(
    tmp_path: Path, bridge: tuple[Bridge, int], end: Callable[[Appliance], object]
) -> None:
    receiver, port = bridge
    receiver.answers = [503]
    site = appliance(tmp_path, port)
    try:
        site.start()
        until(lambda: receiver.heard, "a first try")
        assert end(site) in (None, 0)
        receiver.answers = [200]
        tries = len(receiver.heard)

        site.start()

        until(lambda: len(receiver.heard) > tries, "a try of the next life")
        [ticket] = site.data("ticket", "list")
        until(lambda: delivered(site, ticket["id"]) == "sent", "the delivery is written down")
    finally:
        site.kill()
    assert len({headers["Aright-Delivery"] for headers, _ in receiver.heard}) == 1


def delivered(site: Appliance, ticket: str) -> str | None:
    page: dict[str, Any] = site.data("ticket", "show", ticket)
    return next((each["state"] for each in page["deliveries"] if each["channel"] == "bridge"), None)
