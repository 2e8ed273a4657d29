"""Checks: what each probe reads from real files, and what a reading means."""

import datetime as dt
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest
from hypothesis import given, strategies as st

from actors.catalogue import probes
from actors.catalogue.asking import ask
from actors.catalogue.baseline import OPERATORS, Baseline, Operator, Wanted
from actors.catalogue.checks import Check, WhenAbsent, judge
from actors.catalogue.probes import Probe
from actors.catalogue.readings import Absent, Failed, Reading, Shown, Unanswerable, Value
from actors.messages import Platform, Severity, Status
from runtime.hosts.local_target import LocalTarget, ServiceCommand
from tests.catalogue.trees import plant
from tests.fakes.target import FakeFile, FakeTarget

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def check(baseline: Baseline, when_absent: WhenAbsent = WhenAbsent.UNKNOWN) -> Check:
    return Check(
        id="a_check",
        title="A check",
        platform=Platform.LINUX,
        probe=probes.TimeSync(),
        baseline=baseline,
        severity=Severity.HIGH,
        when_absent=when_absent,
    )


async def read(root: Path, files: Mapping[str, str], probe: Probe) -> Reading:
    return await ask(probe, LocalTarget(plant(root, files)), NOW)


# Every kind of probe, on real files.

ROOT_LOGIN = probes.SshdOption("PermitRootLogin", "prohibit-password")
CONFIG = "/etc/ssh/sshd_config"


@pytest.mark.parametrize(
    ("files", "value"),
    [
        ({CONFIG: "PermitRootLogin no\n"}, "no"),
        ({CONFIG: "  permitrootlogin = yes  # for now\n"}, "yes"),
        ({CONFIG: "#PermitRootLogin no\n"}, "prohibit-password"),
        ({CONFIG: "PermitRootLogin yes\nPermitRootLogin no\n"}, "yes"),
        (
            {CONFIG: "PermitRootLogin no\nMatch User ops\n  PermitRootLogin yes\n"},
            "no; yes for some",
        ),
        ({CONFIG: "Match User ops\n  X11Forwarding no\nMatch all\nPermitRootLogin yes\n"}, "yes"),
        (
            {
                CONFIG: "Include sshd_config.d/*.conf\nPermitRootLogin no\n",
                "/etc/ssh/sshd_config.d/50-cloud.conf": "PermitRootLogin yes\n",
            },
            "yes",
        ),
        (
            {
                CONFIG: "Include roles/*/login?.conf\nPermitRootLogin no\n",
                "/etc/ssh/roles/a file": "no folder\n",
                "/etc/ssh/roles/ops/login1.conf": "PermitRootLogin yes\n",
            },
            "yes",
        ),
        (
            {
                CONFIG: "Match User ops\nInclude sshd_config.d/*.conf\n",
                "/etc/ssh/sshd_config.d/a.conf": "PermitRootLogin yes\n",
            },
            "prohibit-password; yes for some",
        ),
    ],
)
async def test_an_option_of_sshd_is_read_as_sshd_reads_it(
    tmp_path: Path, files: Mapping[str, str], value: str
) -> None:
    assert await read(tmp_path, files, ROOT_LOGIN) == Value(value)


async def test_a_configuration_that_includes_itself_is_an_error(tmp_path: Path) -> None:
    files = {CONFIG: "Include sshd_config\nPermitRootLogin no\n"}

    assert await read(tmp_path, files, ROOT_LOGIN) == Failed("includes_too_deep")


BLANKS = " " * 100_000


@pytest.mark.parametrize(
    ("path", "text", "probe"),
    [
        (CONFIG, f"PermitRootLogin no{BLANKS}x{BLANKS}y", ROOT_LOGIN),
        (
            "/etc/modprobe.d/a.conf",
            f"install cramfs {BLANKS}/bin/false{BLANKS}x",
            probes.KernelModules(("cramfs",), "boot"),
        ),
        ("/etc/ufw/ufw.conf", "\n" * 100_000, probes.Firewalls()),
    ],
)
async def test_a_file_of_blanks_does_not_hold_everybody_up(
    tmp_path: Path, path: str, text: str, probe: Probe
) -> None:
    """All of it is read in one step, in which nothing else is done: 0.01 s, or minutes."""
    began = time.process_time()
    await read(tmp_path, {path: text}, probe)
    assert time.process_time() - began < 5


