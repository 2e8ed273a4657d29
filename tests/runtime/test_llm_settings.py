"""The planner's settings: mistakes are named with their line, and addresses are whole."""

from pathlib import Path

import pytest

from runtime.errors import InvalidFileError
from runtime.llm_settings import LlmProvider
from runtime.settings import load


def provider(text: str, tmp_path: Path) -> LlmProvider:
    config = tmp_path / "c.yaml"
    config.write_text(f"llm:\n  providers:\n    - {text}\n")
    [told] = load(config, {}, {}).settings.llm.providers
    return told


@pytest.mark.parametrize(
    ("text", "endpoint", "key"),
    [
        (
            "{kind: openai}",
            "https://api.openai.com/v1/chat/completions",
            "env:OPENAI_API_KEY",
        ),
        (
            "{kind: azure, url: 'https://clinic.openai.azure.com', deployment: plans}",
            (
                "https://clinic.openai.azure.com/openai/deployments/plans/chat/completions"
                "?api-version=2024-10-21"
            ),
            "env:AZURE_OPENAI_API_KEY",
        ),
        (
            "{kind: openai_compatible, url: 'http://10.0.0.9:8000/v1/', model: qwen}",
            "http://10.0.0.9:8000/v1/chat/completions",
            None,
        ),
        (
            "{kind: anthropic, model: claude-haiku-4-5, key: 'file:/etc/aright/key'}",
            "https://api.anthropic.com/v1/messages",
            "file:/etc/aright/key",
        ),
        (
            "{kind: ollama, model: 'llama3.1:8b'}",
            "http://127.0.0.1:11434/api/chat",
            None,
        ),
    ],
)
def test_a_provider_says_where_it_is_asked_and_where_its_key_stands(
    text: str, endpoint: str, key: str | None, tmp_path: Path
) -> None:
    told = provider(text, tmp_path)

    assert (told.endpoint, told.key_place) == (endpoint, key)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("providers:\n    - kind: opnai", 3, "openai_compatible"),
        ("providers:\n    - {kind: azure, url: 'https://x.example'}", 3, "deployment"),
        ("providers:\n    - {kind: openai_compatible, model: m}", 3, "url"),
        ("providers:\n    - kind: openai\n      key: sk-123", 4, "key"),
        ("providers:\n    - {kind: openai, url: 'http://api.example/v1'}", 3, "https"),
        ("providers:\n    - {kind: openai, url: 'https://u:p@api.example/v1'}", 3, "user"),
        ("providers:\n    - {kind: openai}\n    - {kind: openai}", 2, "twice"),
        ("budget:\n    dollars_per_day: -1", 3, "dollars_per_day"),
        ("budget:\n    dollars_a_day: 1", 3, "dollars_per_day"),
        ("mode: automatic", 2, "mode"),
        ("timeout: 0", 2, "timeout"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, line: int, says: str, tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(f"llm:\n  {text}\n")

    with pytest.raises(InvalidFileError) as raised:
        load(config, {}, {})

    assert raised.value.line == line
    assert says in str(raised.value)
    assert "u:p@" not in str(raised.value)


def test_a_key_may_go_to_this_machine_without_encryption(tmp_path: Path) -> None:
    told = provider("{kind: openai, url: 'http://127.0.0.1:9/v1'}", tmp_path)

    assert told.key_place == "env:OPENAI_API_KEY"


def test_the_usual_variable_names_the_model_of_every_provider_that_names_none() -> None:
    environment = {"MSP_LLM__PROVIDERS": "[{kind: anthropic}]", "LLM_MODEL": "claude-opus-5-5"}

    llm = load(None, environment, {}).settings.llm

    assert llm.model_of(llm.providers[0]) == "claude-opus-5-5"


@pytest.mark.parametrize(
    ("kind", "model"), [("openai", "gpt-4o"), ("anthropic", "claude-haiku-4-5")]
)
def test_each_kind_has_a_model_of_its_own_while_none_is_named(kind: str, model: str) -> None:
    llm = load(None, {"MSP_LLM__PROVIDERS": f"[{{kind: {kind}}}]"}, {}).settings.llm

    assert llm.model_of(llm.providers[0]) == model


def test_without_a_provider_there_is_none() -> None:
    assert load(None, {"OPENAI_API_KEY": "sk"}, {}).settings.llm.providers == []
