"""Probes: what a check asks of a host, and the shape in which the answer is read.

A probe is data.  `actors.catalogue.asking` puts it to a `Target`.  Where a docstring says "absent",
the reading is `Absent` and the check's `when_absent`, or its baseline, says what that means.
"""

from typing import Final, Literal, TypeAlias, get_args

import attrs
from attrs.validators import deep_iterable, ge, in_, le, matches_re, min_len, optional

from actors.catalogue.extraction import Occurrence, valid_pattern

_ABSOLUTE = matches_re(r"/[^\x00]*")
_SYSCTL = r"[a-z0-9_-]+(\.[A-Za-z0-9_-]+)+"
_UNIT = r"[A-Za-z0-9@_.:-]+"


@attrs.frozen
class FileContent:
    """What a pattern finds in a text file.  Absent: the file, or what is found where no default."""

    path: str = attrs.field(validator=_ABSOLUTE)
    pattern: str = attrs.field(validator=valid_pattern)
    """RE2; its first group, or the whole match where it has none."""
    occurrence: Occurrence = attrs.field(default="first", validator=in_(("first", "last", "all")))
    default: str | None = None
    """What holds where the file says nothing."""


@attrs.frozen
class ConfigFiles:
    """What a pattern finds in several text files read as one.  Absent: all of them.

    Files come first and in their order, then what patterns such as `/etc/x.conf.d/*.conf` name, by
    name; of two that have one name the first listed counts.  So `last` is what is in force.
    """

    paths: tuple[str, ...] = attrs.field(validator=[min_len(1), deep_iterable(_ABSOLUTE)])
    pattern: str = attrs.field(validator=valid_pattern)
    occurrence: Occurrence = attrs.field(default="last", validator=in_(("first", "last", "all")))
    default: str | None = None
    """What holds where the files say nothing."""


@attrs.frozen
class SshdOption:
    """A keyword of sshd's configuration, as sshd reads it.  Absent: the file.

    The first value stands, `Include` is followed in its place, and another value within a `Match`
    block is shown beside it, because it holds for some logins.
    """

    option: str = attrs.field(validator=matches_re(r"[A-Za-z0-9]+"))
    default: str
    """What sshd does where the option is not set."""
    path: str = attrs.field(default="/etc/ssh/sshd_config", validator=_ABSOLUTE)


@attrs.frozen
class FileMode:
    """Permission bits as text in octal: `0640`.  Absent: the file."""

    path: str = attrs.field(validator=_ABSOLUTE)


@attrs.frozen
class FileOwner:
    """Owner and group as `root:shadow`, by the host's own names.  Absent: the file."""

    path: str = attrs.field(validator=_ABSOLUTE)


@attrs.frozen
class LooseFiles:
    """Those of some files and directories that are open to too many: `/etc/crontab 0666`.

    Absent: all of them.
    """

    paths: tuple[str, ...] = attrs.field(validator=[min_len(1), deep_iterable(_ABSOLUTE)])
    """The last part may be a pattern, such as `*.conf`."""
    mode: str = attrs.field(validator=matches_re(r"[0-7]{3,4}"))
    """The permissions that may be there, in octal."""
    owners: tuple[str, ...] = ()
    """Who may own them, by the host's own names: `root:root`; empty for anybody."""


@attrs.frozen
class FileAge:
    """Days since the newest of some files was written.  Absent: all of them."""

    paths: tuple[str, ...] = attrs.field(validator=[min_len(1), deep_iterable(_ABSOLUTE)])
    """The last part may be a pattern."""


@attrs.frozen
class Sysctl:
    """A kernel setting as text.  Absent: the setting."""

    name: str = attrs.field(validator=matches_re(_SYSCTL))


When: TypeAlias = Literal["now", "boot"]
_when = in_(("now", "boot"))


@attrs.frozen
class KernelSettings:
    """`name=value` of each setting.  Absent: all of them.

    `now` asks the kernel, and leaves out what it does not have.  `boot` reads sysctl.d, in which a
    setting may be `unset`.
    """

    names: tuple[str, ...] = attrs.field(validator=[min_len(1), deep_iterable(matches_re(_SYSCTL))])
    at: When = attrs.field(validator=_when)


@attrs.frozen
class KernelModules:
    """Those of the modules that are loaded now, or that modprobe would load.  Absent: modules."""

    names: tuple[str, ...] = attrs.field(
        validator=[min_len(1), deep_iterable(matches_re(r"[A-Za-z0-9_-]+"))]
    )
    at: When = attrs.field(validator=_when)


