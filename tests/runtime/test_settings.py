"""The settings: layers, names from the environment, and what a mistake is told."""

from pathlib import Path

import pytest

from runtime.errors import InvalidFileError
from runtime.settings import Mode, load, shipped

WINDOW = 'name: n\n    days: [mon]\n    start: "22:00"\n    end: "04:00"'
MAIL = "{name: m, kind: email, host: mx.example.org, sender: a@example.org, to: [b@example.org]"
PAGER = "{name: p, kind: pagerduty, routing_key: env:KEY"
CHAT = "{name: c, kind: slack, token: env:TOKEN, channel: C1"
POST = "{name: g, kind: sendgrid, key: env:KEY, sender: a@example.org, to: [b@example.org]"
HOOK = "url: https://hooks.example.org/\n  secret: env:SECRET"


def test_defaults_need_no_file() -> None:
    settings = load(None, {}, {}).settings

    assert settings.role == "appliance"
    assert settings.mode is Mode.AUDIT
    assert settings.poll_interval == 60


@pytest.mark.parametrize("role", ["appliance", "central"])
def test_the_shipped_config_files_are_valid(role: str) -> None:
    assert load(shipped("config") / f"{role}.yaml", {}, {}).settings.role == role


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("MSP_SITE_ID", "clinic-7", "site_id", "clinic-7"),
        ("MSP_SITE_ID", "0042", "site_id", "0042"),
        ("MSP_POLL_INTERVAL", "120", "poll_interval", 120.0),
        ("MSP_DRY_RUN", "true", "dry_run", True),
        ("DATABASE_URL", "postgresql://db/aright", "database_url", "postgresql://db/aright"),
        ("REDIS_HOST", "127.0.0.1", "redis_host", "127.0.0.1"),
    ],
)
def test_the_environment_sets_a_key(name: str, text: str, key: str, value: object) -> None:
    loaded = load(None, {name: text}, {})

    assert getattr(loaded.settings, key) == value
    assert loaded.origins[key] == f"environment {name}"


def test_the_central_server_is_named_by_mcp_url() -> None:
    settings = load(None, {"MSP_MCP_URL": "https://central.example.org"}, {}).settings

    assert str(settings.mcp_url) == "https://central.example.org/"


def test_the_models_name_and_timeout_come_from_their_usual_variables() -> None:
    settings = load(None, {"LLM_MODEL": "some-model", "LLM_TIMEOUT": "12"}, {}).settings

    assert (settings.llm.model, settings.llm.timeout) == ("some-model", 12)


def test_two_underscores_reach_into_a_section() -> None:
    assert load(None, {"MSP_LISTEN__PORT": "0"}, {}).settings.listen.port == 0


