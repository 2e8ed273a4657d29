"""`aright doctor`: what the appliance needs on this machine, and what to do where it is missing."""

import shutil
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import attrs
import click

from runtime.cli.exits import Exit
from runtime.cli.output import Format, output_option, print_rows
from runtime.cli.settings import settings
from runtime.errors import ArightError
from runtime.llm_settings import LlmProvider
from runtime.people_settings import Channel
from runtime.settings import Settings

_FREE_BYTES = 64 * 1024 * 1024
"""The reserve file, and room for the journal to grow while somebody is on the way."""


@attrs.frozen
class Finding:
    """One line of the doctor's."""

    what: str
    ok: bool
    finding: str
    do: str = ""


@click.command()
@output_option
def command(output: Format) -> None:
    """Check what the appliance needs on this machine; ends with 1 when something is missing."""
    findings = list(_findings(settings()))
    rows = [{**attrs.asdict(each), "ok": "ok" if each.ok else "FAIL"} for each in findings]
    print_rows(rows, ["ok", "what", "finding", "do"], output, none="")
    raise SystemExit(Exit.OK if all(each.ok for each in findings) else Exit.ERROR)


def _findings(configured: Settings) -> Iterator[Finding]:
    yield Finding("config", True, f"role {configured.role}, site {configured.site_id}")
    yield _rules(configured)
    yield _state_dir(configured.state_path)
    yield _disk(configured.state_path)
    yield Finding("sqlite", True, sqlite3.sqlite_version)
    yield _appliance(configured.state_path)
    if configured.listen.enabled:
        yield _port("agents' port", configured.listen.host, configured.listen.port, configured)
    if configured.health.port:
        yield _port("health port", "127.0.0.1", configured.health.port, configured)
    systemd = Path("/run/systemd/system").is_dir()
    yield Finding("services", True, "systemd" if systemd else "no systemd: targets name commands")
    for channel in configured.channels:
        yield _channel(channel)
    for provider in configured.llm.providers:
        yield _provider(provider, configured.llm.model_of(provider))


def _rules(configured: Settings) -> Finding:
    from runtime.roles.catalogue import load_catalogue

    try:
        catalogue = load_catalogue(configured)
    except ArightError as error:
        return Finding(
            "rules", False, str(error), "mend the file; the last good set stays in force"
        )
    if catalogue.problems:
        return Finding("rules", False, catalogue.problems[0], "aright config check lists them all")
    return Finding("rules", True, f"{len(catalogue.rules.rules)} rules")


def _state_dir(path: Path) -> Finding:
    import os

    nearest = _nearest(path)
    if os.access(nearest, os.W_OK | os.X_OK):
        return Finding("state dir", True, str(path))
    return Finding("state dir", False, f"{nearest} is not writable", "name another: --state-dir")


def _nearest(path: Path) -> Path:
    """Give what is there of a path and may be seen."""
    import os

    # Not by `Path.exists`: it raises where a folder on the way may not be looked into.
    return next(each for each in (path, *path.parents) if os.path.exists(each))  # noqa: PTH110


def _disk(path: Path) -> Finding:
    nearest = _nearest(path)
    free = shutil.disk_usage(nearest).free
    said = f"{free // 1_000_000} MB free"
    if free >= _FREE_BYTES:
        return Finding("disk", True, said)
    return Finding("disk", False, said, "free at least 64 MiB; until then nothing new is acked")


def _appliance(state_dir: Path) -> Finding:
    control = state_dir / "control.sock"
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(control))
        except OSError:
            return Finding("appliance", True, "not running", "aright run")
    return Finding("appliance", True, f"running, {control}")


def _port(what: str, host: str, port: int, configured: Settings) -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if _appliance(configured.state_path).finding.startswith("running"):
                return Finding(what, True, f"{host}:{port}, in use by the running appliance")
            problem = f"{host}:{port}: {error.strerror}"
            return Finding(what, False, problem, "name another port in the config")
    return Finding(what, True, f"{host}:{port} is free")


def _channel(channel: Channel) -> Finding:
    from runtime.roles.channels import problem_of

    problem = problem_of(channel)
    do = "set it, or name another place" if problem else ""
    told = problem or f"{channel.kind}; whether it takes: aright channel test {channel.name}"
    return Finding(f"channel {channel.name}", not problem, told, do)


def _provider(provider: LlmProvider, model: str) -> Finding:
    """Say whether a key is where the config says.  The model is not asked: that costs."""
    what = f"model {provider.label}"
    if provider.key_place is not None:
        from runtime.secret_source import MissingSecretError, read_header_key

        try:
            read_header_key(provider.key_place)
        except MissingSecretError as missing:
            return Finding(what, False, str(missing), "set it, or name another place: key")
    return Finding(what, True, f"{model} at {provider.host}")
