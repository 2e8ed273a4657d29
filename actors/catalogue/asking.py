"""Puts a probe to a host: a pure mapping from the kind of probe to a few primitive questions."""

import datetime as dt
import ipaddress
from typing import Final, assert_never

from actors.catalogue import kernel, probes
from actors.catalogue.certificates import NotACertificateError, not_after
from actors.catalogue.drop_ins import read_drop_ins
from actors.catalogue.extraction import extract
from actors.catalogue.file_facts import loose_files, newest_change, owner_of
from actors.catalogue.firewalls import firewalls_at_boot
from actors.catalogue.readings import Absent, Failed, Reading, Shown, Unanswerable, Value
from actors.catalogue.sshd import sshd_option
from actors.catalogue.target import Target
from actors.catalogue.users import users_having
from runtime.errors import UnanswerableError, UnansweredError

CAP_BYTES: Final = 1_048_576
"""Of a text file; a larger one is no configuration, and its check an error."""

_LONGEST_S: Final = 3600.0
"""For a program whose caller set no deadline."""

_AHEAD_DAYS: Final = 1.0
"""By how much a file may be dated ahead: clocks of those who packed it differ."""


async def ask(probe: probes.Probe, target: Target, now: dt.datetime) -> Reading:
    """Ask one question.  Sets no deadline: the caller's scope does."""
    try:
        return await _ask(probe, target, now)
    except UnanswerableError as error:
        return Unanswerable(error.reason)
    except UnansweredError as error:
        return Failed(error.reason)
    except NotACertificateError:
        return Failed("not_parsed")


async def _ask(  # noqa: C901, PLR0911, PLR0912  # one line for each kind of probe
    probe: probes.Probe, target: Target, now: dt.datetime
) -> Reading:
    match probe:
        case probes.FileContent():
            text = await target.read_text(probe.path, CAP_BYTES)
            return Absent() if text is None else _found(text, probe)
        case probes.ConfigFiles(paths):
            texts = [text for _, text in await read_drop_ins(target, paths)]
            return _found("\n".join(texts), probe) if texts else Absent()
        case probes.SshdOption():
            return _value(await sshd_option(target, probe.path, probe.option, probe.default))
        case probes.FileMode(path):
            facts = await target.stat(path)
            return Absent() if facts is None else Value(f"{facts.mode:04o}")
        case probes.FileOwner(path):
            return _value(await owner_of(target, path))
        case probes.LooseFiles():
            return _value(await loose_files(target, probe))
        case probes.FileAge(paths):
            newest = await newest_change(target, paths)
            days = None if newest is None else (now - newest) / dt.timedelta(days=1)
            # By a clock that was ahead it would stay new until that day, however old it is.
            ahead = days is not None and days < -_AHEAD_DAYS
            return Failed("dated_ahead") if ahead else _value(days)
        case probes.Sysctl(name):
            return _value(await target.sysctl(name))
        case probes.KernelSettings(names, at):
            settings = kernel.settings_now if at == "now" else kernel.settings_at_boot
            return _value(await settings(target, names))
        case probes.KernelModules(names, at):
            modules = kernel.modules_now if at == "now" else kernel.modules_at_boot
            return _value(await modules(target, names))
        case probes.Firewalls():
            return Value(await firewalls_at_boot(target))
        case probes.Service(name, aliases):
            running = await _one_runs(target, (name, *aliases))
            return Absent() if running is None else Value("running" if running else "stopped")
        case probes.Process(name):
            count = list(await target.processes()).count(name)
            return Value(count) if count else Absent()
        case probes.Package(names):
            return _value(await _first_package(target, names))
        case probes.SecurityUpdates():
            return Value(tuple(await target.security_updates()))
        case probes.Port(port, protocol):
            open_sockets = await target.listeners()
            addresses = {
                s.address for s in open_sockets if (s.port, s.protocol) == (port, protocol)
            }
            return Value(tuple(sorted(addresses))) if addresses else Absent()
        case probes.OpenPorts(among):
            return Value(await _open_ports(target, among))
        case probes.Mount(path):
            options = await target.mount_options(path)
            return Absent() if options is None else Value(tuple(options))
        case probes.Users(having):
            return _value(await users_having(target, having))
        case probes.CertificateExpiry(path):
            pem = await target.read_text(path, CAP_BYTES)
            return Absent() if pem is None else Value((not_after(pem) - now) / dt.timedelta(days=1))
        case probes.DiskUsage(path):
            return _value(await target.disk_usage(path))
        case probes.TimeSync():
            kept = await target.time_synchronised()
            return Value("synchronised" if kept else "unsynchronised")
        case probes.Argv():
            return await _say(probe, target)
        case probes.Reported():
            return Unanswerable("only_reported")
        case _:
            assert_never(probe)


def _value(value: Shown | None) -> Reading:
    return Absent() if value is None else Value(value)


def _found(text: str, probe: probes.FileContent | probes.ConfigFiles | probes.Argv) -> Reading:
    if probe.pattern is None:
        return Value(text.strip())
    found = extract(text, probe.pattern, probe.occurrence)
    return _value(probe.default if found is None else found)


async def _one_runs(target: Target, names: tuple[str, ...]) -> bool | None:
    """Say whether a service of these names runs; None where the host has none of them.

    A tree knows only the services that it was given, so one name that it knows is enough.
    """
    known: list[bool] = []
    unknown: UnanswerableError | None = None
    for name in names:
        try:
            running = await target.service(name)
        except UnanswerableError as error:
            unknown = error
        else:
            known += [] if running is None else [running]
    if unknown is not None and not known:
        raise unknown
    return any(known) if known else None


async def _open_ports(target: Target, among: tuple[str, ...]) -> tuple[str, ...]:
    heard = {
        f"{socket.protocol}/{socket.port}"
        for socket in await target.listeners()
        if not ipaddress.ip_address(socket.address).is_loopback
    }
    return tuple(each for each in among if each in heard)


async def _first_package(target: Target, names: tuple[str, ...]) -> str | None:
    for name in names:
        version = await target.package(name)
        if version is not None:
            return f"{name} {version}".strip()
    return None


async def _say(probe: probes.Argv, target: Target) -> Reading:
    if target.root != "/" and not any("{root}" in argument for argument in probe.argv):
        return Unanswerable("not_answerable_in_root")
    argv = [argument.replace("{root}", target.root) for argument in probe.argv]
    completed = await target.run(argv, timeout_s=_LONGEST_S)
    if completed.timed_out:
        return Failed("timeout")
    if completed.code not in probe.codes:
        return Failed("exit_code")
    if completed.truncated:
        return Failed("output_truncated")
    return _found(completed.stdout, probe)