FSTAB = "proc /proc\ntmpfs /tmp\ntmpfs /run\n"
PASSWD = "root:x:0:0:r:/root:/bin/sh\nadm:x:0:4:a:/:/bin/bash\nwww:x:33:33:w:/:/usr/sbin/nologin\n"
SHADOW = (
    "root:*:1::::::\nguest::1::::::\nadm:$y$j:1:0:99999:7:::\nwww:$y$k:1:0:90:7:::\n"
    "old:!$y$:1::::::\n"
)


@pytest.mark.parametrize(
    ("probe", "reading"),
    [
        (probes.FileContent("/etc/fstab", r"(?m)^tmpfs (\S+)"), Value("/tmp")),  # noqa: S108
        (probes.FileContent("/etc/fstab", r"(?m)^tmpfs (\S+)", "last"), Value("/run")),
        (probes.FileContent("/etc/fstab", r"(?m)^tmpfs", "all"), Value(("tmpfs", "tmpfs"))),
        (probes.FileContent("/etc/fstab", "nfs"), Absent()),
        (probes.FileContent("/etc/fstab", "nfs", default="none"), Value("none")),
        (probes.FileContent("/etc/none", "nfs", default="none"), Absent()),
        (probes.FileMode("/etc/fstab"), Value("0644")),
        (probes.FileMode("/etc/none"), Absent()),
        (probes.FileOwner("/etc/none"), Absent()),
        (probes.Users("uid_0"), Value(("adm", "root"))),
        (probes.Users("login_shell"), Value(("adm", "root"))),
        (probes.Users("empty_password"), Value(("guest",))),
        (probes.Users("endless_password"), Value(("adm",))),
        (probes.LooseFiles(("/etc/pass*", "/etc/none"), "0600"), Value(("/etc/passwd 0644",))),
        (probes.LooseFiles(("/etc/passwd", "/etc/shadow"), "0644"), Value(())),
        (probes.LooseFiles(("/etc/none", "/etc/*.none"), "0644"), Absent()),
        (probes.LooseFiles(("/etc",), "0007"), Value(("/etc 0755",))),
        (probes.FileAge(("/etc/none", "/none/*")), Absent()),
        (probes.SecurityUpdates(), Unanswerable("no_package_lists")),
        (probes.Package(("telnetd", "rsyslog")), Value("rsyslog 8.2")),
        (probes.Package(("telnetd",)), Absent()),
        (probes.CertificateExpiry("/etc/none"), Absent()),
        (probes.CertificateExpiry("/etc/fstab"), Failed("not_parsed")),
        (probes.DiskUsage("/none"), Absent()),
        (probes.Process("no-such-process"), Absent()),
        (probes.Service("logd"), Value("stopped")),
        (probes.Sysctl("net.ipv4.ip_forward"), Unanswerable("not_answerable_in_root")),
        (probes.Port(23), Unanswerable("not_answerable_in_root")),
        (probes.Mount("/tmp"), Unanswerable("not_answerable_in_root")),  # noqa: S108
        (probes.TimeSync(), Unanswerable("not_answerable_in_root")),
        (probes.Service("rsyslog"), Unanswerable("not_answerable_in_root")),
        (probes.Argv(("cat", "/etc/fstab")), Unanswerable("not_answerable_in_root")),
        (probes.Argv(("cat", "{root}/etc/fstab")), Value(FSTAB.strip())),
        (probes.Argv(("cat", "{root}/etc/fstab"), pattern="tm"), Value("tm")),
        (probes.Argv(("cat", "{root}/etc/none")), Failed("exit_code")),
        (probes.Argv(("cat", "{root}/etc/none"), codes=(1,)), Value("")),
        (probes.Argv(("no-such-program", "{root}")), Unanswerable("no_such_program")),
        (probes.Argv(("cat", "{root}/etc/huge")), Failed("output_truncated")),
    ],
)
async def test_each_kind_of_probe_reads_a_tree(
    tmp_path: Path, probe: Probe, reading: Reading
) -> None:
    files = {
        "/etc/fstab": FSTAB,
        "/etc/passwd": PASSWD,
        "/etc/shadow": SHADOW,
        "/etc/huge": "x" * 70_000,
        "/var/lib/dpkg/status": ("Package: rsyslog\nStatus: install ok installed\nVersion: 8.2\n"),
    }
    services = {"logd": ServiceCommand(("logd",), "/run/logd.pid")}
    target = LocalTarget(plant(tmp_path, files), services)

    assert await ask(probe, target, NOW) == reading


