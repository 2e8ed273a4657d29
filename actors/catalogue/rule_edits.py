"""Changes to the text of a rule file in which nothing else moves: no comment, no order, no blank.

Each change is checked before it is given: the new text, read again, must say what the old one said
and the change, and no more.  Text that cannot be changed so is refused, for a person to do it.
"""

from collections.abc import Callable
from typing import TypeAlias, cast

import yaml

from actors.catalogue.rule_files import rules_node
from runtime.errors import ArightError

_STEP = "  "
"""How far a list stands in from its key."""
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Pair: TypeAlias = tuple[yaml.Node, yaml.Node]


class UneditableError(ArightError):
    """A rule file is written in a way in which a program cannot change it safely."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem}: change it by hand")
        self.problem = problem


def with_key(text: str, index: int, key: str, value: str | bool, note: str = "") -> str:
    """Give the text with a key of a rule set to a word, and a comment line over it for `note`.

    `index` counts the rules of the file from 0.

    Raises:
        UneditableError: the value is an alias, or the text cannot be changed for another reason.
    """
    rule = _rule(text, index)
    word = str(value).lower()
    found = [pair for pair in _pairs(rule) if pair[0].value == key]
    if found:
        name, old = found[-1]
        start, end = old.start_mark.index, old.end_mark.index
        if start < name.end_mark.index:
            raise UneditableError(f"the value of {key} is an alias")
        # A key without a value ends at its colon.
        changed = text[:start] + (f" {word}" if start == end else word) + text[end:]
        noted = rule.start_mark.index if rule.flow_style else name.start_mark.index
    else:
        changed, noted = _with_new_key(text, rule, f"{key}: {word}")
    if note:
        changed = _with_comment(changed, noted, note)

    def set_key(rules: list[object]) -> None:
        cast("dict[str, object]", rules[index])[key] = value

    return _checked(text, changed, set_key)


def _with_new_key(text: str, rule: yaml.MappingNode, line: str) -> tuple[str, int]:
    """Add a key after that of the id; give also where a comment on it belongs."""
    name, value = next(pair for pair in _pairs(rule) if pair[0].value == "id")
    end = value.end_mark.index
    if rule.flow_style:
        return f"{text[:end]}, {line}{text[end:]}", rule.start_mark.index
    end = _end_of_line(text, end)
    added = f"{_newline(text)}{' ' * name.start_mark.column}{line}"
    return text[:end] + added + text[end:], end + len(added)


def _with_comment(text: str, index: int, note: str) -> str:
    """Add a comment line above the line on which a position lies."""
    begin = text.rfind("\n", 0, index) + 1
    line = text[begin : _end_of_line(text, begin)]
    margin = line[: len(line) - len(line.lstrip(" "))]
    return f"{text[:begin]}{margin}# {note}{_newline(text)}{text[begin:]}"


def rule_text(text: str, index: int) -> str:
    """Give a rule as it is written, moved to the margin, with the comments right above it."""
    rule = _rule(text, index)
    begin = text.rfind("\n", 0, rule.start_mark.index) + 1
    above: list[str] = []
    for line in reversed(text[:begin].split("\n")[:-1]):
        if not line.lstrip(" ").startswith("#"):
            break
        above.insert(0, line.lstrip(" "))
    first, *rest = text[rule.start_mark.index : _end_of_line(text, _end(text, rule))].split("\n")
    margin = " " * rule.start_mark.column
    moved = [line.removeprefix(margin) for line in rest]
    return "\n".join([*above, first, *moved])


def with_rule(text: str, rule: str) -> str:
    """Give the text with a rule after its last one; of an empty text, a file with that rule alone.

    `rule` is a mapping in YAML that begins at the margin; comments may stand above it.

    Raises:
        UneditableError: the rules stand in brackets, or the text cannot be changed for another
            reason.
    """
    newline = _newline(text)
    base = text if text.strip() else f"{text}rules: []{newline}"
    rules = _rules(base)
    if rules.value:
        if rules.flow_style:
            raise UneditableError("the rules stand in brackets")
        end, margin = _end_of_line(base, _end(base, rules)), " " * rules.start_mark.column
        gap = newline * 2
        head, rest = base[:end], base[end:]
    else:  # empty brackets give way
        head, rest = base[: rules.start_mark.index].rstrip(" "), base[rules.end_mark.index :]
        gap, margin = newline, _STEP
    changed = head + gap + newline.join(_item(rule, margin)) + (rest or newline)
    made = cast("object", yaml.load(f"{rule}\n", _Loader))  # noqa: S506  the safe one
    return _checked(base, changed, lambda rules: rules.append(made))


def _item(rule: str, margin: str) -> list[str]:
    lines, dash = list[str](), "- "
    for line in rule.split("\n"):
        if dash == "- " and line.startswith("#"):
            lines.append(margin + line)
        else:
            lines.append(f"{margin}{dash}{line}".rstrip())
            dash = "  "
    return lines


def _checked(before: str, after: str, change: Callable[[list[object]], None]) -> str:
    """Give `after` where it says what `before` says with `change` done to its rules."""
    try:
        wanted, got = (
            cast("object", yaml.load(text, _Loader))  # noqa: S506  the safe one
            for text in (before, after)
        )
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise UneditableError("the file holds what cannot be read") from error
    change(_list_in(wanted))
    if got != wanted:
        raise UneditableError("the file would then say something else")
    return after


def _list_in(data: object) -> list[object]:
    rules = cast("dict[str, object]", data)["rules"] if isinstance(data, dict) else data
    return cast("list[object]", rules)


def _rules(text: str) -> yaml.SequenceNode:
    # The parser in Python counts positions in the text; the one in C counts them without a BOM.
    return rules_node(yaml.compose(text, yaml.SafeLoader), "the rules")


def _rule(text: str, index: int) -> yaml.MappingNode:
    rule = cast("list[yaml.Node]", _rules(text).value)[index]
    if not isinstance(rule, yaml.MappingNode):
        raise UneditableError("it is no mapping")
    return rule


def _pairs(rule: yaml.MappingNode) -> list[Pair]:
    return cast("list[Pair]", rule.value)


def _end(text: str, node: yaml.Node) -> int:
    """Give where the last word within a node ends; the end of a block lies beyond its blanks."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = cast("yaml.Node | Pair", node.value[-1])
        node = last[1] if isinstance(last, tuple) else last
    return len(text[: node.end_mark.index].rstrip())


def _end_of_line(text: str, index: int) -> int:
    end = text.find("\n", index)
    if end < 0:
        return len(text)
    return end - 1 if text[end - 1] == "\r" else end


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
