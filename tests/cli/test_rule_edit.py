"""`aright rule new|enable|disable|mode|schema`: a site's rules written, nothing shipped touched."""

import json
import os
import stat
from pathlib import Path

import attrs
import pytest
import yaml
from click.testing import Result

from runtime.settings import shipped
from tests.system.appliance import Appliance, aright

OWN = """\
rules:
  # Ours.
  - id: OWN   # keep
    conditions: [{field: check_type, operator: eq, value: ssh_max_auth_tries}]
    action: escalate
"""
CHECK = """\
checks:
  - id: own_motd
    title: Nobody heals this
    platform: linux
    probe: {kind: file_mode, path: /etc/motd}
    baseline: {operator: mode_within, value: "0644"}
    severity: low
"""


@attrs.frozen
class Site:
    folder: Path

    def rule(self, *words: str) -> Result:
        return aright("--config", str(self.folder / "site.yaml"), "rule", *words)

    @property
    def rules(self) -> Path:
        return self.folder / "rules" / "l1"

    def text(self, name: str) -> str:
        return (self.rules / name).read_text(encoding="utf-8")

    def in_force(self) -> dict[str, dict[str, object]]:
        listed = self.rule("list", "-o", "json")
        assert listed.stderr == ""
        return {each["id"]: each for each in json.loads(listed.stdout)}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "rules" / "l1").mkdir(parents=True)
    (tmp_path / "rules" / "l1" / "own.yaml").write_text(OWN, encoding="utf-8")
    (tmp_path / "rules" / "checks").mkdir()
    (tmp_path / "rules" / "checks" / "own.yaml").write_text(CHECK, encoding="utf-8")
    config = {"rules": str(tmp_path / "rules"), "state_dir": str(tmp_path / "state")}
    (tmp_path / "site.yaml").write_text(json.dumps(config), encoding="utf-8")
    return Site(tmp_path)


def test_a_new_rule_decides_proposes_its_runbook_and_passes_its_own_tests(site: Site) -> None:
    said = site.rule("new", "SITE-ROOT", "--check", "ssh_root_login")

    assert said.exit_code == 0
    assert "proposes LIN-SSH-001" in said.stderr
    assert "comes before L1-SSH-ROOT-LOGIN" in said.stderr
    assert "aright rule reload" in said.stderr
    rule = site.in_force()["SITE-ROOT"]
    assert (rule["action"], rule["mode"]) == ("LIN-SSH-001", "audit")
    tested = site.rule("test", "--rule", "SITE-ROOT", "--mutate", "-o", "json")
    assert tested.exit_code == 0, tested.stdout
    assert "#" in site.text("site.yaml")


def test_the_schema_lies_where_an_editor_is_told_to_find_it(site: Site) -> None:
    site.rule("new", "DEEP", "--check", "ssh_root_login", "--file", "a/b.yaml")

    modeline = site.text("a/b.yaml").splitlines()[0]
    path = site.rules / "a" / modeline.removeprefix("# yaml-language-server: $schema=")
    assert json.loads(path.read_text("utf-8")) == json.loads(site.rule("schema").stdout)


def test_a_further_rule_is_added_to_the_file_that_is_there(site: Site) -> None:
    words = ("--check", "ntp_sync", "--escalate", "--file", "own.yaml")

    assert site.rule("new", "MORE", *words).exit_code == 0

    assert site.text("own.yaml").startswith(OWN)
    assert site.in_force()["MORE"]["action"] == "escalate"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("OWN", "--check", "ntp_sync", "--escalate"), 5, "already"),
        (("L1-SSH-ROOT-LOGIN", "--check", "ntp_sync", "--escalate"), 5, "already"),
        (("NEW", "--check", "ntp_sinc"), 3, "did you mean 'ntp_sync'?"),
        (("NEW", "--check", "ssh_root_login", "--runbook", "LIN-SSH-01"), 3, "did you mean 'LIN-S"),
        (("NEW", "--check", "ssh_root_login", "--runbook", "LIN-PERM-001"), 5, "does not heal"),
        (("NEW", "--check", "ssh_root_login", "--runbook", "LIN-SSH-001", "--escalate"), 2, "one"),
        (("NEW", "--check", "own_motd"), 5, "--escalate"),
        (("no spaces", "--check", "ntp_sync", "--escalate"), 2, "no spaces"),
        (("NEW", "--check", "ntp_sync", "--escalate", "--file", "../x.yaml"), 2, "../x.yaml"),
        (("NEW", "--check", "ntp_sync", "--escalate", "--file", "x.json"), 2, "x.json"),
    ],
)
def test_what_makes_no_rule_is_refused_and_writes_nothing(
    site: Site, words: tuple[str, ...], code: int, told: str
) -> None:
    said = site.rule("new", *words)

    assert (said.exit_code, told in said.stderr) == (code, True), said.stderr
    assert [path.name for path in site.rules.iterdir()] == ["own.yaml"]


def test_a_rule_of_the_site_is_changed_in_place(site: Site) -> None:
    said = site.rule("disable", "OWN", "--reason", "too noisy")

    assert said.exit_code == 0
    [note, enabled] = [line for line in site.text("own.yaml").splitlines() if line not in OWN]
    assert note.startswith("    # 20")
    assert note.endswith(": too noisy")
    assert enabled == "    enabled: false"
    assert site.in_force()["OWN"]["enabled"] is False

    assert site.rule("enable", "OWN").exit_code == 0
    assert site.in_force()["OWN"]["enabled"] is True
    assert site.rule("mode", "OWN", "approve").exit_code == 0
    assert site.in_force()["OWN"]["mode"] == "approve"
    kept = [line for line in site.text("own.yaml").splitlines() if line in OWN]
    assert kept == OWN.splitlines()


