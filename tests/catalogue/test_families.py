"""What the shipped checks make of real files: logs, clock, audit, firewall, services."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from actors.catalogue import probes
from actors.catalogue.asking import ask
from actors.catalogue.check_files import load_checks
from actors.catalogue.checks import examine
from actors.catalogue.drop_ins import read_drop_ins
from actors.catalogue.readings import Absent, Reading, Unanswerable, Value
from actors.messages import Status
from runtime.hosts.kernel import ListeningSocket
from runtime.hosts.local_target import LocalTarget, ServiceCommand
from tests.catalogue.test_checks import NOW, read
from tests.catalogue.trees import plant
from tests.fakes.target import FakeFile, FakeTarget

CHECKS = load_checks(Path(__file__).parents[2] / "rules" / "checks").by_id
PASS, FAIL, UNKNOWN = Status.PASS, Status.FAIL, Status.UNKNOWN
DPKG = "/var/lib/dpkg/status"
AUDITD = {"/etc/audit/auditd.conf": "num_logs = 5\n"}
RULES = "/etc/audit/rules.d/a.rules"
LOGINS = "-w /var/log/lastlog -p wa\n-w /var/log/wtmp -p wa -k x\n"
BTMP = "-a always,exit -F arch=b64 -S all -F path=/var/log/btmp -F perm=wa -F key=x\n"


def installed(name: str) -> dict[str, str]:
    return {DPKG: f"Package: {name}\nStatus: install ok installed\nVersion: 1\n"}


@pytest.mark.parametrize(
    ("check", "files", "status"),
    [
        ("journal_persistent", {}, UNKNOWN),
        ("journal_persistent", {"/etc/systemd/journald.conf": "#Storage=persistent\n"}, FAIL),
        ("journal_persistent", {"/usr/lib/systemd/journald.conf": "Storage=persistent\n"}, PASS),
        (
            "journal_persistent",
            {
                "/etc/systemd/journald.conf": "Storage=persistent\n",
                "/usr/lib/systemd/journald.conf.d/a.conf": "Storage=none\n",
            },
            FAIL,
        ),
        (
            "journal_persistent",
            {
                "/etc/systemd/journald.conf": "Storage=persistent\n",
                "/etc/systemd/journald.conf.d/a.conf": "",
                "/usr/lib/systemd/journald.conf.d/a.conf": "Storage=none\n",
            },
            PASS,
        ),
        ("log_rotation", {"/etc/logrotate.conf": "weekly\n"}, FAIL),
        ("log_rotation", {"/etc/logrotate.conf": "rotate 52\n"}, PASS),
        ("syslog_rotation", {"/etc/logrotate.d/rsyslog": "/x {\n\trotate 4\n}\n"}, FAIL),
        ("log_file_mode", {"/etc/rsyslog.conf": "$FileCreateMode 0640\n"}, PASS),
        ("log_file_mode", {"/etc/rsyslog.conf": "$FileCreateMode 0644\n"}, FAIL),
        ("log_file_mode", {"/etc/rsyslog.conf": "$Umask 0022\n"}, UNKNOWN),
        ("log_forwarding", {}, FAIL),
        ("log_forwarding", {"/etc/rsyslog.conf": "# *.* @@log.example.org\n"}, FAIL),
        ("log_forwarding", {"/etc/rsyslog.conf": "auth.*  /var/log/a@b\n"}, FAIL),
        ("log_forwarding", {"/etc/rsyslog.d/f.conf": "*.* @@log.example.org:6514\n"}, PASS),
        ("log_forwarding", {"/etc/rsyslog.d/f.conf": '*.* action(\n  type="omfwd"\n)\n'}, PASS),
        ("log_forwarding", {"/etc/systemd/journal-upload.conf": "URL=https://l\n"}, PASS),
        ("chrony_sources", {}, UNKNOWN),
        ("chrony_sources", {"/etc/chrony.conf": "#pool p iburst\n"}, FAIL),
        ("chrony_sources", {"/etc/chrony/chrony.conf": "Server t\n"}, PASS),
        (
            "chrony_sources",
            {"/etc/chrony.conf": "makestep 1 3\n", "/etc/chrony/sources.d/a.sources": "pool p\n"},
            PASS,
        ),
        ("timesyncd_sources", {"/etc/systemd/timesyncd.conf": "[Time]\nNTP=\n"}, FAIL),
        ("timesyncd_sources", {"/etc/systemd/timesyncd.conf": "FallbackNTP=a b\n"}, PASS),
        ("time_package", installed("chrony"), PASS),
        ("time_package", installed("mc"), FAIL),
        ("time_package", {}, UNKNOWN),
        ("incident_tools", installed("lsof"), PASS),
        ("audit_package", installed("auditd"), PASS),
        ("audit_package", installed("mc"), FAIL),
        ("telnet_package", installed("telnetd"), FAIL),
        ("telnet_inetd", {"/etc/inetd.conf": "#telnet stream\ntelnets stream\n"}, PASS),
        ("telnet_inetd", {"/etc/inetd.conf": "\ttelnet\tstream\n"}, FAIL),
        ("audit_rules_logins", {}, UNKNOWN),
        ("audit_rules_logins", AUDITD, FAIL),
        ("audit_rules_logins", {**AUDITD, RULES: LOGINS}, FAIL),
        ("audit_rules_logins", {**AUDITD, RULES: LOGINS + BTMP}, PASS),
        ("audit_rules_logins", {**AUDITD, RULES: LOGINS + "-w /var/log/btmp -p r\n"}, FAIL),
        ("audit_log_kept", AUDITD, FAIL),
        ("audit_log_kept", {"/etc/audit/auditd.conf": "max_log_file_action=KEEP_LOGS\n"}, PASS),
        ("audit_log_permissions", {"/var/log/audit/audit.log": ""}, FAIL),
    ],
)
async def test_a_shipped_check_answers_from_files_alone(
    tmp_path: Path, check: str, files: dict[str, str], status: Status
) -> None:
    answer = await examine(CHECKS[check], LocalTarget(plant(tmp_path, files)), NOW)

    assert answer.status is status, answer


NFT = "table inet f { chain input { type filter hook input priority 0; policy drop; } }\n"
ACCEPTS = NFT.replace("drop", "accept")
WANTS = "/etc/systemd/system/multi-user.target.wants"


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({}, ()),
        ({"/etc/nftables.conf": NFT}, ()),
        ({"/etc/nftables.conf": NFT, f"{WANTS}/nftables.service": ""}, ("nftables",)),
        ({"/etc/nftables.conf": f"# {NFT}", f"{WANTS}/nftables.service": ""}, ()),
        (
            {"/etc/nftables.conf": ACCEPTS, f"{WANTS}/nftables.service": ""},
            (),
        ),
        ({f"{WANTS}/firewalld.service": ""}, ("firewalld",)),
        ({"/etc/ufw/ufw.conf": "ENABLED=no\n", f"{WANTS}/ufw.service": ""}, ()),
        ({"/etc/ufw/ufw.conf": "# x\nENABLED=yes\n"}, ("ufw",)),
        (
            {
                f"{WANTS}/netfilter-persistent.service": "",
                "/etc/iptables/rules.v4": "*filter\n:INPUT DROP [0:0]\n",
            },
            ("iptables",),
        ),
        (
            {
                f"{WANTS}/netfilter-persistent.service": "",
                "/etc/iptables/rules.v4": "*filter\n:INPUT ACCEPT [0:0]\n",
            },
            (),
        ),
    ],
)
async def test_a_firewall_counts_when_it_starts_and_turns_something_away(
    tmp_path: Path, files: dict[str, str], names: tuple[str, ...]
) -> None:
    assert await read(tmp_path, files, probes.Firewalls()) == Value(names)


async def test_a_link_of_systemd_that_leads_nowhere_in_the_tree_still_starts_a_unit(
    tmp_path: Path,
) -> None:
    plant(tmp_path, {f"{WANTS}/x": ""})
    (tmp_path / WANTS.lstrip("/") / "firewalld.service").symlink_to("/usr/lib/none")

    assert await ask(probes.Firewalls(), LocalTarget(tmp_path), NOW) == Value(("firewalld",))


@pytest.mark.parametrize(
    ("services", "reading"),
    [
        ({}, Absent()),
        ({"ssh": False}, Value("stopped")),
        ({"sshd": True}, Value("running")),
        ({"ssh": False, "sshd": True}, Value("running")),
    ],
)
async def test_a_service_runs_under_whichever_of_its_names(
    services: dict[str, bool], reading: Reading
) -> None:
    probe = probes.Service("ssh", ("sshd",))

    assert await ask(probe, FakeTarget(services=services), NOW) == reading


async def test_a_tree_that_was_given_one_of_the_names_answers_for_it(tmp_path: Path) -> None:
    given = {"sshd": ServiceCommand(("sshd",), "/run/sshd.pid")}
    probe = probes.Service("ssh", ("sshd",))

    assert await ask(probe, LocalTarget(tmp_path, given), NOW) == Value("stopped")
    none_given = await ask(probe, LocalTarget(tmp_path), NOW)
    assert none_given == Unanswerable("not_answerable_in_root")


async def test_a_port_is_open_when_others_than_the_host_itself_reach_it() -> None:
    sockets = [
        ListeningSocket("tcp", "127.0.0.1", 21),
        ListeningSocket("tcp", "::1", 21),
        ListeningSocket("tcp", "::", 23),
        ListeningSocket("udp", "10.0.0.1", 69),
    ]
    probe = probes.OpenPorts(("tcp/21", "tcp/23", "udp/23", "udp/69"))

    assert await ask(probe, FakeTarget(sockets=sockets), NOW) == Value(("tcp/23", "udp/69"))


def test_people_read_whether_a_list_must_be_empty_or_must_not() -> None:
    assert str(CHECKS["firewall_at_boot"].baseline) == "at least one"
    assert str(CHECKS["listening_ports"].baseline) == "none"


FOLDERS = ("/etc/x.d", "/run/x.d", "/usr/lib/x.d")


@given(
    files=st.dictionaries(
        st.tuples(st.sampled_from(FOLDERS), st.sampled_from("abcd")), st.text("xyz", max_size=3)
    )
)
async def test_each_name_counts_once_from_its_first_folder_and_in_the_order_of_names(
    files: dict[tuple[str, str], str],
) -> None:
    host = {f"{folder}/{name}.conf": FakeFile(text) for (folder, name), text in files.items()}
    found = await read_drop_ins(FakeTarget(files=host), [f"{each}/*.conf" for each in FOLDERS])

    names = sorted({name for _, name in files})
    first = [next(each for each in FOLDERS if (each, name) in files) for name in names]
    assert found == [
        (f"{folder}/{name}.conf", files[folder, name])
        for folder, name in zip(first, names, strict=True)
    ]
