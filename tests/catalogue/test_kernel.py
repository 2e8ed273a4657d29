"""What files say of the kernel: which line counts at the next boot, what modprobe would load."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from actors.catalogue import probes
from actors.catalogue.asking import ask
from actors.catalogue.kernel import UNSET, assignments, dotted, effective
from actors.catalogue.readings import Absent, Reading, Unanswerable, Value
from runtime.hosts.local_target import LocalTarget
from tests.catalogue.test_checks import NOW, read
from tests.catalogue.trees import plant
from tests.fakes.target import FakeFile, FakeTarget

FORWARD = "net.ipv4.ip_forward"
AT_BOOT = probes.KernelSettings((FORWARD,), "boot")
ON, OFF = f"{FORWARD} = 1\n", f"{FORWARD} = 0\n"
SYSTEMD = {"/usr/lib/systemd/systemd-sysctl": ""}


@pytest.mark.parametrize(
    ("files", "value"),
    [
        ({}, UNSET),
        ({"/etc/sysctl.d/a.conf": ON}, "1"),
        ({"/etc/sysctl.d/a.conf": f"#{ON};{ON}"}, UNSET),
        ({"/etc/sysctl.d/a.conf": ON + OFF}, "0"),
        ({"/etc/sysctl.d/b.conf": OFF, "/usr/lib/sysctl.d/c.conf": ON}, "1"),
        ({"/etc/sysctl.d/c.conf": OFF, "/usr/lib/sysctl.d/c.conf": ON}, "0"),
        ({"/etc/sysctl.d/c.conf": "", "/usr/lib/sysctl.d/c.conf": ON}, UNSET),
        ({"/etc/sysctl.d/a.conf": ON, "/run/sysctl.d/a.conf": OFF}, "1"),
        ({"/etc/sysctl.d/a.txt": ON}, UNSET),
        ({"/etc/sysctl.d/a.conf": f"-{ON}"}, "1"),
        ({"/etc/sysctl.d/a.conf": f"# it was\x0c{ON}"}, UNSET),
        ({"/etc/sysctl.d/a.conf": "net/ipv4/ip_forward=1"}, "1"),
        ({"/etc/sysctl.d/z.conf": OFF, "/etc/sysctl.conf": ON}, "1"),
        ({"/etc/sysctl.d/z.conf": OFF, "/etc/sysctl.conf": ON, **SYSTEMD}, "0"),
    ],
)
async def test_the_last_file_by_name_sets_what_the_next_boot_has(
    tmp_path: Path, files: dict[str, str], value: str
) -> None:
    assert await read(tmp_path, files, AT_BOOT) == Value((f"{FORWARD}={value}",))


async def test_systemd_reads_sysctl_conf_through_the_link_that_leads_to_it(tmp_path: Path) -> None:
    plant(tmp_path, {"/etc/sysctl.conf": ON, "/etc/sysctl.d/z.conf": "", **SYSTEMD})
    (tmp_path / "etc/sysctl.d/99-sysctl.conf").symlink_to("../sysctl.conf")

    assert await ask(AT_BOOT, LocalTarget(tmp_path), NOW) == Value((f"{FORWARD}=1",))


async def test_a_link_to_dev_null_takes_a_file_out_of_force(tmp_path: Path) -> None:
    plant(tmp_path, {"/usr/lib/sysctl.d/a.conf": ON, "/etc/sysctl.d/b.conf": ""})
    (tmp_path / "etc/sysctl.d/a.conf").symlink_to("/dev/null")

    assert await ask(AT_BOOT, LocalTarget(tmp_path), NOW) == Value((f"{FORWARD}=unset",))


names = st.sampled_from(["net.ipv4.a", "net.ipv4.b", "kernel.c"])
lines = st.lists(st.tuples(names, st.integers(0, 3)))


@given(said=lines, name=names)
def test_the_last_line_of_a_name_counts_and_no_other_name_matters(
    said: list[tuple[str, int]], name: str
) -> None:
    text = "".join(f"{key} = {value}\n" for key, value in said)
    own = [str(value) for key, value in said if key == name]

    assert effective(assignments(text), name) == (own[-1] if own else UNSET)


@given(said=lines, value=st.integers(0, 3), at=st.integers(0))
def test_a_pattern_counts_only_for_what_no_line_names(
    said: list[tuple[str, int]], value: int, at: int
) -> None:
    text = [f"{key} = {number}" for key, number in said]
    text.insert(at % (len(text) + 1), f"net.ipv4.* = {value}")
    named = {key: str(number) for key, number in said}
    found = list(assignments("\n".join(text)))

    assert effective(found, "net.ipv4.a") == named.get("net.ipv4.a", str(value))
    assert effective(found, "kernel.c") == named.get("kernel.c", UNSET)
    assert effective([*found, ("net.ipv4.b", None)], "net.ipv4.b") == named.get("net.ipv4.b", UNSET)


@given(parts=st.lists(st.text("abc.", min_size=1).filter(lambda part: part[0] != "."), min_size=2))
def test_a_name_with_slashes_keeps_the_dots_within_its_parts(parts: list[str]) -> None:
    parts = ["net", *parts]

    assert dotted("/".join(parts)) == ".".join(part.replace(".", "/") for part in parts)
    assert dotted(dotted("/".join(parts)).replace("/", "-")).count(".") == len(parts) - 1


MODULES = ("cramfs", "usb-storage")


@pytest.mark.parametrize(
    ("files", "loadable"),
    [
        ({}, MODULES),
        ({"/etc/modprobe.d/a.conf": "install cramfs /bin/false\n"}, ("usb-storage",)),
        ({"/etc/modprobe.d/a.conf": "install usb_storage /bin/true\n"}, ("cramfs",)),
        ({"/etc/modprobe.d/a.conf": "install usb-storage \\\n /sbin/nologin x"}, ("cramfs",)),
        ({"/etc/modprobe.d/a.conf": "#install cramfs /bin/false\nblacklist cramfs"}, MODULES),
        ({"/etc/modprobe.d/a.conf": "install cramfs /sbin/modprobe -i cramfs"}, MODULES),
        ({"/etc/modprobe.d/a.conf": "# was\u2028install cramfs /bin/false\n"}, MODULES),
        (
            {
                "/usr/lib/modprobe.d/a.conf": "install cramfs /sbin/insmod c\n",
                "/etc/modprobe.d/b.conf": "install cramfs /bin/false\n",
            },
            MODULES,
        ),
        (
            {
                "/usr/lib/modprobe.d/a.conf": "install cramfs /bin/false\n",
                "/etc/modprobe.d/a.conf": "# ours\n",
            },
            MODULES,
        ),
    ],
)
async def test_modprobe_refuses_what_its_first_install_line_refuses(
    tmp_path: Path, files: dict[str, str], loadable: tuple[str, ...]
) -> None:
    probe = probes.KernelModules(MODULES, "boot")

    assert await read(tmp_path, files, probe) == Value(loadable)


@pytest.mark.parametrize(
    ("probe", "reading"),
    [
        (probes.KernelSettings((FORWARD, "net.none"), "now"), Value((f"{FORWARD}=1",))),
        (probes.KernelSettings(("net.none",), "now"), Absent()),
        (probes.KernelModules(MODULES, "now"), Value(("usb-storage",))),
    ],
)
async def test_the_running_kernel_tells_what_it_has(probe: probes.Probe, reading: Reading) -> None:
    loaded = FakeFile("usb_storage 81920 1 uas, Live 0x0\nxfs 1 0 - Live 0x0\n")
    target = FakeTarget(files={"/proc/modules": loaded}, sysctls={FORWARD: "1"})

    assert await ask(probe, target, NOW) == reading


@pytest.mark.parametrize(
    ("probe", "reading"),
    [
        (probes.KernelSettings((FORWARD,), "now"), Unanswerable("not_answerable_in_root")),
        (probes.KernelModules(MODULES, "now"), Absent()),
    ],
)
async def test_a_tree_has_no_running_kernel(
    tmp_path: Path, probe: probes.Probe, reading: Reading
) -> None:
    assert await read(tmp_path, {"/etc/hostname": "h\n"}, probe) == reading
