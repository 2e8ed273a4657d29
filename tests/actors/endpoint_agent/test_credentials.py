"""The certificate of an agent: made of its own key, replaced whole, renewed in time."""

import datetime as dt
import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trio
import trio.testing

from actors.endpoint_agent import Credentials, EnrolmentFailedError, Invitation
from runtime.clock import VirtualClock
from runtime.hosts.device_certificate import CertificateError, DeviceCertificate, NewKey
from tests.pki import NOW, Pki

TOKEN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


async def test_a_certificate_is_due_when_two_thirds_of_its_life_are_over(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    credentials = Credentials(Pki(tmp_path).device(), "ws-7", VirtualClock(NOW))

    await credentials.until_due()

    begins, ends = credentials.device.life()
    assert ends - begins > dt.timedelta(hours=24)
    due = (begins + (ends - begins) * 2 / 3 - NOW).total_seconds()
    assert trio.current_time() == pytest.approx(due, abs=1)


class Port(HTTPServer):
    """Certifies whoever has the token of the test, as the appliance's port does."""

    def __init__(self, pki: Pki) -> None:
        super().__init__(("127.0.0.1", 0), Enrolment)
        self.pki, self.seen = pki, list[dict[str, str]]()
        self.socket = pki.port(asks=ssl.CERT_NONE).wrap_socket(self.socket, server_side=True)


class Enrolment(BaseHTTPRequestHandler):
    def do_POST(self) -> None:  # the library's spelling
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        port = self.server
        assert isinstance(port, Port)
        port.seen.append(asked)
        if asked["token"] == TOKEN:
            issued = port.pki.issued(NewKey(b"", asked["csr"].encode()), asked["hostname"])
            status, told = 200, {"ca": "another", "certificate": issued.decode()}
        else:
            status, told = 403, {"reason": "token_spent", "detail": "it was used before"}
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
        pass


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Port]:
    with Port(Pki(tmp_path)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def invited(port: Port, token: str) -> Invitation:
    return Invitation("clinic", token, port.pki.authority.sha256)


async def test_an_invited_device_makes_its_key_and_trusts_the_pinned_authority(
    port: Port, tmp_path: Path
) -> None:
    credentials = Credentials(DeviceCertificate(tmp_path / "new"), "ws-7", VirtualClock(NOW))

    await credentials.enrol(invited(port, TOKEN), "127.0.0.1", port.server_port)

    [asked] = port.seen
    assert "PRIVATE" not in json.dumps(asked)
    assert (asked["hostname"], asked["site"]) == ("ws-7", "clinic")
    assert dt.datetime.fromisoformat(asked["time"]).tzinfo is not None
    credentials.device.tls.context("127.0.0.1")
    assert credentials.device.tls.ca.read_bytes() == port.pki.authority.pem


async def test_a_refusal_is_told_with_its_reason_and_leaves_nothing(
    port: Port, tmp_path: Path
) -> None:
    credentials = Credentials(DeviceCertificate(tmp_path / "new"), "ws-7", VirtualClock(NOW))

    with pytest.raises(EnrolmentFailedError, match="not enrolled: token_spent: it was used"):
        await credentials.enrol(invited(port, "B" * 26), "127.0.0.1", port.server_port)

    assert not credentials.device.is_there


def test_a_certificate_for_another_key_is_not_taken_and_the_old_one_stays(tmp_path: Path) -> None:
    pki = Pki(tmp_path)
    device, other = pki.device(), NewKey.made("ws-7")
    before = (device.folder / "device.pem").read_bytes()

    with pytest.raises(CertificateError, match="another key"):
        device.keep(NewKey.made("ws-7"), pki.issued(other))
    with pytest.raises(CertificateError, match="no certificate"):
        device.keep(other, b"")

    assert (device.folder / "device.pem").read_bytes() == before


def test_nobody_else_reads_the_key(tmp_path: Path) -> None:
    device = Pki(tmp_path).device()

    assert (device.folder / "device.pem").stat().st_mode & 0o777 == 0o600
    assert device.folder.stat().st_mode & 0o777 == 0o700


def test_an_invitation_is_read_and_never_repeated() -> None:
    text = "aright-1:main%20street:ABCDEFGHIJKLMNOPQRSTUVWXYZ:" + "a" * 64

    invitation = Invitation.parsed(f" {text}\n")

    assert invitation.site_id == "main street"
    assert "ABCDEF" not in repr(invitation)
    with pytest.raises(EnrolmentFailedError) as refused:
        Invitation.parsed(text[:-1])
    assert "ABCDEF" not in str(refused.value)
