"""Roots to prove in: a sound host's files below a directory, and the guard that keeps us there."""

import hashlib
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

import attrs

from tests.prove.cases import Distro, PlannedFile

_MARK = ".aright-prove"

_OS = {
    "debian": 'PRETTY_NAME="Debian GNU/Linux 12"\nVERSION_ID="12"\nID=debian\n',
    "rhel": 'PRETTY_NAME="Red Hat Enterprise Linux 9"\nVERSION_ID="9.4"\nID="rhel"\n',
}
_SHADOW_GROUP = {"debian": "shadow:x:42:\n", "rhel": ""}
_SSHD = """\
# What the distribution ships, as far as it matters here.
Include /etc/ssh/sshd_config.d/*.conf
#Port 22
#PermitRootLogin prohibit-password
PermitRootLogin no
PasswordAuthentication no
MaxAuthTries 4
ClientAliveInterval 300
ClientAliveCountMax 3
UsePAM yes
Subsystem sftp internal-sftp
"""
_DAEMON = "import time\nwhile True:\n    time.sleep(3600)\n"


def sound_host(distro: Distro) -> dict[str, PlannedFile]:
    """Give the files of a host that nothing is wrong with, by path."""
    text = {
        "/etc/os-release": _OS[distro],
        "/etc/passwd": "root:x:0:0::/root:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\n",
        "/etc/group": f"root:x:0:\ndaemon:x:1:\n{_SHADOW_GROUP[distro]}",
        "/etc/hosts": "127.0.0.1 localhost\n",
        "/etc/issue.net": "Authorised users only.\n",
        "/etc/login.defs": "# Ageing\nPASS_MAX_DAYS\t90\nPASS_MIN_DAYS\t1\nPASS_WARN_AGE\t7\n",
        "/opt/daemon.py": _DAEMON,
    }  # fmt: skip
    shadow = "0640" if distro == "debian" else "0000"
    return {
        **{path: PlannedFile(content=content, mode="0644") for path, content in text.items()},
        "/etc/shadow": PlannedFile(content="root:*:19000:1:90:7:::\n", mode=shadow),
        "/etc/sudoers": PlannedFile(content="root ALL=(ALL:ALL) ALL\n", mode="0440"),
        "/etc/ssh/sshd_config": PlannedFile(content=_SSHD, mode="0600"),
        "/etc/ssh/sshd_config.d": PlannedFile(mode="0755"),
        "/run/.keep": PlannedFile(content="", mode="0644"),
    }


class GuardError(Exception):
    """The proof would act outside of what it made: it does not."""


@attrs.frozen
class Root:
    """A directory of our own that stands for a host; nothing is ever done in another."""

    path: Path
    _token: str = attrs.field(factory=lambda: secrets.token_hex(16))

    @classmethod
    def made(cls, path: Path) -> "Root":
        """Take an empty directory; one with anything in it is somebody's."""
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise GuardError(f"{path} is not empty")
        root = cls(path)
        (path / _MARK).write_text(root._token, encoding="ascii")
        return root

    def guard(self) -> None:
        """Refuse unless this is the root that we made and marked."""
        mark = self.path / _MARK
        if not mark.is_file() or mark.read_text(encoding="ascii") != self._token:
            raise GuardError(f"{self.path} is not a root that this proof made")

    def plan(self, files: Mapping[str, PlannedFile]) -> None:
        """Make files what they shall be."""
        self.guard()
        for path, planned in files.items():
            self._put(self._within(path), planned)

    def _put(self, place: Path, planned: PlannedFile) -> None:
        if planned.absent:
            place.unlink(missing_ok=True)
            return
        if planned.content is None and not place.exists():
            place.mkdir(parents=True, mode=0o755)
        place.parent.mkdir(parents=True, exist_ok=True)
        if planned.content is not None:
            new = not place.exists()
            place.write_text(planned.content, encoding="utf-8", newline="")
            if new:
                place.chmod(0o644)
        if planned.owner is not None:
            user, _, group = planned.owner.partition(":")
            os.chown(place, self._number("passwd", user), self._number("group", group))
        if planned.mode is not None:
            place.chmod(int(planned.mode, 8))

    def _within(self, path: str) -> Path:
        place = self.path / path.lstrip("/")
        if not place.parent.resolve().is_relative_to(self.path.resolve()):
            raise GuardError(f"{path} leads out of {self.path}")
        return place

    def _number(self, table: str, name: str) -> int:
        for line in (self.path / "etc" / table).read_text(encoding="utf-8").splitlines():
            fields = line.split(":")
            if fields[0] == name:
                return int(fields[2])
        raise GuardError(f"no {name} in /etc/{table} of the root")

    def everything(self) -> dict[str, tuple[int, int, int, str, str]]:
        """Give all there is to see of its files: mode, owner, attributes, content.

        What runs writes below `/run`, which the state of the services tells instead.
        """
        seen: dict[str, tuple[int, int, int, str, str]] = {}
        for top in ("etc", "var", "boot"):
            for place in sorted((self.path / top).rglob("*")):
                about = place.lstat()
                content = b""
                if stat.S_ISREG(about.st_mode):
                    content = place.read_bytes()
                names = os.listxattr(place, follow_symlinks=False)
                attributes = {
                    name: os.getxattr(place, name, follow_symlinks=False).hex() for name in names
                }
                seen[str(place.relative_to(self.path))] = (
                    about.st_mode,
                    about.st_uid,
                    about.st_gid,
                    repr(sorted(attributes.items())),
                    hashlib.sha256(content).hexdigest(),
                )
        return seen