def test_flags_win_over_the_environment_and_the_environment_over_the_file(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("site_id: from-file\nlog_level: debug\npoll_interval: 5\n")
    environment = {"MSP_SITE_ID": "from-environment", "MSP_POLL_INTERVAL": "6"}

    loaded = load(config, environment, {"site_id": "from-flag", "state_dir": None})

    assert loaded.settings.site_id == "from-flag"
    assert loaded.settings.poll_interval == 6
    assert loaded.settings.log_level == "debug"
    assert loaded.origins == {
        "site_id": "--site-id",
        "poll_interval": "environment MSP_POLL_INTERVAL",
        "log_level": f"{config}:2",
    }


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("site_id: a\nlisten:\n  prot: 1\n", 3, "did you mean 'port'"),
        ("mode: sometimes\n", 1, "'audit', 'approve' or 'auto'"),
        ("\n\npoll_interval: 0\n", 3, "greater than 0"),
        ("site_id: a\nsite_id: b\n", 2, "twice"),
        ("targets:\n- host: x\n- host: x\n", 1, "name x twice"),
        ("targets: [\n", 2, "is no YAML"),
        ("mode: auto\nsite_id: 2024-13-45\n", 2, "month must be in 1..12"),
        ("targets:\n- &a\n  host: x\n  services: *a\n", 2, "names what it stands in"),
        ("mode: auto\nsite_id: !!int ''\n", 2, "is no YAML: a value that is none"),
        (f"listen:\n  names: {'[' * 900}{']' * 900}\n", 2, "more than 64 levels deep"),
        ('mode: auto\nstate_dir: "a\\0b"\n', 2, "a character that no path has"),
        ("mode: auto\nstate_dir: ''\n", 2, "state_dir: is empty; leave it out"),
        ('targets:\n- host: x\n  root: "/\\0"\n', 3, "a character that no path has"),
        (
            'channels:\n- {name: a, kind: pagerduty, routing_key: "file:/\\0"}\n',
            2,
            "env:NAME or file:PATH",
        ),
        ("targets:\n- host: x\n- host: 'a\tb'\n", 3, "cannot be shown"),
        ("retention:\n  days: 1000000000\n", 2, "less than or equal"),
        ("flap:\n  window: .inf\n", 2, "less than or equal"),
        (f"gate:\n  windows:\n  - {WINDOW}\n    zone: Europe/Berln\n", 7, "'Europe/Berlin'"),
        (f"gate:\n  windows:\n  - {WINDOW}\n    zone: ../../etc/passwd\n", 7, "no IANA time"),
        (f"channels:\n- name: log\n  {HOOK}\n", 1, "name log twice"),
        ("channels:\n- name: a\n  kind: slack\n  webhok: env:X\n", 4, "did you mean 'webhook'"),
        ("channels:\n- {name: a, kind: pigeon}\n", 2, "kind should be one of webhook, slack"),
        ("channels:\n- {name: a, kind: pagerduty}\n", 2, "routing_key: is missing"),
        ("channels:\n- {name: a, kind: teams, webhook: x}\n", 2, "channels.0.webhook: string"),
        ("channels:\n- {name: a, kind: slack}\n", 2, "channels.0: needs either webhook or token"),
        (f"channels:\n- {MAIL}, tls: none}}\n", 2, "tls: none is for a loopback address"),
        (f"channels:\n- {MAIL}, user: ada}}\n", 2, "user and password go together"),
        (f"channels:\n- {PAGER}, url: 'http://e.org/'}}\n", 2, "a key leaves by https only"),
        (f"channels:\n- {CHAT}, api_url: 'http://e.org/'}}\n", 2, "a key leaves by https only"),
        (f"channels:\n- {POST}, url: 'http://127.0.0.1.e.org/'}}\n", 2, "leaves by https only"),
        ("routing:\n- channels: [pager]\n", 1, "routing names pager, which is no channel"),
        ("routing:\n- channels: []\n", 2, "what is critical must reach somebody"),
        ("routing:\n- channels: [log]\n", 2, "what is critical must reach somebody"),
        ("sla:\n  low: {response: 9, resolution: 3}\n", 2, "resolution comes before response"),
        ('quiet_hours:\n  zone: Europe/Berln\n  start: "22:00"\n  end: "7:00"\n', 2, "Berlin"),
        (f"channels:\n- name: a\n  {HOOK}\n- name: a\n  {HOOK}\n", 1, "name a twice"),
        ("listen:\n  host: ä.example\n", 2, "listen.host: string should match pattern"),
        ('listen:\n  host: "a\\0"\n', 2, "listen.host: string should match pattern"),
        ("listen:\n  host: 0.0.0.0\n  insecure_loopback: true\n", 1, "loopback address only"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(text)

    with pytest.raises(InvalidFileError) as caught:
        load(config, {}, {})

    assert says in str(caught.value)
    assert caught.value.line == line


UPDATE = {
    "version": "2.2.0",
    "url": "https://updates.example/agent.msi",
    "sha256": "ab" * 32,
    "platforms": "[windows]",
}


def update_with(folder: Path, **changed: str) -> Path:
    config = folder / "c.yaml"
    lines = [f"    {key}: {value}\n" for key, value in {**UPDATE, **changed}.items()]
    config.write_text("".join(["listen:\n", "  agent_update:\n", *lines]))
    return config


def test_an_update_of_agents_may_be_offered(tmp_path: Path) -> None:
    offer = load(update_with(tmp_path), {}, {}).settings.listen.agent_update

    assert offer is not None
    assert (offer.version, offer.platforms) == ("2.2.0", ["windows"])


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("version", "the latest", "version"),
        ("url", "http://updates.example/agent.msi", "by https only"),
        ("sha256", "abab", "sha256"),
        ("platforms", "[beos]", "platforms"),
        ("platforms", "[]", "platforms"),
    ],
)
def test_an_update_that_nobody_could_check_is_not_offered(
    tmp_path: Path, key: str, value: str, says: str
) -> None:
    with pytest.raises(InvalidFileError, match=says):
        load(update_with(tmp_path, **{key: value}), {}, {})


