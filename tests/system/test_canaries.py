"""What tells of a patient is planted in all that an appliance hears, and leaves it nowhere."""

import json
import shutil
import socketserver
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import attrs
import pytest
import yaml

from runtime.cli.demo.model import LocalModel, local_model
from runtime.settings import shipped
from tests.system.appliance import Appliance, tree, until

CANARIES = {
    "ssn": "401-22-7730",
    "bare ssn": "401227731",
    "name": "Quartermaine",
    "mrn": "66200193",
    "phone": "937-555-0144",
    "email": "rfinch1962@mail.example",
    "card": "4012-8888-8888-1881",
    "password": "Sunflower#19",
    "token": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "birth": "07/11/1962",
}
SONG = (
    "patient Zebulon Quartermaine, SSN 401-22-7730, MRN 66200193, DOB 07/11/1962, "
    "phone 937-555-0144, rfinch1962@mail.example, card 4012-8888-8888-1881, "
    "password: Sunflower#19, "
    "token ghp_16C7e42F292c6912E7710c838347Ae178B4a"
)
"""All of them, as a person or a program would say them."""

RUNBOOK = {
    "id": "SINGS",
    "title": "Say much and mend nothing",
    "platform": "linux",
    "checks": ["ssh_max_auth_tries"],
    "act": {"script": "sings", "args": {"path": "/etc/ssh/sshd_config"}},
    "undo": "sings",
    "changes": ["file"],
    "timeout_s": 10,
    "idempotent": True,
}
RULE = {
    "id": "SINGS",
    "priority": 1,
    "mode": "auto",
    "conditions": [{"field": "check_type", "operator": "eq", "value": "ssh_max_auth_tries"}],
    "action": "execute_runbook",
    "runbook_id": "SINGS",
}
SCRIPT = f"""
import json
import sys

print({SONG!r})
print({SONG!r}, file=sys.stderr)
print(json.dumps({{"error": {SONG!r}, "ssn": 401227731}}))
sys.exit(1)
"""


@attrs.define
class World:
    """All that is outside, and what it heard."""

    port: int = 0
    heard: list[bytes] = attrs.field(factory=list[bytes])


