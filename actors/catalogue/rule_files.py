"""Rule files: a list of rules, or a mapping with `rules:`, in YAML or JSON; or a folder of them.

What is read are raw rules with the place where each stands.  A file that cannot be read is an
error; a rule that is none is not: the rule set quarantines it.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import attrs
import yaml

from actors.catalogue.json_lines import entry_lines
from actors.catalogue.rules import UnreadableRule
from runtime.errors import InvalidFileError

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@attrs.frozen
class RulePlace:
    """Where a rule was written."""

    path: str
    line: int
    """From 1."""

    def __str__(self) -> str:
        """Spell it as editors do."""
        return f"{self.path}:{self.line}"


@attrs.frozen
class RawRules:
    """Raw rules in the order in which they were read, each with its place."""

    rules: tuple[object, ...]
    places: tuple[RulePlace, ...]
    """As many as `rules`: the position in a rule set leads to the place in a file."""


def read_rules(path: Path) -> RawRules:
    """Read a rule file, or a folder: its *.yaml, *.yml, *.json by sorted relative path.

    A file that is named itself is read as JSON if it ends in .json, and as YAML otherwise.

    Raises:
        InvalidFileError: a file or folder cannot be read, is no YAML or no JSON, or holds neither
            a list of rules nor a mapping with `rules:`; with the line where one is known.
    """
    files = _files_below(path) if path.is_dir() else [path]
    read = [each for file in files for each in _read_file(file)]
    return RawRules(tuple(rule for rule, _ in read), tuple(place for _, place in read))


def _files_below(folder: Path) -> list[Path]:
    def refuse(error: OSError) -> None:
        raise InvalidFileError(str(error.filename), f"cannot be read: {error.strerror}") from error

    found = [
        Path(parent, name)
        for parent, _, names in os.walk(folder, onerror=refuse)
        for name in names
        if Path(name).suffix in _SUFFIXES
    ]
    return sorted(found, key=lambda file: file.relative_to(folder).as_posix())


def _read_file(path: Path) -> Iterator[tuple[object, RulePlace]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidFileError(str(path), "cannot be read: it is no UTF-8") from error
    except OSError as error:
        raise InvalidFileError(str(path), f"cannot be read: {error.strerror}") from error
    return _from_json(text, str(path)) if path.suffix == ".json" else _from_yaml(text, str(path))


def _from_json(text: str, path: str) -> Iterator[tuple[object, RulePlace]]:
    try:
        data = cast("object", json.loads(text))
    except json.JSONDecodeError as error:
        raise InvalidFileError(path, f"is no JSON: {error.msg}", line=error.lineno) from error
    except (ValueError, RecursionError) as error:  # an integer too long, a nesting too deep
        raise InvalidFileError(path, f"is no JSON that can be read: {error}") from error
    if isinstance(data, dict):
        data = cast("dict[str, object]", data).get("rules")
    if not isinstance(data, list):
        raise InvalidFileError(path, _NEITHER, line=1)
    for rule, line in zip(cast("list[object]", data), entry_lines(text, "rules"), strict=True):
        yield rule, RulePlace(path, line)


def _from_yaml(text: str, path: str) -> Iterator[tuple[object, RulePlace]]:
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        for node in cast("list[yaml.Node]", rules_node(root, path).value):
            yield _constructed(loader, node), RulePlace(path, node.start_mark.line + 1)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise InvalidFileError(path, f"is no YAML: {error.problem}", line=line) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidFileError(path, f"is no YAML: {error}") from error
    finally:
        loader.dispose()


def rules_node(root: yaml.Node | None, path: str) -> yaml.SequenceNode:
    """Find the list of rules in a document; raises InvalidFileError where it holds none."""
    if isinstance(root, yaml.MappingNode):
        pairs = cast("list[tuple[yaml.Node, yaml.Node]]", root.value)
        root = next((value for key, value in pairs if key.value == "rules"), root)
    if not isinstance(root, yaml.SequenceNode):
        line = 1 if root is None else root.start_mark.line + 1
        raise InvalidFileError(path, _NEITHER, line=line)
    return root


def _constructed(loader: yaml.SafeLoader, node: yaml.Node) -> object:
    # One by one, so that a value that cannot be made costs its own rule and no other.
    try:
        return cast("object", loader.construct_document(node))  # pyright: ignore[reportUnknownMemberType]
    except (yaml.constructor.ConstructorError, ValueError, OverflowError) as error:
        return UnreadableRule(str(error))


_NEITHER = "holds neither a list of rules nor a mapping with rules:"