def test_a_mistake_in_the_environment_names_the_variable() -> None:
    with pytest.raises(InvalidFileError, match=r"environment MSP_SITE: .* did you mean 'site_id'"):
        load(None, {"MSP_SITE": "x"}, {})
    with pytest.raises(InvalidFileError, match="environment MSP_MODE"):
        load(None, {"MSP_MODE": "never"}, {})


def test_a_variable_of_bytes_that_are_no_text_is_told() -> None:
    with pytest.raises(InvalidFileError, match="environment MSP_SITE_ID: is no UTF-8"):
        load(None, {"MSP_SITE_ID": "\udcff"}, {})


def test_a_file_of_aliases_of_aliases_is_told_and_not_unfolded(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    nested = [
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 20)
    ]
    config.write_text("\n".join(["a0: &a0 [x, x]", *nested]))

    with pytest.raises(InvalidFileError, match="says more than 200000 values"):
        load(config, {}, {})


def test_an_empty_file_sets_nothing(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("# nothing\n")

    assert load(config, {}, {}).origins == {}


ANY = ["", "0.0.0.0", "::"]  # noqa: S104  nothing is bound


@pytest.mark.parametrize(
    "text",
    [
        "channels:\n- {name: a, kind: pagerduty, routing_key: hunter2}\n",
        "channels:\n- {name: a, kind: slack, token: hunter2, channel: c}\n",
        "channels:\n- {name: a, kind: teams, webhook: 'https://x.example/hunter2'}\n",
        "channels:\n- {name: a, kind: sendgrid, key: hunter2, sender: a@b.c, to: [a@b.c]}\n",
        "llm:\n  providers:\n  - {kind: openai, key: hunter2}\n",
    ],
)
def test_a_secret_in_the_place_of_its_name_is_not_repeated(tmp_path: Path, text: str) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(text)

    with pytest.raises(InvalidFileError, match="env:NAME or file:PATH") as caught:
        load(config, {}, {})

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("host", [*ANY, "::1", "localhost", "fe80::1%eth0", "a-b.c"])
def test_any_address_of_this_machine_may_be_listened_on(host: str) -> None:
    flags = {"listen.host": host, "listen.names": ["appliance"]}
    assert load(None, {}, flags).settings.listen.host == host


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidFileError, match="No such file"):
        load(tmp_path / "none.yaml", {}, {})


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ("calendars: []", "at least 1 item"),
        ("quorum: 5", "quorum is larger than the number of calendars"),
        ("interval: 60", "greater than or equal to 3600"),
        ("calendars: [ftp://a.example]\n  quorum: 1", "is no web address"),
        ("calendars: [http://a.example]\n  quorum: 1", "is not https"),
        ('calendars: ["https://u@a.example"]\n  quorum: 1', "holds a user"),
        ('allowed: ["https://a.example?x=1"]', "a query"),
        ("esplora: [https://a.example]", "two servers or more"),
        ("esplora: [https://a.example/1, https://a.example/2]", "each of another host"),
        ("calendars: ['https://a.example:99999', https://b.example]", "is no web address"),
        ("calendars: ['https://a.example:port', https://b.example]", "is no web address"),
        ("calendars: [https://a..example, https://b.example]", "is no web address"),
        ('calendars: ["https://a.example/\\n", https://b.example]', "is no web address"),
        ("calendars: [https://a.example, 'https://b b.example']", "is no web address"),
        ("allowed: ['https://a.example/\u00fc']", "is no web address"),
        (f"allowed: [https://{'a' * 64}.example]", "is no web address"),
    ],
)
def test_anchoring_that_could_not_work_is_said(told: str, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"anchor:\n  enabled: true\n  {told}\n", encoding="utf-8")

    with pytest.raises(InvalidFileError, match=problem):
        load(file, {}, {})


def test_nothing_is_anchored_that_nobody_switched_on(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("anchor:\n  esplora: []\n  calendars: [http://127.0.0.1:9/]\n  quorum: 1\n")

    anchor = load(file, {}, {}).settings.anchor

    assert not anchor.enabled
    assert anchor.calendars == ["http://127.0.0.1:9"]
