"""What healing would change is told as a diff, and nothing is changed."""

from pathlib import Path

import pytest

from runtime.errors import NotFoundError
from runtime.roles.host_diff import Difference, differences
from runtime.settings import Mode, Settings, Target
from tests.actors.runbook_runner.test_scripts import tree_of
from tests.catalogue.trees import plant

SSHD = "# ours\nPermitRootLogin yes\nMaxAuthTries 3\n"
CHECKS = ["ssh_root_login", "shadow_permissions", "root_accounts", "rsyslog_service"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    plant(
        tmp_path,
        {
            "/etc/ssh/sshd_config": SSHD,
            "/etc/shadow": "root:*:::::::\n",
            "/etc/passwd": "root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\n",
        },
    )
    (tmp_path / "run").mkdir()
    (tmp_path / "etc/shadow").chmod(0)  # nobody may read it, and its mode is told all the same
    (tmp_path / "etc/shadow").chmod(0o662)
    return tmp_path


def site(root: Path, **given: object) -> Settings:
    target = {"host": "web-1", "root": str(root), "checks": CHECKS, **given}
    target["services"] = {"rsyslog": {"start": ["sleep", "60"], "pid_file": "/run/rsyslog.pid"}}
    return Settings(site_id="clinic", mode=Mode.AUTO, targets=[Target.model_validate(target)])


async def told(settings: Settings) -> dict[str, Difference]:
    return {each.check: each for each in await differences(settings, "web-1")}


async def test_each_drift_is_told_by_what_would_change_and_nothing_is(root: Path) -> None:
    before = tree_of(root)

    found = await told(site(root))

    assert found["ssh_root_login"].diff == (
        "--- a/etc/ssh/sshd_config\n+++ b/etc/ssh/sshd_config\n@@ -1,3 +1,3 @@\n # ours\n"
        "-PermitRootLogin yes\n+PermitRootLogin no\n MaxAuthTries 3\n"
    )
    assert found["shadow_permissions"].diff == "/etc/shadow: mode 0662 -> 0640\n"
    assert found["rsyslog_service"].diff == "service rsyslog: stopped -> running\n"
    assert tree_of(root) == before


async def test_what_only_a_person_mends_has_no_diff(root: Path) -> None:
    found = await told(site(root))

    assert found["root_accounts"].mode == "person"
    assert found["root_accounts"].diff == ""


async def test_the_mode_is_the_strictest_that_holds_on_the_host(root: Path) -> None:
    assert (await told(site(root)))["shadow_permissions"].mode == "auto"
    assert (await told(site(root, mode="audit")))["shadow_permissions"].mode == "audit"


async def test_a_host_that_is_no_target_is_named(root: Path) -> None:
    with pytest.raises(NotFoundError, match="web-2"):
        await differences(site(root), "web-2")