async def test_a_file_that_another_owns_is_loose(tmp_path: Path) -> None:
    found = plant(tmp_path, {"/etc/x": ""}).joinpath("etc/x").stat()
    files = {
        "/etc/passwd": f"boss:x:{found.st_uid}:0:::\n",
        "/etc/group": f"us:x:{found.st_gid}:\n",
    }

    asked = probes.LooseFiles(("/etc/x",), "0644", ("boss:us",))
    assert await read(tmp_path, files, asked) == Value(())
    asked = probes.LooseFiles(("/etc/x",), "0644", ("root:root",))
    assert await read(tmp_path, files, asked) == Value(("/etc/x 0644 boss:us",))


async def test_the_age_of_files_is_that_of_the_newest(tmp_path: Path) -> None:
    root = plant(tmp_path, {"/etc/a": "", "/etc/b": ""})
    for name, days in (("a", 9), ("b", 2)):
        os.utime(root / "etc" / name, (0, (NOW - dt.timedelta(days=days)).timestamp()))

    assert await ask(probes.FileAge(("/etc/*",)), LocalTarget(root), NOW) == Value(2.0)


@pytest.mark.parametrize("written", [1e12, -1e12, 1e17, -1e18, 2.0**62, 1e300])
async def test_a_file_from_a_year_that_no_calendar_has_is_an_error(written: float) -> None:
    target = FakeTarget({"/etc/lists": FakeFile(modified=written)})

    assert await ask(probes.FileAge(("/etc/lists",)), target, NOW) == Failed("no_such_time")


@pytest.mark.parametrize(("ahead", "answer"), [(0.5, Value(-0.5)), (2, Failed("dated_ahead"))])
async def test_a_file_from_tomorrow_is_not_new_until_tomorrow_has_come(
    ahead: float, answer: object
) -> None:
    written = (NOW + dt.timedelta(days=ahead)).timestamp()
    target = FakeTarget({"/etc/lists": FakeFile(modified=written)})

    assert await ask(probes.FileAge(("/etc/lists",)), target, NOW) == answer


INSTALLED = "Package: {}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {}\n\n"
OFFERED = "Package: {}\nArchitecture: amd64\nVersion: {}\nDescription: of\n it\n\n"


async def test_a_security_update_is_newer_than_what_is_installed(tmp_path: Path) -> None:
    lists = "/var/lib/apt/lists/"
    files = {
        "/var/lib/dpkg/status": INSTALLED.format("ssl", "3.0~rc1") + INSTALLED.format("tz", "9"),
        f"{lists}deb.example_debian-security_main_binary-amd64_Packages": (
            OFFERED.format("ssl", "2") + OFFERED.format("ssl", "3.0") + OFFERED.format("gone", "1")
        ),
        f"{lists}deb.example_debian_main_binary-amd64_Packages": OFFERED.format("tz", "10"),
    }

    assert await read(tmp_path, files, probes.SecurityUpdates()) == Value(("ssl 3.0",))


