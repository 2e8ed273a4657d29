"""Kernel settings for the next boot: what the script writes is what the check then reads."""

import tempfile
from pathlib import Path

from hypothesis import given, settings, strategies as st

from actors.catalogue import probes
from actors.catalogue.asking import ask
from actors.catalogue.readings import Value
from actors.runbook_runner.core import Ran
from runtime.hosts.local_target import LocalTarget
from tests.actors.runbook_runner.test_scripts import script, tree_of
from tests.catalogue.test_checks import NOW
from tests.catalogue.trees import plant

NAMES = ("net.ipv4.conf.all.rp_filter", "net.ipv4.conf.default.log_martians")
SPELLED = [*NAMES, "net/ipv4/conf/all/rp_filter", "-net.ipv4.conf.all.rp_filter", "vm.swappiness"]
PLACES = [
    "/etc/sysctl.conf", "/etc/sysctl.d/10-a.conf", "/etc/sysctl.d/zz.conf",
    "/run/sysctl.d/50-r.conf", "/usr/lib/sysctl.d/50-v.conf", "/usr/lib/systemd/systemd-sysctl",
]  # fmt: skip

lines = st.builds("{}{}={}\n".format, st.sampled_from(["", " ", "#"]), st.sampled_from(SPELLED),
                  st.integers(0, 3))  # fmt: skip
files = st.dictionaries(st.sampled_from(PLACES), st.lists(lines, max_size=4).map("".join))


@settings(max_examples=15, deadline=None)
@given(files=files)
async def test_whatever_files_there_are_the_next_boot_has_what_was_asked_and_undo_has_them_back(
    files: dict[str, str],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = plant(Path(folder), {"/etc/sysctl.d/README": "", **files})
        subject, before = script(root, "LIN-NET-002"), tree_of(root)

        pre_state = await subject.capture()
        assert await subject.act() == Ran(0)
        reading = await ask(probes.KernelSettings(NAMES, "boot"), LocalTarget(root), NOW)
        assert isinstance(reading, Value)
        assert reading.value in {(f"{NAMES[0]}={filters}", f"{NAMES[1]}=1") for filters in (1, 2)}

        after = tree_of(root)
        await subject.act()
        assert tree_of(root) == after
        await subject.undo(pre_state)
        assert tree_of(root) == before
