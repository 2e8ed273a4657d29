"""The documents name everything that there is to set and to say."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import click
import pytest

from runtime.cli.main import COMMANDS, main

ROOT = Path(__file__).parents[2]
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

Node = Mapping[str, object]


def keys_of_the_schema() -> Iterator[str]:
    """Spell each key as the document does: a.b, a[].b for lists, a.<name>.b for mappings."""
    printed = subprocess.run(
        [sys.executable, "-m", "runtime", "config", "schema"],
        capture_output=True,
        check=True,
        cwd=ROOT,
        text=True,
    )
    schema = cast("Node", json.loads(printed.stdout))
    yield from _leaves(schema, schema, "")


def _leaves(node: Node, schema: Node, where: str) -> Iterator[str]:
    for name, inner in _mapping(node.get("properties")).items():
        key = f"{where}.{name}" if where else name
        below = list(_below(_mapping(inner), schema, key))
        yield from below or [key]


def _below(node: Node, schema: Node, key: str) -> Iterator[str]:
    resolved = _resolved(node, schema)
    yield from _leaves(resolved, schema, key)
    items = _mapping(resolved.get("items"))
    for kind in cast("list[object]", items.get("oneOf", [items])):
        yield from _leaves(_resolved(_mapping(kind), schema), schema, f"{key}[]")
    named = _mapping(resolved.get("additionalProperties") or {})
    yield from _leaves(_resolved(named, schema), schema, f"{key}.<name>")


def _resolved(node: Node, schema: Node) -> Node:
    """Follow a reference, also one that stands beside a default or a null."""
    named = [node, *map(_mapping, cast("list[object]", node.get("anyOf", node.get("allOf", []))))]
    for each in named:
        reference = each.get("$ref")
        if isinstance(reference, str):
            definitions = _mapping(schema["$defs"])
            return _mapping(definitions[reference.rpartition("/")[2]])
    return node


def _mapping(value: object) -> Node:
    return cast("Node", value) if isinstance(value, dict) else {}


def commands() -> Iterator[str]:
    for noun in COMMANDS:
        context = click.Context(main)
        command = main.get_command(context, noun)
        if isinstance(command, click.Group):
            yield from (f"aright {noun} {verb}" for verb in command.list_commands(context))
        else:
            yield f"aright {noun}"


@pytest.mark.parametrize("key", sorted(set(keys_of_the_schema())))
def test_every_key_of_the_settings_is_in_the_configuration_document(key: str) -> None:
    assert f"| `{key}` |" in CONFIGURATION


def test_the_configuration_document_tells_of_no_key_that_is_not_there() -> None:
    told = set(re.findall(r"(?m)^\| `([a-z][^`]*)` \|", CONFIGURATION))
    known = list(keys_of_the_schema())
    assert [key for key in told if not any(each.startswith(key) for each in known)] == []


@pytest.mark.parametrize("command", sorted(commands()))
def test_every_command_has_its_section_in_the_operations_document(command: str) -> None:
    assert f"### {command}\n" in OPERATIONS


def test_the_documents_tell_of_no_command_that_is_not_there() -> None:
    told = {line.removeprefix("### ") for line in OPERATIONS.splitlines() if "### aright" in line}
    assert told <= set(commands())


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/*.md")))
def test_every_link_between_the_documents_leads_to_a_file(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = [part.partition(")")[0] for part in text.split("](")[1:]]
    local = [target.partition("#")[0] for target in targets if "://" not in target]
    assert [name for name in local if name and not (page.parent / name).exists()] == []