async def test_an_owner_has_the_names_of_the_host_itself(tmp_path: Path) -> None:
    found = plant(tmp_path, {"/etc/x": ""}).joinpath("etc/x").stat()
    files = {"/etc/passwd": f"boss:x:{found.st_uid}:0:::\n"}

    owner = await read(tmp_path, files, probes.FileOwner("/etc/x"))

    assert owner == Value(f"boss:{found.st_gid}"), "a group that has no name keeps its number"


async def test_a_broken_line_of_passwd_is_no_list_of_users(tmp_path: Path) -> None:
    files = {"/etc/passwd": "root:x:0:0::/:/bin/sh\nhidden:x:0\n"}

    assert await read(tmp_path, files, probes.Users("uid_0")) == Failed("not_parsed")


@pytest.mark.parametrize("mark", ["\u2028", "\x85", "\x0c", "\r"])
async def test_what_a_user_writes_into_their_own_line_hides_nobody(
    tmp_path: Path, mark: str
) -> None:
    files = {
        "/etc/passwd": f"root:x:0:0::/:/bin/sh\na:x:7:7:room {mark} 5:/:/bin/sh\nb:x:0:7::/:/x\n"
    }

    assert await read(tmp_path, files, probes.Users("uid_0")) == Value(("b", "root"))


@pytest.fixture(params=["rsa:2048", "ed25519"])
def host_with_certificate(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, str]:
    """A tree with a certificate, and the end of its validity in openssl's words."""
    pem = plant(tmp_path, {"/etc/host.pem": ""}) / "etc/host.pem"
    make = f"openssl req -x509 -newkey {request.param} -nodes -days 40 -subj /CN=h -out {pem}"
    subprocess.run([*make.split(), "-keyout", "/dev/null"], check=True, capture_output=True)
    said = subprocess.run(
        ["openssl", "x509", "-noout", "-enddate", "-in", pem],
        check=True,
        capture_output=True,
        text=True,
    )
    return tmp_path, said.stdout.strip()


async def test_a_certificate_lasts_as_long_as_openssl_says(
    host_with_certificate: tuple[Path, str],
) -> None:
    root, until = host_with_certificate
    ends = dt.datetime.strptime(until, "notAfter=%b %d %H:%M:%S %Y GMT").replace(tzinfo=dt.UTC)

    reading = await ask(
        probes.CertificateExpiry("/etc/host.pem"), LocalTarget(root), ends - dt.timedelta(days=7)
    )

    assert reading == Value(7.0)


async def test_the_machine_answers_what_a_tree_cannot(tmp_path: Path) -> None:
    machine = LocalTarget()

    assert await ask(probes.Sysctl("kernel.ostype"), machine, NOW) == Value("Linux")
    assert await ask(probes.Port(1), machine, NOW) == Absent()
    assert isinstance(await ask(probes.Mount("/"), machine, NOW), Value)
    assert isinstance(await ask(probes.DiskUsage(), machine, NOW), Value)
    assert isinstance(await ask(probes.TimeSync(), machine, NOW), Value | Unanswerable)


# What a reading means.

T4 = ("a", "b")