@attrs.frozen
class Firewalls:
    """The firewalls that are enabled, and whose rules turn something away, at the next boot."""


@attrs.frozen
class Service:
    """`running` or `stopped`.  Absent: the service, under each of its names."""

    name: str = attrs.field(validator=matches_re(_UNIT))
    aliases: tuple[str, ...] = attrs.field(default=(), validator=deep_iterable(matches_re(_UNIT)))
    """Other names for it, or other services that do its work: one that runs is enough."""


@attrs.frozen
class Process:
    """How many processes have the name.  Absent: none has."""

    name: str = attrs.field(validator=min_len(1))


@attrs.frozen
class Package:
    """Name and version of the first package that is installed.  Absent: none is."""

    names: tuple[str, ...] = attrs.field(validator=min_len(1))


@attrs.frozen
class SecurityUpdates:
    """The packages of which a security archive has a newer version, by its list on the host."""


@attrs.frozen
class Port:
    """The addresses on which somebody listens.  Absent: nobody does."""

    port: int = attrs.field(validator=[ge(1), le(65535)])
    protocol: Literal["tcp", "udp"] = attrs.field(default="tcp", validator=in_(("tcp", "udp")))


@attrs.frozen
class OpenPorts:
    """Those of the ports, such as `tcp/23`, on which somebody listens for other machines."""

    among: tuple[str, ...] = attrs.field(
        validator=[min_len(1), deep_iterable(matches_re(r"(?:tcp|udp)/[1-9][0-9]{0,4}"))]
    )


@attrs.frozen
class Mount:
    """The options of a mount.  Absent: nothing is mounted at the path."""

    path: str = attrs.field(validator=_ABSOLUTE)


Having: TypeAlias = Literal["uid_0", "empty_password", "endless_password", "login_shell"]


@attrs.frozen
class Users:
    """The names of the users of whom something is true.  Absent: the file that says so."""

    having: Having = attrs.field(validator=in_(get_args(Having)))


@attrs.frozen
class CertificateExpiry:
    """Days until the first certificate of a PEM file ends, negative when it has.  Absent: it."""

    path: str = attrs.field(validator=_ABSOLUTE)


@attrs.frozen
class DiskUsage:
    """The used part of a file system in percent.  Absent: the path."""

    path: str = attrs.field(default="/", validator=_ABSOLUTE)


@attrs.frozen
class TimeSync:
    """`synchronised` or `unsynchronised`."""


@attrs.frozen
class Argv:
    """What a program says: its standard output, or what a pattern finds in it.

    `{root}` in an argument becomes the target's root.  A program that does not name it asks the
    machine itself, so a tree that stands for a host cannot answer it.
    """

    argv: tuple[str, ...] = attrs.field(validator=min_len(1))
    pattern: str | None = attrs.field(default=None, validator=optional(valid_pattern))
    """Absent: what is found, where no default."""
    occurrence: Occurrence = attrs.field(default="first", validator=in_(("first", "last", "all")))
    default: str | None = None
    codes: tuple[int, ...] = (0,)
    """The exit codes with which it has answered; any other is an error."""


@attrs.frozen
class Reported:
    """What an agent, or a room of the appliance, tells by itself; nobody asks for it."""


Probe: TypeAlias = (
    FileContent | ConfigFiles | SshdOption | FileMode | FileOwner | LooseFiles | FileAge | Sysctl
    | KernelSettings | KernelModules | Firewalls | Service | Process | Package | SecurityUpdates
    | Port | OpenPorts | Mount | Users | CertificateExpiry | DiskUsage | TimeSync | Argv | Reported
)  # fmt: skip

PROBES: Final[dict[str, type[Probe]]] = {
    "file_content": FileContent,
    "config_files": ConfigFiles,
    "sshd_option": SshdOption,
    "file_mode": FileMode,
    "file_owner": FileOwner,
    "loose_files": LooseFiles,
    "file_age": FileAge,
    "sysctl": Sysctl,
    "kernel_settings": KernelSettings,
    "kernel_modules": KernelModules,
    "firewalls": Firewalls,
    "service": Service,
    "process": Process,
    "package": Package,
    "security_updates": SecurityUpdates,
    "port": Port,
    "open_ports": OpenPorts,
    "mount": Mount,
    "users": Users,
    "certificate_expiry": CertificateExpiry,
    "disk_usage": DiskUsage,
    "time_sync": TimeSync,
    "argv": Argv,
    "reported": Reported,
}
"""Each kind of probe by the name that files use."""
