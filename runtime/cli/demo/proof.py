"""The last scene: what was done is proved to a stranger, and a changed byte is found out."""

import subprocess
import sys
import time
import zipfile
from pathlib import Path

import click

from runtime.cli.client import mapping, read
from runtime.cli.demo.play import Play
from runtime.cli.demo.scenes import RECOVERED
from runtime.cli.settings import settings
from runtime.clock import SystemClock
from runtime.errors import NotFoundError

_PATIENCE = 30.0
"""Seconds until a signed head is over all that was done with an incident."""

_VERIFIED = "A kit for an auditor verifies offline, by two programs"
_CAUGHT = "... and with one byte changed it does not"


def prove(play: Play) -> None:
    """Export what was done about the fix that was killed, verify it, and tamper with it."""
    incident = play.shown(RECOVERED.title)
    kit = play.stage.folder / "kit.zip"
    if incident is None or not _exported(incident, kit):
        play.record(_VERIFIED, None)
        play.record(_CAUGHT, None)
        return
    # The key is asked of the appliance: a kit does not vouch for itself.
    key = str(mapping(mapping(read("evidence", "status"))["key"])["fingerprint"])
    click.echo(f"\n$ aright evidence export --incident {incident} --out kit.zip")
    click.echo(f"$ aright evidence verify kit.zip --key {key[:12]}...")
    found = _both(kit, key)
    play.record(_VERIFIED, "kit.zip" if found == ("verified", 0) else None)
    data = bytearray(kit.read_bytes())
    data[len(data) // 2] ^= 1
    changed = kit.with_name("changed.zip")
    changed.write_bytes(data)
    click.echo("one byte of it changed:")
    found = _both(changed, key)
    play.record(_CAUGHT, "changed.zip" if found == ("mismatch", 6) else None)


def _exported(incident: str, kit: Path) -> bool:
    from runtime.roles.evidence_kit import Selection, made_kit

    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        try:
            made = made_kit(settings(), Selection(incident), SystemClock())
        except NotFoundError:
            time.sleep(0.2)
            continue
        if not made.parts.waiting:
            kit.write_bytes(made.data)
            return True
        time.sleep(0.2)
    return False


def _both(kit: Path, key: str) -> tuple[str, int]:
    """Verify by our own code, and by the program out of the kit."""
    from runtime.roles.evidence_kit import judged_kit
    from runtime.roles.kit_words import lines

    verdict = judged_kit(kit.read_bytes(), key, None)
    click.echo(f"  {next(lines(verdict, key_named=True))}")
    program = kit.with_name("verify.py")
    if not program.exists():
        with zipfile.ZipFile(kit) as archive:
            program.write_bytes(archive.read(program.name))
    command = [sys.executable, "-I", str(program), str(kit), "--key", key]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  our own
    click.echo(f"  python verify.py, out of the kit, ends with {done.returncode}")
    return verdict.outcome.value, done.returncode