@pytest.mark.parametrize(
    ("operator", "value", "reading", "status"),
    [
        ("eq", "no", "no", Status.PASS),
        ("eq", "no", "yes", Status.FAIL),
        ("eq", "no", "No", Status.FAIL),
        ("eq", "no", T4, Status.ERROR),
        ("eq", 4, "4.0", Status.PASS),
        ("eq", 4, "four", Status.ERROR),
        ("eq", T4, T4, Status.PASS),
        ("eq", T4, "a", Status.ERROR),
        ("ne", "no", "yes", Status.PASS),
        ("ne", 4, "four", Status.ERROR),
        ("in", T4, "b", Status.PASS),
        ("in", T4, "c", Status.FAIL),
        ("not_in", T4, "c", Status.PASS),
        ("lt", 4, 3.9, Status.PASS),
        ("lte", 4, "4", Status.PASS),
        ("lte", 4, "5", Status.FAIL),
        ("lte", 4, "", Status.ERROR),
        ("lte", 4, "nan", Status.ERROR),
        ("lte", 4, "-inf", Status.ERROR),
        ("lte", 90, "9_0", Status.ERROR),
        ("lte", 90, "\uff19", Status.ERROR),
        ("gt", 4, 4, Status.FAIL),
        ("gte", 30, 29.9, Status.FAIL),
        ("matches", "^a+$", "aaa", Status.PASS),
        ("matches", "^a+$", "ab", Status.FAIL),
        ("mode_within", "0640", "0640", Status.PASS),
        ("mode_within", "0640", "0600", Status.PASS),
        ("mode_within", "0640", "0044", Status.FAIL),
        ("mode_within", "0640", "4640", Status.FAIL),
        ("mode_within", "0640", "rw-r-----", Status.ERROR),
        ("subset_of", (), (), Status.PASS),
        ("subset_of", (), T4, Status.FAIL),
        ("superset_of", ("a",), T4, Status.PASS),
        ("superset_of", ("c",), T4, Status.FAIL),
        ("absent", True, "there", Status.FAIL),
    ],
)
def test_a_value_is_judged_by_its_baseline(
    operator: Operator, value: Wanted, reading: Shown, status: Status
) -> None:
    answer = judge(check(Baseline(operator, value)), Value(reading))

    assert answer.status is status
    assert bool(answer.reason) is (status is Status.ERROR)


def test_case_counts_unless_the_baseline_says_so() -> None:
    assert judge(check(Baseline("eq", "no", ignore_case=True)), Value("NO")).status is Status.PASS


def test_absence_means_what_the_check_says() -> None:
    wanted = Baseline("eq", "no")

    unknown = judge(check(wanted), Absent())
    assert (unknown.status, unknown.absent, unknown.reason) == (Status.UNKNOWN, True, "absent")
    assert judge(check(wanted, WhenAbsent.FAIL), Absent()).status is Status.FAIL
    assert judge(check(Baseline("absent", value=True)), Absent()).status is Status.PASS


def test_people_read_numbers_with_their_units() -> None:
    answer = judge(check(Baseline("lte", 90, "%")), Value(97.2861))

    assert (answer.expected, answer.actual) == ("at most 90 %", "97.29")


WORDS = st.text(max_size=20)
SHOWN = WORDS | st.integers() | st.floats() | st.lists(WORDS).map(tuple)
WANTED = st.booleans() | st.integers() | st.floats() | WORDS | st.lists(WORDS).map(tuple)


@given(
    operator=st.sampled_from(OPERATORS),
    value=WANTED,
    reading=st.builds(Failed, WORDS) | st.builds(Unanswerable, WORDS),
    when_absent=st.sampled_from(WhenAbsent),
)
def test_no_answer_never_passes_and_never_fails(
    operator: Operator, value: Wanted, reading: Reading, when_absent: WhenAbsent
) -> None:
    answer = judge(check(_baseline(operator, value), when_absent), reading)

    assert answer.status in {Status.ERROR, Status.UNKNOWN}


@given(operator=st.sampled_from(OPERATORS), value=WANTED, reading=SHOWN)
def test_whatever_is_read_is_judged_and_never_raises(
    operator: Operator, value: Wanted, reading: Shown
) -> None:
    answer = judge(check(_baseline(operator, value)), Value(reading))

    assert answer.status in {Status.PASS, Status.FAIL, Status.ERROR}


def _baseline(operator: Operator, value: Wanted) -> Baseline:
    try:
        return Baseline(operator, value)
    except ValueError:
        return Baseline("ne", "what nobody says")


def test_probes_are_values() -> None:
    assert len({attrs.evolve(ROOT_LOGIN), ROOT_LOGIN}) == 1
