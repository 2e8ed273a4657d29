"""A machine of its own for one case: namespaces of processes, mounts and network, and a fresh root.

Needs root.  Programs and libraries of this machine are there read-only, `/etc` and all else is
new, and of the kernel only the settings of the own network can be written: a runbook that would
change more is refused by the kernel itself.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import attrs
import trio

from actors.catalogue.check_files import load_checks
from actors.catalogue.runbook_files import load_runbooks
from runtime.settings import shipped
from tests.prove.cases import all_cases
from tests.prove.proof import Proof, UnprovedError
from tests.prove.roots import GuardError, Root

_NAMESPACES = ("mnt", "net", "pid")
_UNSHARE = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child")
_LIMIT_S = 120


def has_machines() -> bool:
    """Say whether this user and this kernel can make one."""
    if os.geteuid() != 0:
        return False
    try:
        done = subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def prove_on_own_machine(position: int) -> None:
    """Prove the case at `position` of all in a process of its own; raises UnprovedError."""
    with tempfile.TemporaryDirectory(prefix="aright-prove-") as folder:
        asked = json.dumps({"case": position, "folder": folder, "outside": _namespaces()})
        done = subprocess.run(
            [*_UNSHARE, sys.executable, "-m", "tests.prove.machine", asked],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    if done.returncode:
        raise UnprovedError((done.stderr or done.stdout).strip().rpartition("\n")[2])


def _namespaces() -> dict[str, str]:
    return {name: str(Path(f"/proc/self/ns/{name}").readlink()) for name in _NAMESPACES}


def _inside(asked: str) -> None:
    """Make the machine, enter it, and prove."""
    told = json.loads(asked)
    shared = [name for name, was in told["outside"].items() if _namespaces()[name] == was]
    if shared:
        raise GuardError(f"namespaces are those outside: {', '.join(shared)}")
    # All that is read is read before the root changes.
    rules = shipped("rules")
    checks, runbooks = load_checks(rules / "checks").by_id, load_runbooks(rules / "runbooks")
    case = all_cases()[told["case"]]
    root = _entered(Path(told["folder"]))
    trio.run(Proof.of(case, root, checks, runbooks).run)


def _entered(base: Path) -> Root:
    _mount("--make-rprivate", "/")
    _mount("-t", "tmpfs", "none", str(base))
    root = Root.made(base)
    for name in ("bin", "sbin", "lib", "lib64"):
        place = Path("/", name)
        if place.is_symlink():
            (base / name).symlink_to(place.readlink())
        elif place.is_dir():
            _show(base, place)
    needed = {Path("/usr"), Path(sys.base_prefix), Path(sys.prefix), Path.cwd()}
    for place in sorted(needed):  # what lies within another comes after it, and is there already
        _show(base, place)
    for name in ("etc", "var", "run", "tmp", "boot", "dev", "proc", "kernel"):
        (base / name).mkdir(exist_ok=True)
    _mount("--rbind", "/dev", str(base / "dev"))
    _mount("-t", "proc", "proc", str(base / "proc"))
    _mount("-t", "proc", "proc", str(base / "kernel"))
    settings = base / "proc/sys"
    _mount("--bind", str(settings), str(settings))
    _mount("-o", "remount,ro,bind", str(settings))
    _mount("--bind", str(base / "kernel/sys/net"), str(settings / "net"))
    os.chroot(base)
    os.chdir("/")
    return attrs.evolve(root, path=Path("/"))


def _show(base: Path, place: Path) -> None:
    """Have a folder of this machine in the new one, read-only."""
    inside = base / str(place).lstrip("/")
    if inside.exists():
        return
    inside.mkdir(parents=True, exist_ok=True)
    _mount("--bind", str(place), str(inside))
    _mount("-o", "remount,ro,bind", str(inside))


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    try:
        _inside(sys.argv[1])
    except (UnprovedError, GuardError) as refused:
        sys.exit(str(refused))
