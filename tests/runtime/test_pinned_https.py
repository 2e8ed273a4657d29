"""HTTPS to a server of which only the digest of its authority is known."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from runtime.hosts.http_client import HttpError
from runtime.hosts.pinned_https import pinned_authority, post_json
from tests.pki import Pki
from tests.system.agents import free_port


class Enrolling(BaseHTTPRequestHandler):
    def do_POST(self) -> None:  # the library's spelling
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode() + b" " + body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
        pass


@contextmanager
def serving(context: ssl.SSLContext) -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Enrolling) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_the_authority_with_the_digest_is_found_and_then_trusted(tmp_path: Path) -> None:
    pki = Pki(tmp_path)
    with serving(pki.port(asks=ssl.CERT_NONE)) as port:
        found = pinned_authority("127.0.0.1", port, pki.authority.sha256)
        reply = post_json("127.0.0.1", port, "/v1/enrol", b"{}", found)

    assert found.encode() == pki.authority.pem
    assert (reply.status, reply.body) == (200, b"/v1/enrol {}")


def test_a_server_of_another_authority_is_told_nothing(tmp_path: Path) -> None:
    context, refused = Pki(tmp_path).port(asks=ssl.CERT_NONE), "another certificate authority"
    with serving(context) as port, pytest.raises(HttpError, match=refused):
        pinned_authority("127.0.0.1", port, "0" * 64)


def test_a_server_that_only_shows_the_authority_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    mine, other = Pki(tmp_path), Pki(tmp_path / "other")
    context, trusted = other.port(asks=ssl.CERT_NONE), mine.authority.pem.decode()
    with serving(context) as port, pytest.raises(HttpError, match="is not trusted"):
        post_json("127.0.0.1", port, "/v1/enrol", b"{}", trusted)


def test_a_server_of_another_name_is_not_trusted(tmp_path: Path) -> None:
    pki = Pki(tmp_path)
    context, trusted = pki.port("elsewhere.example", asks=ssl.CERT_NONE), pki.authority.pem.decode()
    with serving(context) as port, pytest.raises(HttpError, match="is not trusted"):
        post_json("127.0.0.1", port, "/v1/enrol", b"{}", trusted)


def test_where_nobody_listens_the_error_names_the_address() -> None:
    port = free_port()
    with pytest.raises(HttpError, match=f"127.0.0.1:{port}: Connection refused"):
        pinned_authority("127.0.0.1", port, "0" * 64)


@pytest.mark.parametrize("name", ["appliance..example.org", "a" * 64])
def test_a_name_that_nobody_can_have_is_an_error_that_names_it(name: str) -> None:
    with pytest.raises(HttpError, match=f"{name}:1: no name of a host"):
        pinned_authority(name, 1, "0" * 64)
