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
    for path in filter(_is_pipe, found):
        raise InvalidFileError(str(path), "is no file, but a pipe: whoever reads it waits")
    return sorted(found, key=lambda file: file.relative_to(folder).as_posix())


def _is_pipe(path: Path) -> bool:
    try:
        return path.is_fifo()
    except OSError:  # what hinders is told when it is read
        return False


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
        data = cast("object", json.loads(text, object_pairs_hook=_object))
    except json.JSONDecodeError as error:
        raise InvalidFileError(path, f"is no JSON: {error.msg}", line=error.lineno) from error
    except (ValueError, RecursionError) as error:  # an integer too long, a nesting too deep
        raise InvalidFileError(path, f"is no JSON that can be read: {error}") from error
    if isinstance(data, dict):
        data = cast("dict[str, object]", data).get("rules")
    if not isinstance(data, list):
        raise InvalidFileError(path, _NEITHER, line=1)
    for rule, line in zip(cast("list[object]", data), entry_lines(text, "rules"), strict=True):
        twice = _key_said_twice(rule)
        yield rule if twice is None else UnreadableRule(_twice(twice)), RulePlace(path, line)


class _SaidTwice(dict[str, object]):
    """An object of a JSON text that says a key twice: it is anybody's guess what was meant."""

    key: str


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    names = [name for name, _ in pairs]
    twice = _SaidTwice(made)
    twice.key = next(name for name in names if names.count(name) > 1)
    return twice


def _key_said_twice(value: object) -> str | None:
    """Find a key that an object within `value` says twice, None where there is none."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, _SaidTwice):
            return item.key
        if isinstance(item, dict):
            waiting.extend(cast("dict[str, object]", item).values())
        elif isinstance(item, list):
            waiting.extend(cast("list[object]", item))
    return None


def _twice(key: str) -> str:
    return f"says {key!r} twice"


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
        named = [(key, value) for key, value in pairs if key.value == "rules"]
        for again, _ in named[1:]:
            raise InvalidFileError(path, _twice("rules"), line=again.start_mark.line + 1)
        root = named[0][1] if named else root
    if not isinstance(root, yaml.SequenceNode):
        line = 1 if root is None else root.start_mark.line + 1
        raise InvalidFileError(path, _NEITHER, line=line)
    return root


def _constructed(loader: yaml.SafeLoader, node: yaml.Node) -> object:
    # One by one, so that a value that cannot be made costs its own rule and no other.
    twice = _said_twice(node)
    if twice is not None:
        return UnreadableRule(f"{_twice(str(twice.value))}, in line {twice.start_mark.line + 1}")
    try:
        return cast("object", loader.construct_document(node))  # pyright: ignore[reportUnknownMemberType]
    except (yaml.constructor.ConstructorError, ValueError, OverflowError) as error:
        return UnreadableRule(str(error))


def _said_twice(rule: yaml.Node) -> yaml.Node | None:
    """Find a key that a mapping within a rule says twice, None where there is none."""
    # An alias leads to the same node again, which is looked at once.
    waiting, looked_at = [rule], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in looked_at:
            continue
        looked_at.add(id(node))
        if isinstance(node, yaml.MappingNode):
            seen: set[tuple[str, str]] = set()
            for key, value in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
                if isinstance(key, yaml.ScalarNode):
                    name = (key.tag, str(key.value))
                    if name in seen:
                        return key
                    seen.add(name)
                waiting.append(value)
        elif isinstance(node, yaml.SequenceNode):
            waiting.extend(cast("list[yaml.Node]", node.value))
    return None


_NEITHER = "holds neither a list of rules nor a mapping with rules:"