def test_a_shipped_rule_is_copied_whole_and_changed_in_the_copy(site: Site) -> None:
    path = shipped("rules") / "l1"
    before = {each: each.read_bytes() for each in path.iterdir()}
    stood = site.in_force()["L1-SSH-PASSWORD-AUTH"]

    assert site.rule("mode", "L1-SSH-PASSWORD-AUTH", "audit").exit_code == 0
    assert site.rule("disable", "L1-SSH-ROOT-LOGIN").exit_code == 0
    assert site.rule("mode", "L1-SSH-PASSWORD-AUTH", "auto").exit_code == 0

    assert site.in_force()["L1-SSH-PASSWORD-AUTH"] == {**stood, "mode": "auto"}
    assert site.in_force()["L1-SSH-ROOT-LOGIN"]["enabled"] is False
    assert "# Copied from the shipped l1/" in site.text("overrides.yaml")
    assert len(yaml.safe_load(site.text("overrides.yaml"))["rules"]) == 2
    assert {each: each.read_bytes() for each in path.iterdir()} == before


@pytest.mark.parametrize(
    "words",
    [
        ("new", "NEW", "--check", "ntp_sync", "--escalate"),
        ("disable", "OWN"),
        ("mode", "OWN", "auto", "--reason", "why"),
        ("mode", "L1-SSH-ROOT-LOGIN", "auto"),
    ],
)
def test_a_dry_run_shows_the_difference_and_writes_nothing(
    site: Site, words: tuple[str, ...]
) -> None:
    before = sorted(path for path in site.folder.rglob("*"))

    said = site.rule(*words, "--dry-run")

    assert said.exit_code == 10
    assert "\n+++ " in said.stdout
    assert sorted(path for path in site.folder.rglob("*")) == before
    assert site.text("own.yaml") == OWN


def test_what_is_so_already_is_no_change(site: Site) -> None:
    for words in (("enable", "OWN"), ("mode", "L1-SSH-PASSWORD-AUTH", "approve")):
        said = site.rule(*words, "--dry-run")
        assert said.exit_code == 0
        assert "already" in said.stdout


J = "id: J, conditions: [], match_all: true, action: escalate"
JSON = '[{"id": "J", "conditions": [], "match_all": true, "action": "x"}]'


@pytest.mark.parametrize(
    ("name", "text", "code", "told"),
    [
        ("own.json", JSON, 5, "own.json: rules in JSON"),
        ("bad.yaml", "- {id: J, conditions: []}", 5, "bad.yaml:1: rule J is set aside"),
        ("odd.yaml", f"- &m audit\n- {{{J}, mode: *m}}", 1, "odd.yaml:2: the value of mode is an"),
        ("other.yaml", "[]", 3, "no rule J"),
    ],
)
def test_a_rule_that_cannot_be_changed_is_told_why(
    site: Site, name: str, text: str, code: int, told: str
) -> None:
    (site.rules / name).write_text(text, encoding="utf-8")
    before = {path: path.read_bytes() for path in site.rules.iterdir()}

    said = site.rule("mode", "J", "auto")

    assert (said.exit_code, told in said.stderr) == (code, True), said.stderr
    assert {path: path.read_bytes() for path in site.rules.iterdir()} == before


def test_a_site_without_a_folder_is_told_to_name_one(tmp_path: Path) -> None:
    config = tmp_path / "site.yaml"
    config.write_text("site_id: s\n", encoding="utf-8")

    said = aright("--config", str(config), "rule", "disable", "L1-SSH-ROOT-LOGIN")
    assert (said.exit_code, "rules:" in said.stderr) == (5, True)

    config.write_text(f"rules: {tmp_path / 'none'}\n", encoding="utf-8")
    said = aright("--config", str(config), "rule", "disable", "L1-SSH-ROOT-LOGIN")
    assert (said.exit_code, "no folder" in said.stderr) == (1, True)


def test_the_file_keeps_its_mode_and_a_link_stays_one(site: Site) -> None:
    real = site.folder / "kept" / "own.yaml"
    real.parent.mkdir()
    (site.rules / "own.yaml").rename(real)
    (site.rules / "own.yaml").symlink_to(real)
    real.chmod(0o640)

    assert site.rule("disable", "OWN").exit_code == 0

    assert (site.rules / "own.yaml").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert real.stat().st_uid == os.getuid()
    assert "enabled: false" in real.read_text(encoding="utf-8")


def test_a_reason_of_two_lines_is_wrong_usage(site: Site) -> None:
    assert site.rule("disable", "OWN", "--reason", "one\ntwo").exit_code == 2


def test_the_rules_can_be_reloaded_at_once(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    (tmp_path / "rules" / "l1").mkdir(parents=True)
    appliance = Appliance(tmp_path, {"rules": str(tmp_path / "rules")})
    appliance.start()
    try:
        said = appliance.aright("rule", "disable", "L1-SSH-ROOT-LOGIN", "--reload")
        assert said.exit_code == 0, said.stderr
        assert "rules in force" in said.stdout
    finally:
        appliance.kill()