@contextmanager
def web(world: World) -> Iterator[None]:
    """Serve every channel that speaks HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            head = str(self.headers).encode()
            world.heard.append(self.path.encode() + b"\n" + head + b"\n" + body)
            self.send_response(202)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        world.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def mail(world: World) -> Iterator[int]:
    """Serve the channel that sends mail; gives its port."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                match line[:4].upper():
                    case b"EHLO":
                        self.wfile.write(b"250 here\r\n")
                    case b"DATA":
                        self.wfile.write(b"354 say it\r\n")
                        world.heard.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                        self.wfile.write(b"250 taken\r\n")
                    case b"QUIT":
                        self.wfile.write(b"221 bye\r\n")
                        return
                    case _:
                        self.wfile.write(b"250 well\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def model() -> Iterator[LocalModel]:
    with local_model() as running:
        yield running


def own_rules(folder: Path) -> Path:
    """Write a rule whose runbook says much to whoever listens."""
    for name in ("checks", "runbooks"):
        shutil.copytree(shipped("rules") / name, folder / name)
    (folder / "l1").mkdir()
    (folder / "l1" / "own.yaml").write_text(yaml.safe_dump({"rules": [RULE]}), encoding="utf-8")
    runbooks = yaml.safe_dump({"runbooks": [RUNBOOK]})
    (folder / "runbooks" / "own.yaml").write_text(runbooks, encoding="utf-8")
    (folder / "runbooks" / "scripts" / "sings.py").write_text(SCRIPT, encoding="utf-8")
    return folder


def appliance(folder: Path, world: World, mail_port: int, model: LocalModel) -> Appliance:
    here = f"http://127.0.0.1:{world.port}"
    channels: list[Mapping[str, object]] = [
        {"name": "hook", "url": f"{here}/hook", "secret": "env:KEY", "updates": True},
        {"name": "chat", "kind": "slack", "webhook": "env:CHAT"},
        {"name": "pager", "kind": "pagerduty", "routing_key": "env:KEY", "url": f"{here}/pager"},
        {"name": "teams", "kind": "teams", "webhook": "env:TEAMS"},
        {"name": "sendgrid", "kind": "sendgrid", "key": "env:KEY", "url": f"{here}/grid",
         "sender": "aright@clinic.example", "to": ["help@msp.example"], "updates": True},
        {"name": "mail", "kind": "email", "host": "127.0.0.1", "port": mail_port, "tls": "none",
         "sender": "aright@clinic.example", "to": ["help@msp.example"], "updates": True},
    ]  # fmt: skip
    song = f"# {SONG}\nPort 22\nMaxAuthTries 9\nPermitRootLogin {SONG}\n"
    targets = [
        {"host": "ws-1", "root": str(tree(folder / "ws-1", {"etc/ssh/sshd_config": (song, 0o600)})),
         "checks": ["ssh_max_auth_tries", "ssh_root_login"], "interval": 3600},
    ]  # fmt: skip
    provider = {"kind": "openai_compatible", "name": "demo", "url": model.url, "model": "demo-1"}
    return Appliance(
        folder,
        {
            "channels": channels,
            "targets": targets,
            "mode": "auto",
            "shipped_rules": False,
            "rules": str(own_rules(folder / "rules")),
            "llm": {
                "providers": [{**provider, "prices": {"input": 2.5, "output": 10}}],
                "mode": "auto",
                "timeout": 5,
            },
        },
        {"KEY": "a-key-for-tests", "CHAT": f"{here}/chat", "TEAMS": f"{here}/teams"},
    )


def event(host: str, **told: object) -> str:
    said = {"host_id": host, "check_type": "unheard_of", "platform": "linux", "status": "fail"}
    return json.dumps({**said, **told})


def test_no_canary_leaves_an_appliance(model: LocalModel, tmp_path: Path) -> None:
    def reasons(question: str) -> Mapping[str, object]:
        return {
            "runbook_id": None,
            "params": {},
            "confidence": 0.4,
            "requires_human_review": True,
            "reasoning": f"It is because {SONG}.",
        }

    model.answer = reasons
    world = World()
    with web(world), mail(world) as mail_port:
        site = appliance(tmp_path, world, mail_port, model)
        try:
            site.start()
            metrics = sing_to(site)
            until(lambda: len(channels_in(world)) == 6, f"every channel; {channels_in(world)}")
            until(lambda: bool(model.asked), "a question to the model")
            said = site.said()
            kit = site.folder / "kit.zip"
            exported = site.aright("evidence", "export", "--since", "2020-01-01", "--out", str(kit))
            assert exported.exit_code == 0, exported.output
        finally:
            site.kill()

    left = {
        "a channel": b"\n".join(world.heard),
        "a prompt": "\n".join(model.asked).encode(),
        "the log": said.encode(),
        "the metrics": metrics,
        "the evidence": contents(kit),
    }
    assert {where for where, text in left.items() if len(text) < 100} == set()
    assert b"<ssn:" in left["a prompt"]
    found = {(name, where) for where, text in left.items() for name in heard_in(text)}
    assert found == set()


def sing_to(site: Appliance) -> bytes:
    """Say the song in every way in which something is said to an appliance; give its metrics."""
    for number, told in enumerate(
        (
            {"actual": SONG, "expected": "none"},
            {"actual": "off", "expected": SONG},
            {"actual": '{"patient": {"name": "Zebulon Quartermaine", "ssn": 401227731}}'},
            {"actual": SONG, "check_type": "shadow_permissions", "status": "fail"},
        )
    ):
        sent = site.aright("event", "submit", "-", stdin=event(f"ws-{number + 5}", **told))
        assert sent.exit_code == 0, sent.output
    tickets = until(lambda: site.data("ticket", "list") or None, "a ticket")
    note = site.aright("ticket", "ack", tickets[0]["id"], "--note", SONG)
    assert note.exit_code == 0, note.output
    site.incident("ws-1", "escalated")  # its runbook ran, and said all of it
    return bytes(site.ask("/metrics").body)


def channels_in(world: World) -> set[str]:
    """Name the channels that were heard so far."""
    names = {path: path for path in ("hook", "chat", "pager", "teams", "grid")}
    found = {
        name
        for name, path in names.items()
        for one in world.heard
        if one.startswith(f"/{path}".encode())
    }
    return found | {"mail" for one in world.heard if b"Message-ID" in one}


def contents(kit: Path) -> bytes:
    """Give all that stands in a kit."""
    with zipfile.ZipFile(kit) as files:
        return b"\n".join(files.read(name) for name in files.namelist())


def heard_in(text: bytes) -> Iterator[str]:
    """Name the canaries in a text, also where it is packed for mail or JSON."""
    for name, canary in CANARIES.items():
        if canary.encode() in text or canary.replace("/", r"\/").encode() in text:
            yield name
